"""Starting the daemons: each as soon as those that it needs are ready, each with a deadline."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from testbed.daemons import Daemon
from testbed.shell import PlatformError, say, tail

_POLL_SECONDS = 0.1
LogOf = Callable[[str], Path]


class Supervisor(Protocol):
    """What starting needs of the supervisor."""

    def states(self) -> Mapping[str, str]:
        """Return the state of each daemon by name."""
        ...

    def start(self, name: str) -> None:
        """Start one, if it does not run."""
        ...


@dataclass(slots=True)
class Progress:
    """What one run knows of a daemon that is not ready yet."""

    started: float
    wrong: str = "not asked yet"


def startable(
    daemons: Sequence[Daemon], ready: frozenset[str], started: frozenset[str]
) -> list[Daemon]:
    """Return the daemons whose turn it is."""
    waiting = [daemon for daemon in daemons if daemon.name not in ready | started]
    return [daemon for daemon in waiting if ready.issuperset(daemon.after)]


def boot(daemons: Sequence[Daemon], supervisor: Supervisor, log_of: LogOf) -> None:
    """Start what does not run and wait until all of them are ready.

    Raises:
        PlatformError: one gave up or was not ready in time; carries the end of its log.
    """
    ready: frozenset[str] = frozenset()
    under_way: dict[str, Progress] = {}
    began = time.monotonic()
    while len(ready) < len(daemons):
        for daemon in startable(daemons, ready, frozenset(under_way)):
            supervisor.start(daemon.name)
            under_way[daemon.name] = Progress(time.monotonic())
        states = supervisor.states()
        for daemon in daemons:
            if daemon.name in under_way and _is_ready(
                daemon, under_way[daemon.name], states.get(daemon.name, "UNKNOWN"), log_of
            ):
                del under_way[daemon.name]
                ready |= {daemon.name}
        if under_way:
            time.sleep(_POLL_SECONDS)
    say(f"  {', '.join(sorted(ready))}: ready after {time.monotonic() - began:.1f} s")


def _is_ready(daemon: Daemon, progress: Progress, state: str, log_of: LogOf) -> bool:
    wrong = daemon.ready()
    if wrong is None and state in {"RUNNING", "STARTING"}:
        return True
    progress.wrong = wrong or f"something answers in its place, while it is {state}"
    waited = time.monotonic() - progress.started
    if state == "FATAL" or waited > daemon.deadline_seconds:
        raise PlatformError(failure(daemon, state, progress.wrong, waited, log_of))
    return False


def failure(daemon: Daemon, state: str, wrong: str, waited: float, log_of: LogOf) -> str:
    """Return what a person needs to find out why a daemon does not run."""
    log = log_of(daemon.name)
    return (
        f"{daemon.name} is not ready after {waited:.0f} s (supervisor: {state})\n"
        f"  {wrong}\n"
        f"the end of {log}:\n{tail(log)}\n"
        "what to do: mend what the log says, then run `python -m testbed up` again, which goes on from"
        " here;\n`python -m testbed doctor` tells what is in the way on this machine"
    )
