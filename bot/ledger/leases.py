"""The transactions of authority: keep what is ours, take what is free, hand over.

They run on a connection of their own, so that no write of trading delays a renewal. Who writes
under a lease locks its row FOR KEY SHARE: that waits for takers and not for renewals, which change
no holder. Takers and leavers pass over rows that somebody writes under and come again, so nobody
here waits for a writer, and no two wait for each other.
"""

# ruff: noqa: S608 - statements are made of our own words and numbers; every value is a parameter

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.authority.allocation import Member
from bot.authority.lease import Claim, Claimant, Claimed, LeaseRow, Shown, pause_seconds
from bot.authority.protocol import Leaving, Rules
from bot.contract.color import Color
from bot.contract.intent import Intent
from bot.ledger import rows
from bot.ledger.database import Tx, clock, first, session_name
from bot.ledger.port import LedgerError
from bot.ledger.scripts import lives

NOTHING_SHOWN = Shown()


@dataclass(frozen=True, slots=True)
class Taken:
    """A lease that changed hands."""

    before: LeaseRow
    """As it was found: with the hand-off of its last holder, if there was one."""
    pause_seconds: float | None
    """How long nobody decided; None: it never had a holder."""
    mark: int | None
    """The newest order of the shard now."""

    @property
    def handed_over(self) -> bool:
        """Whether its last holder gave it up; otherwise it ran out."""
        return self.before.holder is None

    @property
    def moved(self) -> bool:
        """Whether the ledger went on after the hand-off, which nobody should have done."""
        return self.before.paused_at is not None and self.mark != self.before.mark


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of one look at the leases."""

    refused: Claim | None
    """Why nothing was renewed; None: it was."""
    now: float
    """By the database's clock."""
    assigned: frozenset[int] = frozenset()
    """What the claimant should hold."""
    granted: tuple[LeaseRow, ...] = ()
    """What it holds."""
    taken: tuple[Taken, ...] = ()
    """Those of them that it did not hold before."""
    rows: tuple[LeaseRow, ...] = ()
    """All leases, as they were just before."""
    members: tuple[Member, ...] = ()
    shown: Shown = NOTHING_SHOWN
    life: str = ""
    """Which one of the ledger, as its server says; empty: it was not looked at."""
    ledger: str = ""
    """Its name, as its server says (`bot.contract.ledger`)."""


async def keep(  # noqa: PLR0913, PLR0917 - what a pod knows when it looks
    rules: Rules,
    schema: int,
    claimant: Claimant,
    intent: Intent | None,
    leaving: Collection[int],
    tx: Tx,
) -> Kept:
    """Show the intent, renew what is held, take what should be and is free.

    `intent` None: the process leaves; it renews what it settles and takes nothing. `leaving` is
    neither renewed nor taken: its hand-off is on the way.
    """
    here = await lives.life(tx)
    if not rules.is_named(claimant, here.name):
        # Nothing is written: this may be somebody else's.
        rows_now = await _rows(tx)
        other = Claim.OTHER_LEDGER
        return Kept(other, here.now, rows=rows_now, life=here.seen, ledger=here.name)
    kept = await _keep(rules, schema, claimant, intent, leaving, tx)
    return replace(kept, ledger=here.name)


