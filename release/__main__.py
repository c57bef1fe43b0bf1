"""`python -m release`, in the folder of the Pulumi project."""

import os
import sys
from pathlib import Path

from release.assembly import Assembly
from release.cli import main

if __name__ == "__main__":
    sys.exit(main(Assembly(Path.cwd(), dict(os.environ)).site))
