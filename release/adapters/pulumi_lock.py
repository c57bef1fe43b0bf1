"""Who holds the lock of a stack's state, and which engines on this machine are left-overs of ours.

The lock of a file or object store backend has no lease: a killed run leaves it. It may be taken
away only when its owner is surely dead, which can be told on the owner's own machine alone.
"""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psutil

OUR_PROCESS = "BOT_RELEASE_PROCESS"
"""In an engine's environment: number and start of the process that began it."""
OUR_STACK = "BOT_RELEASE_STACK"
"""In an engine's environment: its project folder and stack."""

_OWNER = re.compile(
    r"created by (?P<user>[^@\n]*)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)"
)
_CLOCK_TOLERANCE = timedelta(seconds=2)
"""The lock tells whole seconds, and the start of a process comes from another clock."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who made a lock."""

    user: str
    host: str
    pid: int
    since: datetime

    @property
    def text(self) -> str:
        """For people."""
        return f"{self.user}@{self.host} (pid {self.pid}) since {self.since.isoformat()}"


def owners(text: str) -> list[Owner]:
    """Return the lock holders that the engine names; none when one of them cannot be judged."""
    owners: list[Owner] = []
    for match in _OWNER.finditer(text):
        try:
            since = datetime.fromisoformat(match["since"])
        except ValueError:
            return []
        if since.tzinfo is None:
            return []
        owners.append(Owner(match["user"], match["host"], int(match["pid"]), since))
    return owners


def is_dead(owner: Owner, host: str, started: Callable[[int], datetime | None]) -> bool:
    """Tell whether the owner cannot come back; in doubt he lives.

    Args:
        owner: who made the lock.
        host: this machine's name.
        started: when the process of a number began; None when there is none.
    """
    if owner.host != host:
        return False
    begun = started(owner.pid)
    # Begun later: the number was given away again, because a process cannot lock before it starts.
    return begun is None or begun > owner.since + _CLOCK_TOLERANCE


def this_host() -> str:
    """Return this machine's name, as the engine writes it into its locks."""
    return socket.gethostname()


def started(pid: int) -> datetime | None:
    """Return when a living process began; None when there is none."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return datetime.fromtimestamp(process.create_time(), UTC)
    except psutil.NoSuchProcess:
        return None


def mark() -> str:
    """Return what tells this very process from a later one of the same number."""
    process = psutil.Process()
    return f"{process.pid}/{process.create_time():.2f}"


def left_over(stack: str) -> Iterator[psutil.Process]:
    """Yield engines that a dead process of ours began for this stack.

    Args:
        stack: what `OUR_STACK` says in their environment.
    """
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):  # gone meanwhile, or somebody else's
            environment = process.environ()
            if environment.get(OUR_STACK) != stack or not _is_engine(process):
                continue
            if not _lives(environment.get(OUR_PROCESS, "")):
                yield process


def _is_engine(process: psutil.Process) -> bool:
    return process.name().startswith("pulumi") and "up" in process.cmdline()


def _lives(mark_of_parent: str) -> bool:
    number, _, begun = mark_of_parent.partition("/")
    try:
        return f"{psutil.Process(int(number)).create_time():.2f}" == begun
    except (psutil.NoSuchProcess, ValueError):
        return False
