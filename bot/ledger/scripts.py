"""Every transaction of the ledger, in SQL that both databases understand."""

# ruff: noqa: S608 - statements are made of our own words; every value is a parameter

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from bot.authority.lease import LeaseRow
from bot.authority.orders import FATE_OF, Order, Work
from bot.authority.protocol import Rules
from bot.ledger import rows
from bot.ledger.database import Tx, clock, first
from bot.ledger.port import LedgerError, Posted, SignalRecord
from bot.ledger.rows import amount
from bot.trading.orders import LIVE, RESTING, UNRESOLVED, Fill, Report, State, Terms
from bot.trading.positions import Position, fold
from bot.trading.signals import Fate, Signal


def _listed(states: frozenset[State]) -> str:
    return ", ".join(f"'{state.value}'" for state in sorted(states))


_UNRESOLVED, _RESTING, _LIVE = _listed(UNRESOLVED), _listed(RESTING), _listed(LIVE)


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, under which epoch of which lease. No write of trading commits without it."""

    holder: str
    epoch: int
    lease: int


@dataclass(frozen=True, slots=True)
class LiveOrder:
    """An order that may still fill."""

    order_id: str
    terms: Terms
    state: State
    filled_quantity: Decimal
    """Base currency."""
    reserved_quote: Decimal


@dataclass(frozen=True, slots=True)
class Facts:
    """What the account holds, read in the transaction that an intent commits in."""

    positions: dict[str, Position]
    live_orders: tuple[LiveOrder, ...]
    realized_today_quote: Decimal
    orders_last_minute: int


@dataclass(frozen=True, slots=True)
class Approved:
    """Write this intent."""

    terms: Terms
    """On the market's grids."""
    reserved_quote: Decimal


@dataclass(frozen=True, slots=True)
class Refused:
    """End the signal instead."""

    reason: str


class NotWritten(StrEnum):
    """Why neither was written; the signal stays as it is."""

    LEASE = "the lease is not held any more"
    KNOWN = "the order is known, or its signal has its fate"
    LATER = "it cannot be judged now"


Verdict = Approved | Refused | None
"""None: not now; no price is fresh enough to judge by."""
IntentOutcome = Approved | Refused | NotWritten
Judge = Callable[[Facts], Verdict]


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """Whether new risk is refused by the account itself."""

    reason: str | None
    acknowledged_by: str | None = None


async def schema(tx: Tx) -> tuple[int, int]:
    """Return its version, and the oldest whose code may still write."""
    row = await first(tx, "SELECT version, compatible_since FROM ledger_schema")
    if row is None:
        raise LedgerError("the table ledger_schema is empty: restore a backup")
    return int(row["version"]), int(row["compatible_since"])


async def make_account(tx: Tx, account: str) -> None:
    """Make its row, which transactions that spend its limits lock."""
    await tx.rows("INSERT INTO accounts (account) VALUES ($1) ON CONFLICT DO NOTHING", account)


async def holds(tx: Tx, writer: "Writer") -> bool:
    """Say whether this write may commit; the lease's row stays locked until it has."""
    row = await first(
        tx, "SELECT holder, epoch FROM leases WHERE lease = $1 {write_lock}", writer.lease
    )
    if row is None:
        raise LedgerError(f"the row of lease {writer.lease} is gone: restore a backup")
    return Rules().may_write(
        LeaseRow(writer.lease, row["epoch"], row["holder"]), writer.holder, writer.epoch
    )


async def _lock_account(tx: Tx, account: str) -> None:
    """Whoever writes what shards share waits here, so that nobody waits for anybody twice."""
    await tx.rows("SELECT account FROM accounts WHERE account = $1 {for_update}", account)


# Signals.


async def post(account: str, signal: Signal, tx: Tx) -> Posted:
    """Store the signal; a known id stays what it is."""
    stored = await tx.rows(
        f"INSERT INTO signals (signal_id, account, shard, {rows.TERMS}, max_age_seconds, source,"
        " received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, {now})"
        " ON CONFLICT (signal_id) DO NOTHING RETURNING signal_id",
        signal.signal_id,
        account,
        signal.shard,
        *rows.terms_values(signal.terms),
        signal.max_age_seconds,
        signal.source,
    )
    if stored:
        return Posted.STORED
    row = await first(tx, "SELECT * FROM signals WHERE signal_id = $1", signal.signal_id)
    if row is None:
        raise LedgerError(f"signal {signal.signal_id!r} was deleted at this moment; post it again")
    known = rows.signal_of(row)
    same = (known.terms, known.max_age_seconds) == (signal.terms, signal.max_age_seconds)
    return Posted.SAME if same else Posted.CONFLICT


