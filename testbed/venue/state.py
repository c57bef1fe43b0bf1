"""Balances and orders: the fold of the events. Nothing else changes them.

An amount below zero or an order filled beyond its quantity is a mistake of the venue, never of a
client: it raises BookkeepingError, and the event is not taken.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from testbed.venue.amounts import ZERO
from testbed.venue.events import Accepted, Ended, Event, Filled, Opened, Refused, Reset
from testbed.venue.markets import Market
from testbed.venue.orders import OPEN, Order, Side, Status, Trade
from testbed.venue.refusals import NO_SUCH_ORDER, RefusalError


class BookkeepingError(Exception):
    """An event does not fit what happened before it; the text says which and why."""


@dataclass(slots=True)
class Balance:
    """Of one asset: to spend, and held for resting orders."""

    free: Decimal = ZERO
    locked: Decimal = ZERO


class State:
    """What a client may ask about, by every key that it may ask with."""

    def __init__(self, markets: Mapping[str, Market]) -> None:
        self._markets = markets
        self._clear()

    def _clear(self) -> None:
        self.balances: dict[str, Balance] = defaultdict(Balance)
        self.orders: dict[int, Order] = {}
        self.open_orders: dict[int, Order] = {}
        self.by_client_id: dict[str, Order] = {}
        self.trades: list[Trade] = []
        self.updated_ms = 0

    @property
    def next_order_id(self) -> int:
        """Ids are given in order, from 1."""
        return len(self.orders) + 1

    @property
    def next_trade_id(self) -> int:
        """Ids are given in order, from 1."""
        return len(self.trades) + 1

    def find(self, symbol: str, order_id: int | None, client_id: str | None) -> Order | None:
        """Return an order by the venue's id, or the latest one with the client's."""
        if order_id is not None:
            order = self.orders.get(order_id)
        else:
            order = self.by_client_id.get(client_id or "")
        return order if order is not None and order.symbol == symbol else None

    def get(self, symbol: str, order_id: int | None, client_id: str | None) -> Order:
        """Return an order, or raise the RefusalError for an unknown one."""
        order = self.find(symbol, order_id, client_id)
        if order is None:
            raise RefusalError(NO_SUCH_ORDER, "Order does not exist.")
        return order

    def apply(self, event: Event) -> None:
        """Take one event.

        Raises:
            BookkeepingError: it does not fit.
        """
        match event:
            case Opened() | Reset():
                if isinstance(event, Reset):
                    self._clear()
                for asset, amount in event.balances.items():
                    self._move(asset, free=amount)
                self.updated_ms = event.at_ms
            case Accepted():
                self._accept(event)
            case Filled():
                self._fill(event)
            case Ended():
                self._end(event)
            case Refused():
                pass
            case _:
                assert_never(event)

    def _accept(self, event: Accepted) -> None:
        order = Order(
            event.order_id,
            event.client_id,
            event.symbol,
            event.side,
            event.type,
            event.lifetime,
            event.quantity,
            event.budget,
            event.price,
            received_ms=event.received_ms,
            updated_ms=event.received_ms,
        )
        if order.order_id != self.next_order_id or self._is_open(order.client_id):
            raise BookkeepingError(f"order {order.order_id} {order.client_id!r} is there already")
        self._lock(order, order.quantity)
        self.orders[order.order_id] = order
        self.open_orders[order.order_id] = order
        self.by_client_id[order.client_id] = order
        self.updated_ms = event.received_ms

    def _fill(self, event: Filled) -> None:
        order = self._open_order(event.order_id)
        if not ZERO < event.quantity <= order.left or event.trade_id != self.next_trade_id:
            raise BookkeepingError(f"trade {event.trade_id} does not fit order {order}")
        market = self._markets[order.symbol]
        worth = event.price * event.quantity
        self._lock(order, -event.quantity)
        if order.side is Side.BUY:
            self._move(market.quote, free=-worth)
            self._move(market.base, free=event.quantity)
        else:
            self._move(market.base, free=-event.quantity)
            self._move(market.quote, free=worth)
        self._move(event.commission_asset, free=-event.commission)
        trade = Trade(**event.model_dump(exclude={"kind"}))
        self.trades.append(trade)
        order.trades.append(trade)
        order.executed += event.quantity
        order.spent += worth
        done = order.left == 0
        self._set(order, Status.FILLED if done else Status.PARTIALLY_FILLED, event.at_ms)

    def _end(self, event: Ended) -> None:
        order = self._open_order(event.order_id)
        self._lock(order, -order.left)
        order.cancel_id = event.cancel_id
        self._set(order, event.status, event.at_ms)

    def _set(self, order: Order, status: Status, at_ms: int) -> None:
        order.status = status
        order.updated_ms = self.updated_ms = at_ms
        if status not in OPEN:
            del self.open_orders[order.order_id]

    def _lock(self, order: Order, quantity: Decimal) -> None:
        """Hold the funds of a resting order, or let go of them where the quantity is negative."""
        if not order.rests:
            return
        market = self._markets[order.symbol]
        if order.side is Side.BUY:
            asset, amount = market.quote, quantity * order.price
        else:
            asset, amount = market.base, quantity
        self._move(asset, free=-amount, locked=amount)

    def _move(self, asset: str, free: Decimal = ZERO, locked: Decimal = ZERO) -> None:
        balance = self.balances[asset]
        if balance.free + free < 0 or balance.locked + locked < 0:
            raise BookkeepingError(f"{asset} would fall below zero: {balance} {free:+} {locked:+}")
        balance.free += free
        balance.locked += locked

    def _open_order(self, order_id: int) -> Order:
        order = self.open_orders.get(order_id)
        if order is None:
            raise BookkeepingError(f"order {order_id} is not open")
        return order

    def _is_open(self, client_id: str) -> bool:
        known = self.by_client_id.get(client_id)
        return known is not None and known.status in OPEN
