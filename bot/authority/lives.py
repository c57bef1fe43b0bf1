"""Lives of a ledger: what a database may have forgotten, and when it may be traded on again.

A standby that is promoted, a restore and a copy may lack the last commits: orders that were sent,
fates that were written. Each begins another life, which the server names itself. Nobody holds a
lease in a life that has not been compared with the venue, and no write of trading commits in it.

Nobody can tell the server that was left: who is still connected to it goes on. So a holder opens
the connection of its leases anew before it is `connection_seconds` old, and who recovers waits
until everyone has: no request can be signed under the earlier life any more, and all that were
show at the venue.
"""

from dataclasses import dataclass, replace

from bot.authority.lease import LeaseRow
from bot.authority.timings import Timings

NOTHING_BEFORE = 0.0
"""When a first life had been compared: there was nothing to compare it with."""
NO_LIFE = ""
"""Of a ledger that no bot has seen yet: its first life is not compared with anything."""


@dataclass(frozen=True, slots=True)
class Life:
    """What the ledger says about its lives."""

    name: str = NO_LIFE
    """The newest that was seen; the server's word for it."""
    began_at: float = 0.0
    """When it was first seen, by the database's clock."""
    recovered_at: float | None = NOTHING_BEFORE
    """When it had been compared with the venue, by the database's clock; None: not yet."""


def is_named(named: str, ledger: str) -> bool:
    """Say whether an intent that names this ledger, or none, lets the one here be traded on."""
    return named in {"", ledger}


def notice(known: Life, seen: str, now: float) -> Life:
    """Return what the ledger says from now on, when its server names this life.

    Args:
        known: what it said.
        seen: the life that the server names in this very transaction.
        now: the database's clock.
    """
    if seen == known.name:
        return known
    return Life(seen, now, NOTHING_BEFORE if known.name == NO_LIFE else None)


def raised(row: LeaseRow, now: float) -> LeaseRow:
    """Free a lease in a new life, under an epoch that no life before it can have reached.

    Epochs count changes of hands, of which there are never a thousand in a second: the clock in
    milliseconds is ahead of every one that was used before.
    """
    return replace(row, epoch=max(row.epoch, int(now * 1000)) + 1, holder=None, expires_at=0.0)


def wait_seconds(timings: Timings) -> float:
    """Return how long who recovers waits from when it saw the life, by its own clock."""
    everyone_left = timings.connection_seconds + timings.lease_seconds
    return everyone_left + timings.margin_seconds + timings.venue_lag_seconds