async def find(signal_id: str, tx: Tx) -> SignalRecord | None:
    """Return a signal and its orders."""
    row = await first(tx, "SELECT * FROM signals WHERE signal_id = $1", signal_id)
    if row is None:
        return None
    orders = await tx.rows("SELECT * FROM orders WHERE signal_id = $1 ORDER BY attempt", signal_id)
    return rows.record_of(row, list(orders))


async def close_signal(  # noqa: PLR0913, PLR0917 - a fate, and what it rests on
    writer: Writer, signal_id: str, attempts: int, fate: Fate, reason: str, tx: Tx
) -> bool:
    """Write a fate, once, if no attempt was made since: this may be a write from long ago."""
    if not await holds(tx, writer):
        return False
    await tx.rows("SELECT seq FROM signals WHERE signal_id = $1 {for_update}", signal_id)
    # A statement of its own: it sees what was committed while the row's lock was waited for.
    made = await first(
        tx, "SELECT coalesce(max(attempt), 0) AS n FROM orders WHERE signal_id = $1", signal_id
    )
    if made is None or made["n"] != attempts:
        return False
    await _end_signal(tx, signal_id, fate, reason, writer.epoch)
    return True


async def _end_signal(tx: Tx, signal_id: str, fate: Fate, reason: str, epoch: int) -> None:
    await tx.rows(
        "UPDATE signals SET fate = $2, reason = $3, epoch = $4, fate_at = {now}"
        " WHERE signal_id = $1 AND fate IS NULL",
        signal_id,
        fate.value,
        reason,
        epoch,
    )


# Orders.


async def busy_shards(account: str, tx: Tx) -> set[int]:
    """Shards with a pending signal or an unresolved order."""
    found = await tx.rows(
        "SELECT DISTINCT shard FROM signals WHERE fate IS NULL AND account = $1"
        f" UNION SELECT DISTINCT shard FROM orders WHERE state IN ({_UNRESOLVED})"
        " AND account = $1",
        account,
    )
    return {int(row["shard"]) for row in found}


async def read_work(account: str, shard: int, tx: Tx) -> Work:
    """What is unresolved here, whoever left it; the oldest signal."""
    unresolved = await tx.rows(
        f"SELECT * FROM orders WHERE state IN ({_UNRESOLVED}) AND account = $1"
        " AND shard = $2 ORDER BY seq",
        account,
        shard,
    )
    signal = await first(
        tx,
        "SELECT s.*, {now} AS now, (SELECT coalesce(max(attempt), 0) FROM orders o"
        " WHERE o.signal_id = s.signal_id) AS attempts FROM signals s"
        " WHERE fate IS NULL AND account = $1 AND shard = $2 ORDER BY seq LIMIT 1",
        account,
        shard,
    )
    return Work(
        unresolved=tuple(rows.order_of(row) for row in unresolved),
        signal=rows.pending_of(signal) if signal else None,
        attempts=int(signal["attempts"]) if signal else 0,
        now=float(signal["now"]) if signal else 0.0,
    )


