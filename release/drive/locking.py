"""Who may drive a stack's release: one process at a time."""

from datetime import datetime

from release.decide.model import Lock
from release.drive.engine import LOCK_STALE_SECONDS
from release.drive.session import Site


class LockedError(RuntimeError):
    """Another process drives a release on this stack."""


async def take_lock(site: Site) -> None:
    """Take the lock; at once when its holder was a process of this machine that is gone.

    Raises:
        LockedError: another one has it, and may live.
        PortError: the store does not answer.
    """
    lock = await _ask(site)
    if lock.holder != site.holder and site.is_dead(lock.holder):
        await site.world.journal.unlock(lock.holder)
        lock = await _ask(site)
    if lock.holder != site.holder:
        raise LockedError(
            f"{lock.holder} drives a release on {site.stack} since {lock.since:%Y-%m-%d %H:%M:%S}"
            " UTC; `release status --stack STACK` shows it; `release abort --stack STACK` and "
            "`release rollback --stack STACK` reach it"
        )


async def living_lock(site: Site, now: datetime) -> Lock | None:
    """Return the lock of whoever drives the release; None when nobody does, or a dead process did.

    Raises:
        PortError: the store does not answer.
    """
    lock = await site.world.journal.held()
    if lock is None or site.is_dead(lock.holder):
        return None
    is_stale = (now - lock.renewed).total_seconds() > LOCK_STALE_SECONDS
    return None if is_stale else lock


async def _ask(site: Site) -> Lock:
    now = site.world.clock.now()
    return await site.world.journal.lock(site.holder, now, LOCK_STALE_SECONDS)
