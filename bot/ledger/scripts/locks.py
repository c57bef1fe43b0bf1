"""What a transaction locks first: the lease that it writes under, and the account."""

from bot.authority.lease import LeaseRow
from bot.authority.lives import Life
from bot.authority.protocol import Rules
from bot.ledger.database import Tx, first
from bot.ledger.outcomes import (
    Writer,
)
from bot.ledger.port import LedgerError


async def schema(tx: Tx) -> tuple[int, int]:
    """Return its version, and the oldest whose code may still write."""
    row = await first(tx, "SELECT version, compatible_since FROM ledger_schema")
    if row is None:
        raise LedgerError("the table ledger_schema is empty: restore a backup")
    return int(row["version"]), int(row["compatible_since"])


async def make_account(tx: Tx, account: str) -> None:
    """Make its row, which transactions that spend its limits lock."""
    await tx.rows("INSERT INTO accounts (account) VALUES ($1) ON CONFLICT DO NOTHING", account)


async def holds(tx: Tx, writer: Writer) -> bool:
    """Say whether this write may commit; the lease's row stays locked until it has.

    A lease of an earlier life counts for nothing: what it decided may be forgotten here.
    """
    row = await first(
        tx,
        "SELECT l.holder, l.epoch, v.life, v.recovered_at, {life} AS seen"
        " FROM leases l, lives v WHERE l.lease = $1 AND v.id = 1 {write_lock}",
        writer.lease,
    )
    if row is None:
        raise LedgerError(f"the row of lease {writer.lease} is gone: restore a backup")
    rules, known = Rules(), Life(row["life"], recovered_at=row["recovered_at"])
    held = LeaseRow(writer.lease, row["epoch"], row["holder"])
    return rules.in_life(known, row["seen"]) and rules.may_write(held, writer.holder, writer.epoch)


async def lock_account(tx: Tx, account: str) -> None:
    """A writer of what shards share waits here, so that nobody waits for anybody twice."""
    await tx.rows("SELECT account FROM accounts WHERE account = $1 {for_update}", account)
