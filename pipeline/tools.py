"""Runs the commands of others."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_TAIL = 4_000


class ToolError(RuntimeError):
    """A command that had to work did not; the text is its own."""


def run(
    *words: str,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    folder: Path = ROOT,
) -> str:
    """Run a command to its end and return what it printed.

    Raises:
        ToolError: it failed, or is not there.
    """
    try:
        done = subprocess.run(  # noqa: S603 -- the words are this package's own
            words,
            cwd=folder,
            env={**os.environ, **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise ToolError(f"{words[0]} not found on PATH") from error
    if done.returncode:
        output = (done.stdout + done.stderr).strip()[-_TAIL:]
        raise ToolError(f"`{' '.join(words[:3])} …` ended with {done.returncode}:\n{output}")
    return done.stdout
