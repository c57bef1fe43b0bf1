"""Pulumi runs this file as the program (`main: infra` in Pulumi.yaml)."""

import gc

gc.disable()  # A program of seconds that imports much: collecting costs a tenth of its time.

from pathlib import Path  # noqa: E402 -- the collector goes off before any import

import pulumi  # noqa: E402 -- imported while the collector is off

import infra  # noqa: E402 -- only its path is used, for the check below
from infra.program import main  # noqa: E402 -- imports most; the collector is off


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
