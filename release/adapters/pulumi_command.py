"""Runs the Pulumi CLI for the Automation API, so that a run can be bounded and ended.

The SDK's own runner has neither: it waits for ever, hands the whole ambient environment on, and
keeps no handle of the process.
"""

import re
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO, cast

import psutil
from pulumi.automation import CommandResult, OnOutput, PulumiCommand
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

_AMBIENT = re.compile(r"PULUMI_(STACK|OPTION_.*|K8S_.*|KUBERNETES_.*)")
"""Would choose another stack, other options or another cluster than the config names."""
_FIXED = {"PULUMI_AUTOMATION_API": "true", "PULUMI_SKIP_UPDATE_CHECK": "true", "NO_COLOR": "1"}
_UP = "up"
_PROGRAM = "pulumi-language-python-exec"
"""What runs a Python program for the language host."""
_AGAIN_SECONDS = 1.0
"""From the second interrupt to the kill."""
_JOIN_SECONDS = 2.0
"""For what is left in the pipes of a process that ended: something it started may hold them."""


_TIMED_OUT = (subprocess.TimeoutExpired, psutil.TimeoutExpired)
Wait = Callable[[float], object]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things may take, in seconds."""

    command: float = 60.0
    """A command that only asks."""
    up: float = 1800.0
    """An `up`; its own steps have deadlines of their own."""
    grace: float = 3.0
    """From the first interrupt to the second, in which the engine ends its steps."""


class Command(PulumiCommand):
    """The CLI as `PATH` of the given environment finds it; its `up` can be ended."""

    def __init__(self, env: Mapping[str, str], patience: Patience, version: VersionInfo) -> None:
        # Not the parent's: it runs the CLI in the ambient environment to ask for its version.
        self.command = "pulumi"
        self.version = version
        self._env = {key: value for key, value in env.items() if not _AMBIENT.fullmatch(key)}
        self._patience = patience
        self._up: subprocess.Popen[str] | None = None
        self._ended = False

    @property
    def up_was_ended(self) -> bool:
        """Whether the last `up` was ended by `end_up`, not by itself."""
        return self._ended

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """Run a command, as the SDK asks for it.

        Raises:
            CommandError: it failed, or was ended at its deadline or by `end_up`.
        """
        is_up = args[0] == _UP
        process = self._start(args, cwd, additional_env)
        if is_up:
            self._up, self._ended = process, False
        output: list[str] = []
        errors: list[str] = []
        readers = [
            _reader(cast("TextIO", process.stdout), on_output, output),
            _reader(cast("TextIO", process.stderr), on_error, errors),
        ]
        patience = self._patience.up if is_up else self._patience.command
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            errors.append(f"it did not end within {patience:g} s and was ended")
            self._end(process)
        finally:
            self._up = None
        for reader in readers:
            reader.join(_JOIN_SECONDS)
        result = CommandResult("\n".join(output), "\n".join(errors), process.returncode)
        if process.returncode != 0:
            raise create_command_error(result)
        return result

    def end_up(self) -> None:
        """End the `up` that runs now, if one does, and return when it has ended."""
        if (process := self._up) is not None:
            self._ended = True
            self._end(process)

    def _end(self, process: subprocess.Popen[str]) -> None:
        # Its own `wait` can be called by two threads at once; psutil's would take the end from it.
        with suppress(psutil.NoSuchProcess):
            end_engine(psutil.Process(process.pid), process.wait, self._patience.grace)

    def _start(
        self, args: list[str], cwd: str, additional_env: Mapping[str, str]
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603 -- the SDK's words
            [self.command, "--non-interactive", *args],
            cwd=cwd,
            env={**self._env, **additional_env, **_FIXED},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            # A Ctrl-C at our terminal is ours to handle, not the engine's.
            start_new_session=True,
        )


def end_engine(process: psutil.Process, wait: Wait, grace_seconds: float) -> None:
    """Interrupt an engine so that it writes its state; again, so that it stops; then kill it all.

    The program is ended with it: an engine waits for the program's hooks, and ours wait for pods;
    without the program they have failed. What is left of what the engine started is killed with it.

    Args:
        process: the engine.
        wait: returns when it has ended, or raises when that took longer than so many seconds.
        grace_seconds: from the first interrupt to the second.
    """
    with suppress(psutil.NoSuchProcess):
        family = process.children(recursive=True)
        for seconds in (grace_seconds, _AGAIN_SECONDS):
            process.send_signal(signal.SIGINT)
            for program in filter(_is_program, family):
                with suppress(psutil.NoSuchProcess):
                    program.terminate()
            with suppress(*_TIMED_OUT):
                wait(seconds)
                return
        for member in [*process.children(recursive=True), process]:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        with suppress(*_TIMED_OUT):
            wait(_AGAIN_SECONDS)


def _is_program(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return any(_PROGRAM in word for word in process.cmdline())
    return False


def _reader(stream: TextIO, callback: OnOutput | None, lines: list[str]) -> threading.Thread:
    def read() -> None:
        with stream:
            for line in stream:
                lines.append(line.rstrip())
                if callback is not None:
                    callback(lines[-1])

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread
