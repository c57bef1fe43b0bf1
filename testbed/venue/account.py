"""The signed endpoints: orders, trades, balances."""

from collections.abc import Mapping, Sequence
from typing import TypeVar
from uuid import uuid4

from testbed.venue import answers
from testbed.venue.answers import Json
from testbed.venue.call import Call, Endpoint
from testbed.venue.orders import Ask, Lifetime, Order, Side, Trade, Type
from testbed.venue.params import CLIENT_ID
from testbed.venue.refusals import (
    BAD_LIFETIME,
    BAD_SIDE,
    BAD_TYPE,
    CANCEL_REJECTED,
    UNNEEDED_PARAMETER,
    RefusalError,
    missing,
)
from testbed.venue.state import State

PAGE = 500
MAX_PAGE = 1000
_Shown = TypeVar("_Shown", Order, Trade)


def _place(call: Call) -> Json:
    style = call.params.text("newOrderRespType", r"^(ACK|RESULT|FULL)$")
    asked = _asked(call)
    call.params.finish()
    order = call.exchange.place(asked, call.sender, call.now_ms)
    full = order.type is Type.LIMIT or order.type is Type.MARKET
    return answers.placed(order, style or ("FULL" if full else "ACK"))


def _asked(call: Call) -> Ask:
    params, market = call.params, call.market()
    side = params.word("side", Side, RefusalError(BAD_SIDE, "Invalid side."))
    kind = params.word("type", Type, RefusalError(BAD_TYPE, "Invalid orderType."))
    lifetime = params.word(
        "timeInForce", Lifetime, RefusalError(BAD_LIFETIME, "Invalid timeInForce.")
    )
    asked = {name: params.amount(name) for name in ("quantity", "quoteOrderQty", "price")}
    params.text("selfTradePreventionMode", r"^NONE$")
    if side is None or kind is None:
        raise missing("side" if side is None else "type")
    limits = kind is not Type.MARKET
    sent = {name for name, value in asked.items() if value is not None}
    if lifetime is not None:
        sent.add("timeInForce")
    _check_shape(kind, sent)
    return Ask(
        market.id,
        side,
        kind,
        params.text("newClientOrderId", CLIENT_ID) or _new_id(),
        quantity=asked["quantity"],
        budget=asked["quoteOrderQty"],
        price=asked["price"] if limits else None,
        lifetime=lifetime or Lifetime.GTC,
    )


def _check_shape(kind: Type, sent: set[str]) -> None:
    """Raise what Binance answers when a parameter is missing or out of place for the type."""
    needed = {
        Type.LIMIT: ("timeInForce", "quantity", "price"),
        Type.LIMIT_MAKER: ("quantity", "price"),
        Type.MARKET: ("quoteOrderQty",) if "quoteOrderQty" in sent else ("quantity",),
    }[kind]
    for name in needed:
        if name not in sent:
            raise missing(name)
    for name in sorted(sent.difference(needed)):
        raise RefusalError(UNNEEDED_PARAMETER, f"Parameter '{name}' sent when not required.")


def _order(call: Call) -> Json:
    market, order_id, client_id = call.market(), *_ids(call)
    return answers.order(call.shown().get(market.id, order_id, client_id))


def _cancel(call: Call) -> Json:
    market, order_id, client_id = call.market(), *_ids(call)
    cancel_id = call.params.text("newClientOrderId", CLIENT_ID) or _new_id()
    call.params.finish()
    order = call.exchange.state.find(market.id, order_id, client_id)
    if order is None:
        raise RefusalError(CANCEL_REJECTED, "Unknown order sent.")
    return answers.cancelled(call.exchange.cancel(order, cancel_id, call.now_ms))


def _cancel_all(call: Call) -> list[Json]:
    market = call.market()
    call.params.finish()
    call.exchange.advance(call.now_ms)
    resting = _open(call.exchange.state, market.id)
    if not resting:
        raise RefusalError(CANCEL_REJECTED, "Unknown order sent.")
    cancel = call.exchange.cancel
    return [answers.cancelled(cancel(order, _new_id(), call.now_ms)) for order in resting]


def _open_orders(call: Call) -> list[Json]:
    market = call.maybe_market()
    return [answers.order(order) for order in _open(call.shown(), market.id if market else None)]


def _all_orders(call: Call) -> list[Json]:
    market, params = call.market(), call.params
    first = params.integer("orderId")
    rows = [
        order
        for order in call.shown().orders.values()
        if order.symbol == market.id and (first is None or order.order_id >= first)
    ]
    timed = [(order.received_ms, order) for order in rows]
    return [answers.order(order) for order in _page(call, timed, from_start=first is not None)]


def _trades(call: Call) -> list[Json]:
    market, params = call.market(), call.params
    order_id, first = params.integer("orderId"), params.integer("fromId")
    state = call.shown()
    rows = [
        (trade.at_ms, trade)
        for trade in state.trades
        if state.orders[trade.order_id].symbol == market.id
        and (order_id is None or trade.order_id == order_id)
        and (first is None or trade.trade_id >= first)
    ]
    page = _page(call, rows, from_start=first is not None)
    return [answers.trade(trade, state.orders[trade.order_id]) for trade in page]


def _page(call: Call, timed: Sequence[tuple[int, _Shown]], *, from_start: bool) -> Sequence[_Shown]:
    """Return what lies in the time asked for: the first ones from a start, else the last ones."""
    start, end = call.params.integer("startTime"), call.params.integer("endTime")
    limit = call.params.limit(PAGE, MAX_PAGE)
    rows = [
        shown
        for at_ms, shown in timed
        if (start is None or at_ms >= start) and (end is None or at_ms <= end)
    ]
    return rows[:limit] if from_start or start is not None else rows[-limit:]


def _account(call: Call) -> Json:
    omit_zero = call.params.text("omitZeroBalances", r"^(true|false)$") == "true"
    return answers.account(call.shown(), call.exchange.setup.commission, omit_zero=omit_zero)


def _open(state: State, symbol: str | None) -> list[Order]:
    return [order for order in state.open_orders.values() if symbol in {None, order.symbol}]


def _ids(call: Call) -> tuple[int | None, str | None]:
    order_id = call.params.integer("orderId")
    client_id = call.params.text("origClientOrderId", CLIENT_ID)
    if order_id is None and client_id is None:
        raise missing("orderId")
    return order_id, client_id


def _new_id() -> str:
    """Return a client order id for who names none."""
    return uuid4().hex[:22]


ENDPOINTS: Mapping[tuple[str, str], Endpoint] = {
    ("POST", "order"): Endpoint(_place, signed=True, of_order=True, counted=True),
    ("DELETE", "order"): Endpoint(_cancel, signed=True, of_order=True),
    ("DELETE", "openOrders"): Endpoint(_cancel_all, signed=True, of_order=True),
    ("GET", "order"): Endpoint(_order, weight=4, signed=True),
    ("GET", "openOrders"): Endpoint(_open_orders, weight=6, weight_of_all=80, signed=True),
    ("GET", "allOrders"): Endpoint(_all_orders, weight=20, signed=True),
    ("GET", "myTrades"): Endpoint(_trades, weight=20, signed=True),
    ("GET", "account"): Endpoint(_account, weight=20, signed=True),
}
