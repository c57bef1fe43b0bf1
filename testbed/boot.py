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


def startable(
    daemons: Sequence[Daemon], ready: frozenset[str], started: frozenset[str]
) -> list[Daemon]:
    """Return the daemons whose turn it is."""
    waiting = [daemon for daemon in daemons if daemon.name not in ready | started]
    return [daemon for daemon in waiting if ready.issuperset(daemon.after)]


@dataclass(frozen=True, slots=True)
class Clock:
    """The time, and how to let it pass."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


_CLOCK = Clock()


def boot(
    daemons: Sequence[Daemon], supervisor: Supervisor, log_of: LogOf, clock: Clock = _CLOCK
) -> None:
    """Start what does not run and wait until all of them are ready.

    Raises:
        PlatformError: one gave up or was not ready in time; carries the end of its log.
    """
    ready: frozenset[str] = frozenset()
    started: dict[str, float] = {}
    began = clock.now()
    while len(ready) < len(daemons):
        for daemon in startable(daemons, ready, frozenset(started)):
            supervisor.start(daemon.name)
            started[daemon.name] = clock.now()
        states = supervisor.states()
        for daemon in daemons:
            if daemon.name not in started or daemon.name in ready:
                continue
            waited = clock.now() - started[daemon.name]
            if _is_ready(daemon, states.get(daemon.name, "UNKNOWN"), waited, log_of):
                ready |= {daemon.name}
        if len(ready) < len(daemons):
            clock.sleep(_POLL_SECONDS)
    say(f"  {', '.join(sorted(ready))}: ready after {clock.now() - began:.1f} s")


def _is_ready(daemon: Daemon, state: str, waited: float, log_of: LogOf) -> bool:
    wrong = daemon.ready()
    if wrong is None and state in {"RUNNING", "STARTING"}:
        return True
    if state == "FATAL" or waited > daemon.deadline_seconds:
        wrong = wrong or f"something else answers in its place, while it is {state}"
        raise PlatformError(failure(daemon, state, wrong, waited, log_of))
    return False


def failure(daemon: Daemon, state: str, wrong: str, waited: float, log_of: LogOf) -> str:
    """Return what a person needs to find out why a daemon does not run."""
    log = log_of(daemon.name)
    return (
        f"{daemon.name} is not ready after {waited:.0f} s (supervisor: {state})\n"
        f"  {wrong}\n"
        f"the end of {log}:\n{tail(log)}\n"
        "what to do: fix what the log says, then run `.venv/bin/testbed up` again, which goes on"
        " from here;\n`.venv/bin/testbed doctor` tells what is in the way on this machine"
    )
