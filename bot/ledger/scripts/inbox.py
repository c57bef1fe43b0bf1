"""Signals: stored once, and each ended by exactly one fate."""

# ruff: noqa: S608 - statements are made of our own words; every value is a parameter

from bot.authority.client_ids import name_in_order_ids
from bot.ledger import rows
from bot.ledger.database import Tx, first
from bot.ledger.outcomes import (
    Writer,
)
from bot.ledger.port import LedgerError, Posted, SignalRecord
from bot.ledger.scripts.locks import holds
from bot.trading.signals import Fate, Signal

RECALLED = "the venue"
"""Source of a signal that the ledger had forgotten, and the venue had an order of."""


async def post(account: str, signal: Signal, tx: Tx) -> Posted:
    """Store the signal; a known id stays what it is.

    What only the venue remembered is known by what its orders are called.
    """
    short = name_in_order_ids(signal.signal_id)
    if short != signal.signal_id and await _is_recalled(short, tx):
        return Posted.SAME
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
    same = known.source == RECALLED or (
        (known.terms, known.max_age_seconds) == (signal.terms, signal.max_age_seconds)
    )
    return Posted.SAME if same else Posted.CONFLICT


async def _is_recalled(short: str, tx: Tx) -> bool:
    row = await first(
        tx, "SELECT 1 AS n FROM signals WHERE signal_id = $1 AND source = $2", short, RECALLED
    )
    return row is not None


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
    await end_signal(tx, signal_id, fate, reason, writer.epoch)
    return True


async def end_signal(tx: Tx, signal_id: str, fate: Fate, reason: str, epoch: int) -> None:
    """Write its fate, unless it has one."""
    await tx.rows(
        "UPDATE signals SET fate = $2, reason = $3, epoch = $4, fate_at = {now}"
        " WHERE signal_id = $1 AND fate IS NULL",
        signal_id,
        fate.value,
        reason,
        epoch,
    )


async def signals_pending(account: str, tx: Tx) -> int:
    """Count the signals without a fate."""
    row = await first(
        tx, "SELECT count(*) AS n FROM signals WHERE account = $1 AND fate IS NULL", account
    )
    return int(row["n"]) if row else 0
