"""Which life of the ledger this is: how one begins, and how its recovery ends.

The server names its life in the very transaction that asks, so nobody acts on what a connection
led to earlier.
"""

# ruff: noqa: S608 - statements are made of our own words; every value is a parameter

from collections.abc import Sequence

from bot.authority.lease import LEASES, LeaseRow
from bot.authority.lives import Life
from bot.authority.orders import FATE_OF
from bot.authority.protocol import Rules
from bot.contract.shards import shard_of
from bot.ledger import rows
from bot.ledger.database import Tx, first
from bot.ledger.outcomes import Imported, LifeOf, Writer
from bot.ledger.port import LedgerError
from bot.ledger.scripts.inbox import RECALLED, end_signal
from bot.ledger.scripts.positions import record_fills
from bot.trading.signals import Fate

DOUBTED = "doubted"
"""A name that no server gives itself."""


async def life(tx: Tx, lock: str = "") -> LifeOf:
    """Return what the ledger says of its lives, and what its server says."""
    row = await first(
        tx,
        "SELECT ledger, life, began_at, recovered_at, {life} AS seen, {now} AS now"
        f" FROM lives WHERE id = 1 {lock}",
    )
    if row is None:
        raise LedgerError("the row of lives is gone: restore a backup")
    recovered = row["recovered_at"]
    known = Life(row["life"], row["began_at"], None if recovered is None else float(recovered))
    return LifeOf(row["ledger"], known, row["seen"], row["now"])


async def begin(rules: Rules, tx: Tx) -> LifeOf:
    """Return the life; one that is new frees every lease under an epoch that was never used."""
    here = await life(tx)
    if here.known.name == here.seen:
        return here
    # Who writes under a lease of the life before is waited for; then nobody does any more.
    await tx.rows("SELECT lease FROM leases ORDER BY lease {for_update}")
    here = await life(tx, "{for_update}")
    begun = rules.notice(here.known, here.seen, here.now)
    await tx.rows(
        "UPDATE lives SET life = $1, began_at = $2, recovered_at = $3 WHERE id = 1",
        begun.name,
        begun.began_at,
        begun.recovered_at,
    )
    if begun.recovered_at is None:
        await _free_leases(rules, here.now, tx)
    return LifeOf(here.ledger, begun, here.seen, here.now)


async def doubt(tx: Tx) -> None:
    """Let another life begin at the next look at the leases: this one lacks something."""
    await tx.rows("UPDATE lives SET life = $1 WHERE id = 1", DOUBTED)


async def _free_leases(rules: Rules, now: float, tx: Tx) -> None:
    highest = await first(tx, "SELECT max(epoch) AS epoch FROM leases")
    if highest is None or highest["epoch"] is None:
        raise LedgerError("the rows of the leases are gone: restore a backup")
    freed = rules.raised(LeaseRow(LEASES[0], highest["epoch"]), now)
    await tx.rows(
        "UPDATE leases SET epoch = $1, holder = NULL, color = NULL, expires_at = $2",
        freed.epoch,
        freed.expires_at,
    )
    await tx.rows("DELETE FROM members")


async def import_orders(account: str, name: str, orders: Sequence[Imported], tx: Tx) -> bool:
    """Write what only the venue has; False: this life is over.

    The row of the life keeps two from doing it at once: no lease is held while it is recovered.
    """
    if not await _lives(name, tx):
        return False
    for order in orders:
        await _import(account, order, tx)
    return True


async def end_recovery(name: str, tx: Tx) -> bool:
    """Let this life be traded on; False: it is over."""
    if not await _lives(name, tx):
        return False
    await tx.rows("UPDATE lives SET recovered_at = coalesce(recovered_at, {now}) WHERE id = 1")
    return True


async def _lives(name: str, tx: Tx) -> bool:
    here = await life(tx, "{for_update}")
    return here.known.name == here.seen == name


async def _import(account: str, order: Imported, tx: Tx) -> None:
    """Write one order with its fills, and the signal that it was for."""
    report, shard = order.report, shard_of(order.report.symbol)
    lease = await first(tx, "SELECT epoch FROM leases WHERE lease = $1", shard)
    epoch = lease["epoch"] if lease else 0
    await tx.rows(
        f"INSERT INTO signals (signal_id, account, shard, {rows.TERMS}, max_age_seconds, source,"
        " received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, {now})"
        " ON CONFLICT (signal_id) DO NOTHING",
        order.signal,
        account,
        shard,
        *rows.terms_values(order.terms),
        RECALLED,
    )
    await tx.rows(
        "INSERT INTO orders (order_id, signal_id, attempt, account, shard, epoch, holder,"
        f" {rows.TERMS}, reserved_quote, stamp, dead_after, state, decided_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0, 0, 'unknown',"
        " $14) ON CONFLICT (order_id) DO NOTHING",
        report.order_id,
        order.signal,
        order.attempt,
        account,
        shard,
        epoch,
        RECALLED,
        *rows.terms_values(order.terms),
        order.at,
    )
    await tx.rows(
        "UPDATE orders SET state = $2, reason = $3, venue_order_id = $4, filled_quantity = $5,"
        " answered_at = {now} WHERE order_id = $1",
        report.order_id,
        report.state.value,
        report.reason,
        report.venue_order_id,
        report.filled_quantity,
    )
    await record_fills(account, Writer(RECALLED, epoch, shard), report.fills, tx, held=True)
    fate = FATE_OF.get(report.state)
    if fate is Fate.EXECUTED:
        await tx.rows(
            "UPDATE signals SET fate = $2, reason = '', epoch = $3, fate_at = {now}"
            " WHERE signal_id = $1 AND (fate IS NULL OR fate <> $2)",
            order.signal,
            fate.value,
            epoch,
        )
    elif fate:
        await end_signal(tx, order.signal, fate, report.reason, epoch)
