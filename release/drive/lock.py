"""Who may drive a stack's release: one process at a time, under a name that people understand."""

import re
import socket
from collections.abc import Callable
from datetime import datetime

from release.decide.model import Lock
from release.drive.engine import LOCK_STALE_SECONDS
from release.drive.session import ReleaseSession

_NAME = re.compile(r"(?P<user>.*)@(?P<host>[^@:]+):(?P<pid>\d+)-(?P<mark>[0-9a-f]+)")


class LockedError(RuntimeError):
    """Another process drives a release on this stack."""


async def take_lock(session: ReleaseSession) -> None:
    """Take the lock; at once when its holder was a process of this machine that is gone.

    Raises:
        LockedError: another one has it, and may live.
        PortError: the store does not answer.
    """
    lock = await _ask(session)
    if lock.holder != session.holder and session.is_dead(lock.holder):
        await session.ports.journal.unlock(lock.holder)
        lock = await _ask(session)
    if lock.holder != session.holder:
        raise LockedError(
            f"{lock.holder} drives a release on {session.stack} since "
            f"{lock.since:%Y-%m-%d %H:%M:%S} UTC; `release status --stack STACK` shows it; "
            "`release abort --stack STACK` and `release rollback --stack STACK` reach it"
        )


async def living_lock(session: ReleaseSession, now: datetime) -> Lock | None:
    """Return the lock of the process that drives the release; None when none does, or a dead one.

    Raises:
        PortError: the store does not answer.
    """
    lock = await session.ports.journal.held()
    if lock is None or session.is_dead(lock.holder):
        return None
    is_stale = (now - lock.renewed).total_seconds() > LOCK_STALE_SECONDS
    return None if is_stale else lock


async def _ask(session: ReleaseSession) -> Lock:
    now = session.ports.clock.now()
    return await session.ports.journal.lock(session.holder, now, LOCK_STALE_SECONDS)


def holder_name(user: str, pid: int, mark: str, host: str | None = None) -> str:
    """Return the name of a process.

    Args:
        user: of the process.
        pid: its number.
        mark: hexadecimal digits that no other process of that number had.
        host: this machine's name, if not asked for here.
    """
    return f"{user}@{host or socket.gethostname()}:{pid}-{mark}"


def is_dead(holder: str, exists: Callable[[int], bool], host: str | None = None) -> bool:
    """Tell whether a process is surely gone: one of this machine whose number nobody has.

    In doubt it lives. A process that is taken for dead by mistake writes nothing any more: the
    journal takes entries from the holder of the lock alone.
    """
    match = _NAME.fullmatch(holder)
    if match is None or match["host"] != (host or socket.gethostname()):
        return False
    return not exists(int(match["pid"]))
