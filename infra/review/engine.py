"""Runs `pulumi preview` and hands its words to the pure part."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from infra.review.preview import NotAPreviewError, Preview, parse

_COMMAND = ("pulumi", "preview", "--non-interactive", "--json", "--show-sames", "--stack")
_TAIL = 4_000


class EngineError(RuntimeError):
    """A command that had to work did not; the text is its own."""


def preview(stack: str, folder: Path, env: Mapping[str, str], *, refresh: bool = False) -> Preview:
    """Ask the engine what an `up` would do. What it refuses is an answer, too.

    Args:
        stack: the stack's name.
        folder: where the project is.
        env: the environment of the command.
        refresh: ask the cluster what it has before.
    """
    words = [*_COMMAND, stack, *(["--refresh"] if refresh else [])]
    done = spawn(words, folder, env)
    try:
        planned = parse(done.stdout)
    except NotAPreviewError as error:
        why = done.stderr.strip()[-_TAIL:] or done.stdout.strip()[-_TAIL:] or str(error)
        return Preview(errors=[why])
    if done.returncode and not planned.errors:
        return Preview(errors=[done.stderr.strip()[-_TAIL:] or f"exit code {done.returncode}"])
    return planned


def run(folder: Path, env: Mapping[str, str], *words: str) -> None:
    """Run a command that must succeed, silently.

    Raises:
        EngineError: it did not, with what it said.
    """
    done = spawn(words, folder, env)
    if done.returncode:
        output = (done.stdout + done.stderr).strip()[-_TAIL:]
        raise EngineError(f"`{' '.join(words[:3])} …` ended with {done.returncode}:\n{output}")


def spawn(
    words: tuple[str, ...] | list[str], folder: Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and keep what it says."""
    try:
        return subprocess.run(  # noqa: S603 -- the words are this package's own
            words, cwd=folder, env=dict(env), capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise EngineError(f"{words[0]} not found on PATH") from error
