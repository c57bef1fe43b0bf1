"""A fill of an order that was called lost: its row tells the truth, and new risk stops."""

from bot.ledger import rows
from bot.ledger.database import Row, Tx, first
from bot.ledger.outcomes import Incident
from bot.ledger.rows import amount
from bot.ledger.scripts.inbox import end_signal
from bot.trading.orders import ZERO, Fill, State
from bot.trading.signals import Fate

WAS_LOST = "was called lost, and was filled"


async def note(account: str, fill: Fill, epoch: int, tx: Tx) -> list[Incident]:
    """Write what became of the lost order, in the transaction that wrote its fill.

    A part may rest at the venue: reconciliation asks, as of every order that is partially filled.
    """
    order = await first(tx, "SELECT * FROM orders WHERE order_id = $1", fill.order_id)
    if order is None:
        return []
    traded = await tx.rows("SELECT quantity FROM fills WHERE order_id = $1", fill.order_id)
    filled = sum((amount(row["quantity"]) for row in traded), ZERO)
    whole = filled >= rows.terms_of(order).quantity
    state = State.FILLED if whole else State.PARTIALLY_FILLED
    await tx.rows(
        "UPDATE orders SET state = $2, filled_quantity = $3, reason = $4, answered_at = {now}"
        " WHERE order_id = $1",
        fill.order_id,
        state.value,
        filled,
        WAS_LOST,
    )
    await end_signal(tx, order["signal_id"], Fate.EXECUTED, "", epoch)
    incident = Incident(fill.order_id, await _after(order, tx), fill.trade_id)
    await _stop(account, incident.reason, tx)
    return [incident]


async def _after(order: Row, tx: Tx) -> str | None:
    """Return the attempt that was made because this one was called lost."""
    row = await first(
        tx,
        "SELECT order_id FROM orders WHERE signal_id = $1 AND attempt > $2"
        " ORDER BY attempt LIMIT 1",
        order["signal_id"],
        order["attempt"],
    )
    return row["order_id"] if row else None


async def _stop(account: str, reason: str, tx: Tx) -> None:
    """Refuse new risk; unlike a difference it is added to an earlier reason."""
    await tx.rows(
        "UPDATE accounts SET read_only_at = {now}, read_only_reason ="
        " CASE WHEN read_only_reason IS NULL THEN CAST($2 AS text)"
        " ELSE read_only_reason || '; ' || CAST($2 AS text) END WHERE account = $1",
        account,
        reason,
    )
