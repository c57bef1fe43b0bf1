"""Orders: intents under a lease, and what became of them."""

# ruff: noqa: S608 - statements are made of our own words; every value is a parameter

from collections.abc import Sequence
from decimal import Decimal

from bot.authority.orders import FATE_OF, Order, Work
from bot.ledger import rows
from bot.ledger.database import Tx, clock, first
from bot.ledger.outcomes import (
    Facts,
    IntentCheck,
    IntentOutcome,
    LiveOrder,
    NotWritten,
    Refused,
    Writer,
    Written,
)
from bot.ledger.port import LedgerError
from bot.ledger.rows import LIVE_STATES, RESTING_STATES, UNRESOLVED_STATES, amount
from bot.ledger.scripts.inbox import end_signal
from bot.ledger.scripts.locks import holds
from bot.ledger.scripts.positions import day_of, record_fills
from bot.trading.orders import Report, State
from bot.trading.signals import Fate

IDS_AT_ONCE = 500
"""Parameters of one statement: SQLite takes a thousand."""


async def busy_shards(account: str, tx: Tx) -> set[int]:
    """Shards with a pending signal or an unresolved order."""
    records = await tx.rows(
        "SELECT DISTINCT shard FROM signals WHERE fate IS NULL AND account = $1"
        f" UNION SELECT DISTINCT shard FROM orders WHERE state IN ({UNRESOLVED_STATES})"
        " AND account = $1",
        account,
    )
    return {int(row["shard"]) for row in records}


async def read_work(account: str, shard: int, tx: Tx) -> Work:
    """What is unresolved here, no matter who left it; the oldest signal."""
    unresolved = await tx.rows(
        f"SELECT * FROM orders WHERE state IN ({UNRESOLVED_STATES}) AND account = $1"
        " AND shard = $2 ORDER BY seq",
        account,
        shard,
    )
    signal = await first(
        tx,
        "SELECT s.*, {now} AS now, (SELECT coalesce(max(attempt), 0) FROM orders o"
        " WHERE o.signal_id = s.signal_id) AS attempts,"
        " (SELECT recovered_at FROM lives WHERE id = 1) AS recovered_at FROM signals s"
        " WHERE fate IS NULL AND account = $1 AND shard = $2 ORDER BY seq LIMIT 1",
        account,
        shard,
    )
    return Work(
        unresolved=tuple(rows.order_of(row) for row in unresolved),
        signal=rows.pending_of(signal) if signal else None,
        attempts=int(signal["attempts"]) if signal else 0,
        now=float(signal["now"]) if signal else 0.0,
        recovered_at=float(signal["recovered_at"] or 0.0) if signal else 0.0,
    )


async def facts(account: str, tx: Tx) -> Facts:
    """Read what the account holds."""
    positions = await tx.rows("SELECT * FROM positions WHERE account = $1", account)
    live = await tx.rows(
        f"SELECT * FROM orders WHERE state IN ({LIVE_STATES}) AND account = $1",
        account,
    )
    numbers = await first(
        tx,
        "SELECT {now} AS now, (SELECT count(*) FROM orders WHERE account = $1"
        " AND decided_at > {now} - 60.0) AS recent, d.day, d.realized_quote"
        " FROM accounts a LEFT JOIN days d ON d.account = a.account AND d.day ="
        " (SELECT max(day) FROM days WHERE account = $1) WHERE a.account = $1",
        account,
    )
    if numbers is None:
        raise LedgerError(f"account {account!r} has no row: restore a backup")
    today = numbers["day"] == day_of(numbers["now"])
    return Facts(
        positions={row["symbol"]: rows.position_of(row) for row in positions},
        live_orders=tuple(
            LiveOrder(
                order_id=row["order_id"],
                terms=rows.terms_of(row),
                state=State(row["state"]),
                filled_quantity=amount(row["filled_quantity"]),
                reserved_quote=amount(row["reserved_quote"]),
            )
            for row in live
        ),
        realized_today_quote=amount(numbers["realized_quote"]) if today else Decimal(0),
        orders_last_minute=int(numbers["recent"]),
    )


async def commit_intent(account: str, order: Order, check: IntentCheck, tx: Tx) -> IntentOutcome:
    """Lease, then account: both locked until the intent is committed, whichever pod trades."""
    if not await holds(tx, Writer(order.holder, order.epoch, order.shard)):
        return NotWritten.LEASE
    # Only who holds the lease ends signals, so waiting for the account makes this no older.
    pending = await tx.rows(
        "SELECT a.account FROM accounts a, signals s WHERE a.account = $1 AND s.signal_id = $2"
        " AND s.fate IS NULL {for_update}",
        account,
        order.signal,
    )
    if not pending:
        return NotWritten.KNOWN
    verdict = check(await facts(account, tx))
    if verdict is None:
        return NotWritten.LATER
    if isinstance(verdict, Refused):
        await end_signal(tx, order.signal, Fate.REFUSED, verdict.reason, order.epoch)
        return verdict
    written = await tx.rows(
        "INSERT INTO orders (order_id, signal_id, attempt, account, shard, epoch, holder,"
        f" {rows.TERMS}, reserved_quote, stamp, dead_after, state, decided_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
        " {now}) ON CONFLICT (order_id) DO NOTHING RETURNING order_id",
        order.order_id,
        order.signal,
        order.attempt,
        account,
        order.shard,
        order.epoch,
        order.holder,
        *rows.terms_values(verdict.terms),
        verdict.reserved_quote,
        order.stamp,
        order.dead_after,
        State.INTENT.value,
    )
    return verdict if written else NotWritten.KNOWN


