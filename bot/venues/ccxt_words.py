"""From ccxt's structures to the bot's words. Pure; amounts come as texts and stay exact.

Whatever is missing or malformed raises a KeyError, TypeError or ArithmeticError: not understood.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from bot.trading.markets import Market
from bot.trading.orders import ZERO, Fill, Lifetime, Report, Side, State, Terms
from bot.venues.ccxt_types import Json
from bot.venues.port import Balance

_ENDED = {
    "closed": State.FILLED,
    "canceled": State.CANCELLED,
    "expired": State.CANCELLED,
    "rejected": State.REJECTED,
}
_OPEN = frozenset({"open", "canceling"})


def market(shown: Json) -> Market:
    """Return a market with its grids."""
    amount, cost = shown["limits"]["amount"], shown["limits"]["cost"]
    return Market(
        symbol=shown["symbol"],
        base=shown["base"],
        quote=shown["quote"],
        tick=Decimal(shown["precision"]["price"]),
        lot=Decimal(shown["precision"]["amount"]),
        min_quantity=_amount(amount["min"]),
        max_quantity=None if amount["max"] is None else Decimal(amount["max"]),
        min_notional=_amount(cost["min"]),
    )


def report(shown: Json, fills: Iterable[Fill] = ()) -> Report:
    """Return an order. Of fills and what it says is filled, the larger: one is older."""
    status, known_fills = shown["status"], tuple(fills)
    filled = max(_amount(shown["filled"]), sum((fill.quantity for fill in known_fills), ZERO))
    if status in _OPEN:
        state = State.PARTIALLY_FILLED if filled else State.ACKED
    else:
        state = _ENDED[status]
    return Report(
        order_id=shown["clientOrderId"],
        symbol=shown["symbol"],
        state=state,
        venue_order_id=str(shown["id"]),
        filled_quantity=filled,
        fills=known_fills,
        reason=f"{status} at the venue" if state in _WITH_REASON else "",
        terms=_terms(shown),
        at_us=int(shown.get("timestamp") or 0) * 1000,
    )


def _terms(shown: Json) -> Terms | None:
    """Return what an order asks for; None where the answer does not say."""
    side, quantity = shown.get("side"), shown.get("amount")
    if not side or not quantity:
        return None
    limit = Decimal(shown["price"]) if shown.get("type") == "limit" else None
    at_once = shown.get("timeInForce") == "IOC"
    return Terms(
        symbol=shown["symbol"],
        side=Side(side),
        quantity=Decimal(quantity),
        limit_price=limit,
        lifetime=Lifetime.IMMEDIATE_OR_CANCEL if at_once else Lifetime.GOOD_TILL_CANCELLED,
    )


_WITH_REASON = frozenset({State.CANCELLED, State.REJECTED})


def resting(shown: Json) -> Report:
    """Return an order of a list of open ones, which may be anybody's and of a kind unknown here."""
    filled, price = _amount(shown["filled"]), _amount(shown["price"])
    terms = Terms(
        symbol=shown["symbol"],
        side=Side(shown["side"]),
        quantity=_amount(shown["amount"]),
        limit_price=price or None,
    )
    return Report(
        order_id=shown["clientOrderId"],
        symbol=shown["symbol"],
        state=State.PARTIALLY_FILLED if filled else State.ACKED,
        venue_order_id=str(shown["id"]),
        filled_quantity=filled,
        terms=terms,
    )


def placed(shown: Json) -> Report:
    """Return an order as it was answered to its placing: with its fills."""
    trades = shown.get("trades") or ()
    fills = (fill(trade, shown["clientOrderId"], shown) for trade in trades)
    return report(shown, fills)


def fill(trade: Json, order_id: str, order: Json | None = None) -> Fill:
    """Return a trade; what an answer to a placing leaves out of it is its order's."""
    whole = {**(order or {}), **{key: value for key, value in trade.items() if value is not None}}
    fee: Mapping[str, str | None] = trade.get("fee") or {}
    return Fill(
        trade_id=str(trade["id"]),
        order_id=order_id,
        symbol=whole["symbol"],
        side=Side(whole["side"]),
        quantity=Decimal(trade["amount"]),
        price=Decimal(trade["price"]),
        at_us=int(whole["timestamp"]) * 1000,
        fee=_amount(fee.get("cost")),
        fee_currency=fee.get("currency") or "",
    )


def balances(shown: Json) -> Mapping[str, Balance]:
    """Return what the account holds, by currency."""
    free, used = shown["free"], shown["used"]
    return {name: Balance(_amount(free[name]), _amount(used[name])) for name in free}


def _amount(text: str | None) -> Decimal:
    return ZERO if text is None else Decimal(text)
