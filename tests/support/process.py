"""Runs commands with a deadline, as a person would in a shell; shows what they said on failure."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ended."""

    command: str
    code: int
    output: str
    errors: str
    seconds: float

    @property
    def text(self) -> str:
        """All that it said."""
        return self.output + self.errors


class CommandError(AssertionError):
    """A command that had to succeed did not; the text is its own."""

    def __init__(self, done: Done) -> None:
        super().__init__(f"$ {done.command}\n{done.text}\nexit code {done.code}")


@dataclass(frozen=True, slots=True)
class Shell:
    """A folder and an environment to run commands in."""

    folder: Path
    env: Mapping[str, str]

    def run(
        self,
        *words: str,
        check: bool = True,
        patience_seconds: float = PATIENCE_SECONDS,
        stdin: str = "",
    ) -> Done:
        """Run to the end.

        Raises:
            CommandError: it failed, and `check` says that it must not.
        """
        started = self.start(*words)
        return started.finish(check=check, patience_seconds=patience_seconds, stdin=stdin)

    def start(self, *words: str) -> "Started":
        """Run without waiting."""
        process = subprocess.Popen(  # noqa: S603 - the words are the tests' own
            words,
            cwd=self.folder,
            env=dict(self.env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return Started(words, process, time.monotonic())


@dataclass(frozen=True, slots=True)
class Started:
    """A command that runs."""

    words: Sequence[str]
    process: subprocess.Popen[str]
    moment: float
    """When it was started, on the monotonic clock."""

    def finish(
        self,
        *,
        check: bool = True,
        patience_seconds: float = PATIENCE_SECONDS,
        stdin: str = "",
    ) -> Done:
        """Wait for the end; kill what does not end in time."""
        try:
            output, errors = self.process.communicate(stdin, timeout=patience_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            output, errors = self.process.communicate()
            errors += f"\nkilled after {patience_seconds:g} s"
        seconds = time.monotonic() - self.moment
        command = " ".join(self.words)
        done = Done(command, self.process.returncode, output, errors, seconds)
        if check and done.code != 0:
            raise CommandError(done)
        return done