async def record(
    account: str, writer: Writer, order: Order, report: Report | None, tx: Tx
) -> Written | None:
    """Write what became of an order. What has ended stays ended; its fills are taken anyway."""
    if not await holds(tx, writer):
        return None
    updated = await tx.rows(
        "UPDATE orders SET state = $2, reason = $3,"
        " venue_order_id = coalesce($4, venue_order_id),"
        " filled_quantity = coalesce($5, filled_quantity), dead_after = $6,"
        f" answered_at = {{now}} WHERE order_id = $1 AND state IN ({LIVE_STATES})"
        " RETURNING order_id",
        order.order_id,
        order.state.value,
        report.reason if report else "",
        report.venue_order_id if report else None,
        report.filled_quantity if report else None,
        order.dead_after,
    )
    written: Written | None = Written()
    if report and report.fills:
        ours = {row["order_id"] for row in updated}
        written = await record_fills(account, writer, report.fills, tx, held=True, ours=ours)
    if fate := FATE_OF.get(order.state):
        reason = report.reason if report else ""
        await end_signal(tx, order.signal, fate, reason, writer.epoch)
    return written


async def resting(account: str, tx: Tx) -> Sequence[Order]:
    """Return the orders that rest at the venue."""
    records = await tx.rows(
        f"SELECT * FROM orders WHERE state IN ({RESTING_STATES}) AND account = $1 ORDER BY seq",
        account,
    )
    return [rows.order_of(row) for row in records]


async def orders_known_to_us(account: str, tx: Tx) -> int | None:
    """Return the time (microseconds) before which every order is here as it ended; None: no order.

    Of the newest order, or of the oldest that may still fill; by the clock that it was decided by.
    """
    row = await first(
        tx,
        "SELECT coalesce(min(CASE WHEN state IN (" + LIVE_STATES + ") THEN stamp END), max(stamp))"
        " AS at FROM orders WHERE account = $1 AND stamp > 0",
        account,
    )
    return None if row is None or row["at"] is None else int(row["at"] * 1_000_000)


async def states(order_ids: Sequence[str], tx: Tx) -> dict[str, State]:
    """Return the state of each of these orders that is here."""
    known: dict[str, State] = {}
    for some in (order_ids[n : n + IDS_AT_ONCE] for n in range(0, len(order_ids), IDS_AT_ONCE)):
        listed = ", ".join(f"${number}" for number in range(1, len(some) + 1))
        records = await tx.rows(
            f"SELECT order_id, state FROM orders WHERE order_id IN ({listed})", *some
        )
        known |= {row["order_id"]: State(row["state"]) for row in records}
    return known


async def recall(account: str, writer: Writer, order: Order, report: Report, tx: Tx) -> bool:
    """Write an order that the venue has and the ledger had forgotten, or had called lost."""
    if not await holds(tx, writer):
        return False
    if order.terms is None:
        raise TypeError(f"order {order.order_id} has no terms")
    await tx.rows(
        "INSERT INTO orders (order_id, signal_id, attempt, account, shard, epoch, holder,"
        f" {rows.TERMS}, reserved_quote, stamp, dead_after, state, decided_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0, 0, $14, {now})"
        " ON CONFLICT (order_id) DO NOTHING",
        order.order_id,
        order.signal,
        order.attempt,
        account,
        order.shard,
        writer.epoch,
        writer.holder,
        *rows.terms_values(order.terms),
        State.UNKNOWN.value,
    )
    await tx.rows(
        "UPDATE orders SET state = $2 WHERE order_id = $1 AND state = $3",
        order.order_id,
        State.UNKNOWN.value,
        State.LOST.value,
    )
    return await record(account, writer, order, report, tx) is not None


async def orders_by_state(account: str, tx: Tx) -> dict[State, int]:
    """Count the live ones; what has ended is counted as it ends (a table grows for ever)."""
    records = await tx.rows(
        f"SELECT state, count(*) AS n FROM orders WHERE account = $1 AND state IN ({LIVE_STATES})"
        " GROUP BY state",
        account,
    )
    return {State(row["state"]): int(row["n"]) for row in records}


async def purge(account: str, older_than_seconds: float, tx: Tx) -> int:
    """Delete what ended long ago."""
    before = await clock(tx) - older_than_seconds
    gone = await tx.rows(
        "DELETE FROM signals WHERE account = $1 AND fate_at < $2 AND NOT EXISTS (SELECT 1"
        f" FROM orders o WHERE o.signal_id = signals.signal_id AND o.state IN ({LIVE_STATES}))"
        " RETURNING signal_id",
        account,
        before,
    )
    await tx.rows(
        "DELETE FROM orders WHERE account = $1 AND decided_at < $2 AND NOT EXISTS"
        " (SELECT 1 FROM signals s WHERE s.signal_id = orders.signal_id)"
        f" AND state NOT IN ({LIVE_STATES})",
        account,
        before,
    )
    return len(gone)
