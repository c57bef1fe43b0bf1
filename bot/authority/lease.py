"""The lease row: who may decide, since which change of hands, until when by the database's clock.

These rules run inside a transaction that has locked the row. They know nothing of SQL.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from bot.contract.color import Color

ALL_SHARDS = 0
"""The one lease there is at first: it covers every shard."""


def lease_of(_shard: int) -> int:
    """Return the lease that this shard belongs to."""
    return ALL_SHARDS


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """One row of the lease table."""

    lease: int = ALL_SHARDS
    epoch: int = 0
    """Rises by one each time the lease changes hands, and never falls."""
    holder: str | None = None
    """A process, not a pod: what starts again is someone else."""
    color: Color | None = None
    generation: int = 0
    """The newest intent that any pod has shown here."""
    expires_at: float = 0.0
    """Seconds by the database's clock. Holds after a release too: see `released`."""


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who asks for a lease, and the intent that names its color."""

    holder: str
    color: Color
    generation: int


class Claim(StrEnum):
    """What became of a claim."""

    TAKEN = "taken"
    RENEWED = "renewed"
    OLD_INTENT = "refused: a newer intent is known here"
    HELD = "refused: someone else's lease still runs"


@dataclass(frozen=True, slots=True)
class Claimed:
    """What became of a claim, and the row to write."""

    claim: Claim
    row: LeaseRow

    @property
    def granted(self) -> bool:
        """Whether the claimant holds the lease now."""
        return self.claim in (Claim.TAKEN, Claim.RENEWED)


def claim(row: LeaseRow, claimant: Claimant, now: float, lease_seconds: float) -> Claimed:
    """Take, renew or refuse. `now` is the database's clock, read with the row locked.

    A refused claim still leaves its newer generation: this is how a holder that cannot see the
    intent any more learns that it may not renew.
    """
    if claimant.generation < row.generation:
        return Claimed(Claim.OLD_INTENT, row)
    row = replace(row, generation=claimant.generation)
    if row.holder == claimant.holder:
        # Run out but taken by nobody: the epoch has not moved, so nothing happened in between.
        return Claimed(Claim.RENEWED, replace(row, expires_at=now + lease_seconds))
    if row.expires_at > now:
        return Claimed(Claim.HELD, row)
    taken = replace(
        row,
        epoch=row.epoch + 1,
        holder=claimant.holder,
        color=claimant.color,
        expires_at=now + lease_seconds,
    )
    return Claimed(Claim.TAKEN, taken)


def released(row: LeaseRow, now: float, quiet_seconds: float) -> LeaseRow:
    """Give the lease up; nobody takes it before what its holder signed is dead."""
    return replace(row, holder=None, expires_at=now + quiet_seconds)


def is_held(row: LeaseRow, holder: str, epoch: int) -> bool:
    """Say whether a write of this holder under this epoch may commit; the row is locked."""
    return row.holder == holder and row.epoch == epoch
