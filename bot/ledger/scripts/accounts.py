"""What belongs to the account as a whole: baselines, and whether it is read-only."""

from decimal import Decimal

from bot.ledger.database import Tx, first
from bot.ledger.outcomes import (
    ReadOnly,
    Writer,
)
from bot.ledger.rows import amount
from bot.ledger.scripts.locks import holds
from bot.ledger.scripts.positions import fills
from bot.trading.differences import Expected


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


async def expected(account: str, fills_since_us: int, tx: Tx) -> Expected:
    """Return what the account should own of each currency that was ever compared."""
    # The fills first: one that comes in between is in the totals, and taken back from none.
    recent = await fills(account, fills_since_us, tx)
    base = await baselines(account, tx)
    booked = await tx.rows(
        "SELECT seq, currency, quantity FROM bookings WHERE account = $1", account
    )
    flowed = await tx.rows("SELECT currency, quantity FROM flows WHERE account = $1", account)
    moved: dict[str, Decimal] = {}
    for row in (*flowed, *booked):
        name = row["currency"]
        moved[name] = moved.get(name, Decimal(0)) + amount(row["quantity"])
    return Expected(
        totals={name: held + moved.get(name, Decimal(0)) for name, held in base.items()},
        moved=moved,
        fills=recent,
        bookings=max((int(row["seq"]) for row in booked), default=0),
    )


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
