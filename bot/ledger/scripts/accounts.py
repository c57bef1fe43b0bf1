"""What belongs to the account as a whole: baselines, and whether it is read-only."""

from decimal import Decimal

from bot.ledger.database import Tx, first
from bot.ledger.outcomes import (
    ReadOnly,
    Writer,
)
from bot.ledger.rows import amount
from bot.ledger.scripts.locks import holds


async def baselines(account: str, tx: Tx) -> dict[str, Decimal]:
    """Return them by currency."""
    records = await tx.rows("SELECT currency, quantity FROM baselines WHERE account = $1", account)
    return {row["currency"]: amount(row["quantity"]) for row in records}


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
