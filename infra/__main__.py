"""Pulumi runs this file as the program (`main: infra` in Pulumi.yaml)."""

import gc

gc.disable()  # A program of seconds that imports much: collecting costs a tenth of its time.

from pathlib import Path  # noqa: E402 -- after the line above, which is for the imports

import pulumi  # noqa: E402 -- likewise

import infra  # noqa: E402 -- likewise
from infra.program import main  # noqa: E402 -- likewise


def _require_own_packages(program: Path, imported: Path) -> None:
    """Refuse a .venv that another checkout has installed itself into: its source would be built."""
    if program != imported:
        raise pulumi.RunError(
            f"this checkout is {program.parent}, but its .venv imports {imported.parent}: an `up` "
            "would build and deploy the source of the other one. Remove .venv here, then "
            "`make .venv/.ready` gives this checkout its own"
        )


_require_own_packages(Path(__file__).resolve().parent, Path(infra.__file__).resolve().parent)
pulumi.run(main)
