"""Running commands and telling a person what is going on."""

import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_STARTED = time.monotonic()
_TICK_SECONDS = 20.0
_TAIL_LINES = 25


class PlatformError(Exception):
    """Something that a person must know: what failed, its last words, what to do."""


def say(text: str) -> None:
    """Print one line of progress with the time since the command began."""
    print(f"[{time.monotonic() - _STARTED:6.1f}s] {text}", file=sys.stderr, flush=True)  # noqa: T201


@contextmanager
def long_work(text: str) -> Generator[None]:
    """Say what begins, that it still goes on, and how long it took."""
    say(f"{text} …")
    began = time.monotonic()
    done = threading.Event()

    def tick() -> None:
        while not done.wait(_TICK_SECONDS):
            say(f"  still at it, {time.monotonic() - began:.0f} s: {text}")

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    say(f"  done in {time.monotonic() - began:.1f} s: {text}")


def tail(log: Path, lines: int = _TAIL_LINES) -> str:
    """Return the last lines of a log, or why there are none."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError as error:
        return f"({error})"


def run(
    words: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout_seconds: float = 120,
    stdin: str | None = None,
) -> str:
    """Run a command and return what it printed on standard output.

    Raises:
        PlatformError: it failed or took too long; carries its last lines.
    """
    command = [str(word) for word in words]
    shown = " ".join(command)
    try:
        done = subprocess.run(  # noqa: S603  # the platform's own words, never a person's input
            command,
            env=None if env is None else dict(env),
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PlatformError(f"no end after {timeout_seconds:.0f} s: {shown}") from error
    except FileNotFoundError as error:
        raise PlatformError(
            f"not found: {command[0]}; `.venv/bin/testbed doctor` tells what is missing"
        ) from error
    if done.returncode != 0:
        words_left = "\n".join((done.stdout + done.stderr).splitlines()[-_TAIL_LINES:])
        raise PlatformError(f"exit code {done.returncode}: {shown}\n{words_left}")
    return done.stdout


def succeeds(words: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> bool:
    """Whether a command ends with 0 within ten seconds."""
    try:
        run(words, env=env, timeout_seconds=10)
    except PlatformError:
        return False
    return True