async def facts(account: str, tx: Tx) -> Facts:
    """Read what the account holds."""
    positions = await tx.rows("SELECT * FROM positions WHERE account = $1", account)
    live = await tx.rows(
        f"SELECT * FROM orders WHERE state IN ({_LIVE}) AND account = $1",
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
        positions={row["symbol"]: position_of(row) for row in positions},
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


async def commit_intent(account: str, order: Order, judge: Judge, tx: Tx) -> IntentOutcome:
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
    verdict = judge(await facts(account, tx))
    if verdict is None:
        return NotWritten.LATER
    if isinstance(verdict, Refused):
        await _end_signal(tx, order.signal, Fate.REFUSED, verdict.reason, order.epoch)
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


async def record(account: str, writer: Writer, order: Order, report: Report | None, tx: Tx) -> bool:
    """Write what became of an order. What has ended stays ended; its fills are taken anyway."""
    if not await holds(tx, writer):
        return False
    await tx.rows(
        "UPDATE orders SET state = $2, reason = $3, venue_order_id = $4, filled_quantity = $5,"
        f" answered_at = {{now}} WHERE order_id = $1 AND state IN ({_LIVE})",
        order.order_id,
        order.state.value,
        report.reason if report else "",
        report.venue_order_id if report else "",
        report.filled_quantity if report else Decimal(0),
    )
    if report and report.fills:
        await record_fills(account, writer, report.fills, tx, held=True)
    if fate := FATE_OF.get(order.state):
        reason = report.reason if report else ""
        await _end_signal(tx, order.signal, fate, reason, writer.epoch)
    return True


async def record_fills(
    account: str, writer: Writer, fills: Sequence[Fill], tx: Tx, *, held: bool = False
) -> int | None:
    """Write fills, each once, and bring the positions up to them."""
    if not held and not await holds(tx, writer):
        return None
    if fills:
        await _lock_account(tx, account)
    new = 0
    for fill in sorted(fills, key=lambda fill: fill.key):
        new += await _record_fill(account, writer, fill, tx)
    return new


async def _record_fill(account: str, writer: Writer, fill: Fill, tx: Tx) -> int:
    shard = Signal("", Terms(fill.symbol, fill.side, fill.quantity), 0.0, "").shard
    written = await tx.rows(
        "INSERT INTO fills (symbol, trade_id, order_id, account, shard, epoch, side, quantity,"
        " price, fee, fee_currency, at_us, recorded_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, {now})"
        " ON CONFLICT (account, symbol, trade_id) DO NOTHING RETURNING trade_id",
        fill.symbol,
        fill.trade_id,
        fill.order_id,
        account,
        shard,
        writer.epoch,
        fill.side.value,
        fill.quantity,
        fill.price,
        fill.fee,
        fill.fee_currency,
        fill.at_us,
    )
    if not written:
        return 0
    row = await first(
        tx,
        "SELECT * FROM positions WHERE account = $1 AND symbol = $2 {for_update}",
        account,
        fill.symbol,
    )
    before = position_of(row) if row else Position(fill.symbol)
    if before.takes(fill):
        after = before.after(fill)
    else:
        known = await tx.rows(
            "SELECT * FROM fills WHERE account = $1 AND symbol = $2", account, fill.symbol
        )
        after = fold(fill.symbol, [rows.fill_of(row) for row in known])
    await _write_position(account, shard, writer.epoch, after, tx)
    await _add_to_flows(account, fill, tx)
    realized = after.realized_quote - before.realized_quote
    if realized:
        await _add_to_day(account, day_of(fill.at_us / 1e6), realized, tx)
    return 1


async def _write_position(account: str, shard: int, epoch: int, after: Position, tx: Tx) -> None:
    await tx.rows(
        "INSERT INTO positions (account, symbol, shard, epoch, quantity, average_price,"
        " realized_quote, fees_quote, last_at_us, last_trade_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " ON CONFLICT (account, symbol) DO UPDATE SET epoch = excluded.epoch,"
        " quantity = excluded.quantity, average_price = excluded.average_price,"
        " realized_quote = excluded.realized_quote, fees_quote = excluded.fees_quote,"
        " last_at_us = excluded.last_at_us, last_trade_id = excluded.last_trade_id",
        account,
        after.symbol,
        shard,
        epoch,
        after.quantity,
        after.average_price,
        after.realized_quote,
        after.fees_quote,
        after.last_key[0],
        after.last_key[2],
    )


async def _add_to_flows(account: str, fill: Fill, tx: Tx) -> None:
    base, _, quote = fill.symbol.partition("/")
    moved = {base: fill.signed_quantity}
    moved[quote] = moved.get(quote, Decimal(0)) - fill.signed_quantity * fill.price
    if fill.fee:
        moved[fill.fee_currency] = moved.get(fill.fee_currency, Decimal(0)) - fill.fee
    for currency, change in sorted(moved.items()):
        row = await first(
            tx,
            "SELECT quantity FROM flows WHERE account = $1 AND currency = $2 {for_update}",
            account,
            currency,
        )
        await tx.rows(
            "INSERT INTO flows (account, currency, quantity) VALUES ($1, $2, $3)"
            " ON CONFLICT (account, currency) DO UPDATE SET quantity = excluded.quantity",
            account,
            currency,
            change + (amount(row["quantity"]) if row else 0),
        )


async def _add_to_day(account: str, day: str, realized: Decimal, tx: Tx) -> None:
    row = await first(
        tx,
        "SELECT realized_quote FROM days WHERE account = $1 AND day = $2 {for_update}",
        account,
        day,
    )
    await tx.rows(
        "INSERT INTO days (account, day, realized_quote) VALUES ($1, $2, $3)"
        " ON CONFLICT (account, day) DO UPDATE SET realized_quote = excluded.realized_quote",
        account,
        day,
        realized + (amount(row["realized_quote"]) if row else 0),
    )


async def resting(account: str, tx: Tx) -> Sequence[Order]:
    """Return the orders that rest at the venue."""
    found = await tx.rows(
        f"SELECT * FROM orders WHERE state IN ({_RESTING}) AND account = $1 ORDER BY seq",
        account,
    )
    return [rows.order_of(row) for row in found]


async def fills(account: str, since_us: int, tx: Tx) -> Sequence[Fill]:
    """Return the fills from this venue time on."""
    found = await tx.rows(
        "SELECT * FROM fills WHERE account = $1 AND at_us >= $2 ORDER BY at_us", account, since_us
    )
    return [rows.fill_of(row) for row in found]


async def fills_known_to_us(account: str, tx: Tx) -> int | None:
    """Return the venue time up to which every fill is here: older ones need no second look.

    The newest fill, or the oldest order that may still fill if that is older; None without either.
    """
    newest = await first(tx, "SELECT max(at_us) AS at FROM fills WHERE account = $1", account)
    oldest = await first(
        tx,
        f"SELECT min(decided_at) AS at FROM orders WHERE state IN ({_LIVE}) AND account = $1",
        account,
    )
    known = [int(newest["at"])] if newest and newest["at"] is not None else []
    if oldest and oldest["at"] is not None:
        known.append(int(oldest["at"] * 1_000_000))
    return min(known, default=None)


async def net_by_currency(account: str, tx: Tx) -> dict[str, Decimal]:
    """Return what all fills moved: base, quote and fees."""
    found = await tx.rows("SELECT currency, quantity FROM flows WHERE account = $1", account)
    return {row["currency"]: amount(row["quantity"]) for row in found}


async def orders_by_state(account: str, tx: Tx) -> dict[State, int]:
    """Count the live ones; what has ended is counted as it ends (a table grows for ever)."""
    found = await tx.rows(
        f"SELECT state, count(*) AS n FROM orders WHERE account = $1 AND state IN ({_LIVE})"
        " GROUP BY state",
        account,
    )
    return {State(row["state"]): int(row["n"]) for row in found}


async def signals_pending(account: str, tx: Tx) -> int:
    """Count the signals without a fate."""
    row = await first(
        tx, "SELECT count(*) AS n FROM signals WHERE account = $1 AND fate IS NULL", account
    )
    return int(row["n"]) if row else 0


# The account.


async def baselines(account: str, tx: Tx) -> dict[str, Decimal]:
    """Return them by currency."""
    found = await tx.rows("SELECT currency, quantity FROM baselines WHERE account = $1", account)
    return {row["currency"]: amount(row["quantity"]) for row in found}


async def set_baselines(
    account: str, writer: Writer, quantities: dict[str, Decimal], tx: Tx
) -> bool:
    """Write those that are not known yet."""
    if not await holds(tx, writer):
        return False
    for currency, quantity in quantities.items():
        await tx.rows(
            "INSERT INTO baselines (account, currency, quantity) VALUES ($1, $2, $3)"
            " ON CONFLICT DO NOTHING",
            account,
            currency,
            quantity,
        )
    return True


async def read_only(account: str, tx: Tx) -> ReadOnly:
    """Return whether the account refuses new risk."""
    row = await first(tx, "SELECT * FROM accounts WHERE account = $1", account)
    return ReadOnly(row["read_only_reason"], row["acknowledged_by"]) if row else ReadOnly(None)


async def set_read_only(account: str, reason: str, tx: Tx) -> None:
    """Set it; an earlier reason stays."""
    await tx.rows(
        "UPDATE accounts SET read_only_reason = $2, read_only_at = {now}"
        " WHERE account = $1 AND read_only_reason IS NULL",
        account,
        reason,
    )


async def acknowledge(account: str, by: str, tx: Tx) -> None:
    """Keep who says that the reason is dealt with; read-only ends after the next clean look."""
    await tx.rows(
        "UPDATE accounts SET acknowledged_by = $2, acknowledged_at = {now} WHERE account = $1",
        account,
        by,
    )


async def leave_read_only(account: str, tx: Tx) -> bool:
    """End it if someone acknowledged it since it began; say whether it ended."""
    ended = await tx.rows(
        "UPDATE accounts SET read_only_reason = NULL WHERE account = $1"
        " AND read_only_reason IS NOT NULL AND acknowledged_at > read_only_at RETURNING account",
        account,
    )
    return bool(ended)


async def purge(account: str, older_than_seconds: float, tx: Tx) -> int:
    """Delete what ended long ago."""
    before = await clock(tx) - older_than_seconds
    gone = await tx.rows(
        "DELETE FROM signals WHERE account = $1 AND fate_at < $2 AND NOT EXISTS (SELECT 1"
        f" FROM orders o WHERE o.signal_id = signals.signal_id AND o.state IN ({_LIVE}))"
        " RETURNING signal_id",
        account,
        before,
    )
    await tx.rows(
        "DELETE FROM orders WHERE account = $1 AND decided_at < $2 AND NOT EXISTS"
        " (SELECT 1 FROM signals s WHERE s.signal_id = orders.signal_id)"
        f" AND state NOT IN ({_LIVE})",
        account,
        before,
    )
    return len(gone)


def day_of(seconds: float) -> str:
    """Return the UTC day of this time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def position_of(row: rows.Row) -> Position:
    """Return a snapshot."""
    trade = row["last_trade_id"]
    return Position(
        symbol=row["symbol"],
        quantity=amount(row["quantity"]),
        average_price=amount(row["average_price"]),
        realized_quote=amount(row["realized_quote"]),
        fees_quote=amount(row["fees_quote"]),
        last_key=(row["last_at_us"], int(trade) if trade.isdecimal() else 0, trade),
    )
