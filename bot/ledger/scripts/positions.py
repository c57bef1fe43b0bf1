"""Fills, each once, and what is folded from them: positions, flows, the day's result."""

# ruff: noqa: S608 - statements are made of our own words; every value is a parameter

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from bot.ledger import rows
from bot.ledger.database import Tx, first
from bot.ledger.outcomes import (
    Incident,
    Writer,
    Written,
)
from bot.ledger.rows import LIVE_STATES, amount
from bot.ledger.scripts import incidents
from bot.ledger.scripts.locks import holds, lock_account
from bot.trading.orders import Fill, State, Terms
from bot.trading.positions import Position, fold, moves_of
from bot.trading.signals import Signal


async def record_fills(  # noqa: PLR0913 - the last two spare a caller what it has done
    account: str,
    writer: Writer,
    fills: Sequence[Fill],
    tx: Tx,
    *,
    held: bool = False,
    ours: Collection[str] = (),
) -> Written | None:
    """Write fills of our orders, each once, and bring the positions up to them.

    `held`: the lease is known to be; `ours`: orders that are known to be here.

    Returns:
        What was not written, because its order is not here; None without the lease.
    """
    if not held and not await holds(tx, writer):
        return None
    if fills:
        await lock_account(tx, account)
    # An order is written before it is sent: what a venue fills of ours is here.
    foreign = await unknown_orders(account, {fill.order_id for fill in fills}.difference(ours), tx)
    noted: list[Incident] = []
    for fill in sorted(fills, key=lambda fill: fill.key):
        if fill.order_id in foreign:
            continue
        if await _record_fill(account, writer, fill, tx) == State.LOST:
            noted += await incidents.note(account, fill, writer.epoch, tx)
    return Written(tuple(fill for fill in fills if fill.order_id in foreign), tuple(noted))


async def unknown_orders(account: str, order_ids: Collection[str], tx: Tx) -> set[str]:
    """Return those that the ledger never had; an order that was deleted has left its fills."""
    unknown: set[str] = set()
    for order_id in sorted(order_ids):
        known = await tx.rows(
            "SELECT order_id FROM orders WHERE order_id = $1 AND account = $2"
            " UNION SELECT order_id FROM fills WHERE order_id = $1 AND account = $2",
            order_id,
            account,
        )
        if not known:
            unknown.add(order_id)
    return unknown


async def _record_fill(account: str, writer: Writer, fill: Fill, tx: Tx) -> str | None:
    """Return the state that its order has, empty without one; None: the fill was known."""
    shard = Signal("", Terms(fill.symbol, fill.side, fill.quantity), 0.0, "").shard
    written = await tx.rows(
        "INSERT INTO fills (symbol, trade_id, order_id, account, shard, epoch, side, quantity,"
        " price, fee, fee_currency, at_us, recorded_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, {now})"
        " ON CONFLICT (account, symbol, trade_id) DO NOTHING RETURNING"
        " (SELECT state FROM orders o WHERE o.order_id = fills.order_id) AS order_state",
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
        return None
    row = await first(
        tx,
        "SELECT * FROM positions WHERE account = $1 AND symbol = $2 {for_update}",
        account,
        fill.symbol,
    )
    before = rows.position_of(row) if row else Position(fill.symbol)
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
    return written[0]["order_state"] or ""


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
    for currency, change in sorted(moves_of(fill).items()):
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


async def fills(account: str, since_us: int, tx: Tx) -> Sequence[Fill]:
    """Return the fills from this venue time on."""
    records = await tx.rows(
        "SELECT * FROM fills WHERE account = $1 AND at_us >= $2 ORDER BY at_us", account, since_us
    )
    return [rows.fill_of(row) for row in records]


async def fills_known_to_us(account: str, tx: Tx) -> int | None:
    """Return the venue time up to which every fill is here: older ones need no second look.

    The newest fill, or the oldest order that may still fill if that is older; None without either.
    """
    newest = await first(tx, "SELECT max(at_us) AS at FROM fills WHERE account = $1", account)
    oldest = await first(
        tx,
        f"SELECT min(decided_at) AS at FROM orders WHERE state IN ({LIVE_STATES}) AND account = $1",
        account,
    )
    known = [int(newest["at"])] if newest and newest["at"] is not None else []
    if oldest and oldest["at"] is not None:
        known.append(int(oldest["at"] * 1_000_000))
    return min(known, default=None)


def day_of(seconds: float) -> str:
    """Return the UTC day of this time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
