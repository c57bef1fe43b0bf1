"""Lease rows: who may decide in a shard, since which change of hands, until when by the database.

These rules run inside a transaction that has locked the rows. They know nothing of SQL.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from bot.contract.color import Color
from bot.contract.shards import SHARD_COUNT

ACCOUNT = SHARD_COUNT
"""The lease of what belongs to no symbol: balances, baselines, old rows."""
LEASES = range(SHARD_COUNT + 1)
"""One for each shard, and the account's."""


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """One row of the lease table."""

    lease: int = 0
    epoch: int = 0
    """Rises by one each time the lease changes hands, and never falls."""
    holder: str | None = None
    """A process, not a pod: what starts again is someone else."""
    color: Color | None = None
    expires_at: float = 0.0
    """Seconds by the database's clock. Holds after a release too: see `released`."""
    paused_at: float | None = None
    """When its last holder stopped deciding, if it handed over; by the database's clock."""
    mark: int | None = None
    """How far the ledger of this shard had come then: the `seq` of its newest order."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The newest intent that any pod has shown to the database."""

    generation: int = 0
    source: str = ""
    """Which object the intent is, so that generations can be compared: the ConfigMap's uid."""


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who asks for leases, and the intent that it knows."""

    holder: str
    color: Color
    generation: int
    source: str = ""
    adopts: str = ""
    """The source whose authority this one may take over: said by a person, once."""
    ledger: str = ""
    """The only one that the intent lets it trade on; empty: any."""


class Claim(StrEnum):
    """What became of a claim."""

    TAKEN = "taken"
    RENEWED = "renewed"
    OLD_INTENT = "refused: a newer intent is known here"
    FOREIGN = "refused: another cluster's intent rules this database"
    OTHER_LEDGER = "refused: the intent names another ledger than this one"
    SCHEMA = "refused: the ledger's schema is too new for this version"
    RECOVERING = "refused: the ledger may have stepped back, and is being compared with the venue"
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


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whether a claimant may hold anything, and what the database knows of intents from now on."""

    shown: Shown
    refused: Claim | None = None


def admit(shown: Shown, claimant: Claimant) -> Admitted:
    """Let nobody hold a lease by an intent that is older than what was shown, or foreign.

    Who shows a newer one leaves it here even if it gets nothing: this is how a holder that cannot
    see the intent any more learns that it may not renew.
    """
    if claimant.source != shown.source:
        if shown.source not in ("", claimant.adopts):
            return Admitted(shown, Claim.FOREIGN)
        return Admitted(Shown(claimant.generation, claimant.source))
    if claimant.generation < shown.generation:
        return Admitted(shown, Claim.OLD_INTENT)
    return Admitted(Shown(claimant.generation, claimant.source))


def claim(row: LeaseRow, claimant: Claimant, now: float, lease_seconds: float) -> Claimed:
    """Take, renew or refuse. `now` is the database's clock, read with the row locked.

    What has run out is taken anew, also by who had it: a release of the old epoch that is still on
    its way then changes nothing.
    """
    if row.expires_at > now:
        if row.holder != claimant.holder:
            return Claimed(Claim.HELD, row)
        return Claimed(Claim.RENEWED, replace(row, expires_at=now + lease_seconds))
    taken = replace(
        row,
        epoch=row.epoch + 1,
        holder=claimant.holder,
        color=claimant.color,
        expires_at=now + lease_seconds,
    )
    return Claimed(Claim.TAKEN, taken)


def released(
    row: LeaseRow, now: float, quiet_seconds: float, paused_at: float, mark: int | None
) -> LeaseRow:
    """Give the lease up; nobody takes it before what its holder signed is dead."""
    return replace(row, holder=None, expires_at=now + quiet_seconds, paused_at=paused_at, mark=mark)


def pause_seconds(before: LeaseRow, now: float, lease_seconds: float) -> float | None:
    """Return how long nobody decided when this row is taken now; None: nobody ever had.

    Without a hand-off the last holder may have stopped right after its last renewal.
    """
    if before.epoch == 0:
        return None
    since = before.paused_at if before.holder is None else before.expires_at - lease_seconds
    return None if since is None else max(0.0, now - since)


def is_held(row: LeaseRow, holder: str, epoch: int) -> bool:
    """Say whether a write of this holder under this epoch may commit; the row is locked."""
    return row.holder == holder and row.epoch == epoch
