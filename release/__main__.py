"""`release`, in the folder of the Pulumi project."""

import gc

gc.disable()  # Collecting costs a tenth of the imports' time, and at night someone waits for them.

import os  # noqa: E402 -- below `gc.disable()`, see above
import sys  # noqa: E402 -- below `gc.disable()`, see above
from pathlib import Path  # noqa: E402 -- below `gc.disable()`, see above

from release.assembly import Assembly  # noqa: E402 -- below `gc.disable()`, see above
from release.cli.main import main  # noqa: E402 -- below `gc.disable()`, see above


def start() -> int:
    """Run the command line of this process, in this folder: the command `release`."""
    gc.freeze()
    gc.enable()
    return main(Assembly(Path.cwd(), dict(os.environ)).session)


if __name__ == "__main__":
    sys.exit(start())