async def _keep(  # noqa: PLR0913, PLR0917 - as above
    rules: Rules,
    schema: int,
    claimant: Claimant,
    intent: Intent | None,
    leaving: Collection[int],
    tx: Tx,
) -> Kept:
    """Do so in the ledger that it should be."""
    refused, shown = await _admit(rules, schema, claimant, tx)
    if refused:
        await leave(claimant.holder, tx)
        return Kept(refused, await clock(tx), rows=await _rows(tx), shown=shown)
    here = await lives.begin(rules, tx)
    if not rules.in_life(here.known, here.seen):
        await leave(claimant.holder, tx)
        rows_now = await _rows(tx)
        return Kept(Claim.RECOVERING, here.now, rows=rows_now, shown=shown, life=here.seen)
    members: tuple[Member, ...] = ()
    assigned: frozenset[int] = frozenset()
    if intent:
        members = await _join(rules, claimant, shown, tx)
        assigned = rules.assigned(intent, members, claimant)
    else:
        await leave(claimant.holder, tx)
    locked = await _lock_own(claimant.holder, tx)
    missing = assigned - locked
    locked |= await _lock_free(missing, tx)
    known, now = await _rows(tx), await clock(tx)
    await _end_sessions(
        {row.holder for row in known if row.lease in missing and row.expires_at <= now}, tx
    )
    claims = [
        (row, rules.claim(row, claimant, now))
        for row in known
        if row.lease in locked and row.lease not in leaving
    ]
    # What it had and let run out is taken again only if it should have it.
    granted = [
        (row, claimed)
        for row, claimed in claims
        if claimed.granted and (claimed.claim is Claim.RENEWED or row.lease in assigned)
    ]
    taken = [row for row, claimed in granted if claimed.claim is Claim.TAKEN]
    await _write(claimant, [claimed for _, claimed in granted], tx)
    marks = await _marks([row.lease for row in taken], tx)
    return Kept(
        None,
        now,
        assigned=assigned,
        granted=tuple(claimed.row for _, claimed in granted),
        taken=tuple(
            Taken(row, pause_seconds(row, now, rules.timings.lease_seconds), marks.get(row.lease))
            for row in taken
        ),
        rows=known,
        members=members,
        shown=shown,
        life=here.seen,
    )


async def release(
    rules: Rules, holder: str, leaving: Mapping[int, Leaving], tx: Tx
) -> frozenset[int]:
    """Give up what is held, but for rows that somebody writes under; return what is given up."""
    listed = _listed(leaving)
    records = await tx.rows(
        f"SELECT lease FROM leases WHERE lease IN ({listed}) AND holder = $1 {{take_lock}}", holder
    )
    locked = {row["lease"] for row in records}
    now, marks = await clock(tx), await _marks(locked, tx)
    for row in await _rows(tx):
        if row.lease in locked:
            left = replace(leaving[row.lease], mark=marks.get(row.lease))
            await _write_release(row, rules.release(row, holder, now, left), tx)
    if locked:
        await notify(tx, f"released {_listed(locked)}")
    records = await tx.rows(
        f"SELECT lease, epoch FROM leases WHERE lease IN ({listed}) AND holder = $1", holder
    )
    # What the holder has under another epoch by now is not what it gives up here.
    busy = {row["lease"] for row in records if row["epoch"] == leaving[row["lease"]].epoch}
    return frozenset(leaving) - busy


async def leave(holder: str, tx: Tx) -> None:
    """End the membership of a process: others share what it held."""
    await tx.rows("DELETE FROM members WHERE holder = $1", holder)


async def purge_members(older_than_seconds: float, tx: Tx) -> None:
    """Delete processes that were not seen for long."""
    await tx.rows("DELETE FROM members WHERE beat_at < {now} - $1", older_than_seconds)


async def notify(tx: Tx, text: str) -> None:
    """Wake those who listen, when this commits."""
    await tx.rows("SELECT {notify}", text)


async def _admit(
    rules: Rules, schema: int, claimant: Claimant, tx: Tx
) -> tuple[Claim | None, Shown]:
    """Judge the claimant's intent, and leave it here if it is the newest."""
    known, compatible_since = await _shown(tx, "")
    if compatible_since > schema:
        return Claim.SCHEMA, known
    newer = rules.admit(known, claimant).shown != known
    known, _ = await _shown(tx, "{for_update}" if newer else "{for_share}")
    admitted = rules.admit(known, claimant)
    if admitted.shown != known:
        if not newer:
            raise LedgerError("the intent's row changed at this moment; look again")
        await tx.rows(
            "UPDATE authority SET generation = $1, source = $2 WHERE id = 1",
            admitted.shown.generation,
            admitted.shown.source,
        )
        await notify(tx, f"intent {admitted.shown.generation}")
    return admitted.refused, admitted.shown


async def _shown(tx: Tx, lock: str) -> tuple[Shown, int]:
    row = await first(
        tx,
        "SELECT generation, source, (SELECT compatible_since FROM ledger_schema) AS since"
        f" FROM authority WHERE id = 1 {lock}",
    )
    if row is None:
        raise LedgerError("the row of authority is gone: restore a backup")
    return Shown(row["generation"], row["source"]), int(row["since"])


async def _join(rules: Rules, claimant: Claimant, shown: Shown, tx: Tx) -> tuple[Member, ...]:
    """Write that this process lives; return all who live and know the newest intent."""
    await tx.rows(
        "INSERT INTO members (holder, color, generation, source, beat_at)"
        " VALUES ($1, $2, $3, $4, {now}) ON CONFLICT (holder) DO UPDATE SET"
        " generation = excluded.generation, source = excluded.source, beat_at = excluded.beat_at",
        claimant.holder,
        claimant.color.value,
        claimant.generation,
        claimant.source,
    )
    records = await tx.rows(
        "SELECT holder, color FROM members WHERE beat_at > {now} - $1 AND generation = $2"
        " AND source = $3 ORDER BY holder",
        rules.timings.lease_seconds,
        shown.generation,
        shown.source,
    )
    return tuple(Member(row["holder"], Color(row["color"])) for row in records)


async def _rows(tx: Tx) -> tuple[LeaseRow, ...]:
    records = await tx.rows(
        "SELECT l.*, h.paused_at, h.mark FROM leases l"
        " LEFT JOIN handoffs h ON h.lease = l.lease AND h.epoch = l.epoch ORDER BY l.lease"
    )
    return tuple(rows.lease_of(row) for row in records)


async def _lock_own(holder: str, tx: Tx) -> set[int]:
    records = await tx.rows(
        "SELECT lease FROM leases WHERE holder = $1 ORDER BY lease {renew_lock}", holder
    )
    return {row["lease"] for row in records}


async def _lock_free(missing: Collection[int], tx: Tx) -> set[int]:
    if not missing:
        return set()
    records = await tx.rows(
        f"SELECT lease FROM leases WHERE lease IN ({_listed(missing)}) AND expires_at <= {{now}}"
        " ORDER BY lease {take_lock}"
    )
    return {row["lease"] for row in records}


async def _end_sessions(holders: Collection[str | None], tx: Tx) -> None:
    """End what is left of holders that let their leases run out.

    One that fell asleep in a transaction may hold row locks that no time-out of the server ends:
    while it owes the rest of a statement, it counts as busy. If it lives it connects again.
    """
    gone = sorted({session_name(holder) for holder in holders if holder})
    if gone:
        await tx.rows("SELECT {end_sessions}", ",".join(gone))


async def _write(claimant: Claimant, granted: Sequence[Claimed], tx: Tx) -> None:
    """Write all renewals in one statement, and all changes of hands in another."""
    renewed = [claimed.row for claimed in granted if claimed.claim is Claim.RENEWED]
    taken = [claimed.row for claimed in granted if claimed.claim is Claim.TAKEN]
    if renewed:
        listed = _listed(row.lease for row in renewed)
        await tx.rows(
            f"UPDATE leases SET expires_at = $1 WHERE lease IN ({listed})", renewed[0].expires_at
        )
    if taken:
        listed = _listed(row.lease for row in taken)
        await tx.rows(
            "UPDATE leases SET epoch = epoch + 1, holder = $1, color = $2, expires_at = $3"
            f" WHERE lease IN ({listed})",
            claimant.holder,
            claimant.color.value,
            taken[0].expires_at,
        )


async def _write_release(before: LeaseRow, after: LeaseRow, tx: Tx) -> None:
    if after == before:
        return
    await tx.rows(
        "UPDATE leases SET holder = NULL, expires_at = $2 WHERE lease = $1",
        after.lease,
        after.expires_at,
    )
    await tx.rows(
        "INSERT INTO handoffs (lease, epoch, paused_at, mark) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (lease) DO UPDATE SET epoch = excluded.epoch,"
        " paused_at = excluded.paused_at, mark = excluded.mark",
        after.lease,
        after.epoch,
        after.paused_at,
        after.mark,
    )


async def _marks(leases: Collection[int], tx: Tx) -> dict[int, int]:
    """Return the newest order of each shard that has one."""
    if not leases:
        return {}
    records = await tx.rows(
        f"SELECT shard, max(seq) AS mark FROM orders WHERE shard IN ({_listed(leases)})"
        " GROUP BY shard"
    )
    return {row["shard"]: int(row["mark"]) for row in records}


def _listed(leases: Iterable[int]) -> str:
    return ", ".join(str(int(lease)) for lease in sorted(leases))
