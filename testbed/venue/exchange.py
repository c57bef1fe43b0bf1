"""The decisions: a request comes in with the time, events go to the record, the state follows.

Synchronous on purpose: a request is checked and accepted at one instant, so that nothing accepted
was outside of its window. It knows nothing of HTTP, keys and faults.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from testbed.venue import book, filters
from testbed.venue.amounts import ZERO, truncate
from testbed.venue.book import Rung
from testbed.venue.events import Accepted, Ended, Event, Filled, Opened, Refused, Reset
from testbed.venue.markets import DEFAULT_BALANCES, DEFAULT_MARKETS, MAX_OPEN_ORDERS, Market
from testbed.venue.orders import OPEN, Ask, Order, Side, Status
from testbed.venue.placing import plan, spends
from testbed.venue.prices import Prices
from testbed.venue.record import Record, RecordError
from testbed.venue.refusals import (
    BAD_SYMBOL,
    CANCEL_REJECTED,
    ORDER_REJECTED,
    RefusalError,
    filtered,
)
from testbed.venue.state import State

STEP_MS = 250
"""Resting orders meet the market at these times, whenever anyone looks."""
MAX_STEPS = 2400
"""How far back the market is made up for (10 minutes): a venue that was off did not trade."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a request, and what it said about its own time."""

    api_key: str = ""
    sent_ms: int = 0
    window_ms: int = 0


@dataclass(frozen=True, slots=True)
class Setup:
    """What an exchange starts with."""

    seed: int = 0
    balances: dict[str, Decimal] = field(default_factory=lambda: dict(DEFAULT_BALANCES))
    markets: Sequence[Market] = DEFAULT_MARKETS
    commission: Decimal = Decimal("0.001")
    """Share of what a trade brings, for makers and takers."""


class Exchange:
    """One account on a few markets."""

    def __init__(self, setup: Setup, record: Record, now_ms: int) -> None:
        self.setup = setup
        self.markets = {market.id: market for market in setup.markets}
        self.prices = Prices(setup.seed)
        self.record = record
        self.state = State(self.markets)
        self._stepped_ms = now_ms
        for event in record.events:
            self.state.apply(event)
        if not record.events:
            opened = Opened(at_ms=now_ms, seed=setup.seed, balances=dict(setup.balances))
            self._commit([opened])
        first = record.events[0]
        if isinstance(first, Opened) and first.seed != setup.seed:
            raise RecordError(f"the record was made with seed {first.seed}, not {setup.seed}")

    def market(self, symbol: str) -> Market:
        """Return a market, or raise the RefusalError for an unknown one."""
        market = self.markets.get(symbol)
        if market is None:
            raise RefusalError(BAD_SYMBOL, "Invalid symbol.")
        return market

    def ladder(self, market: Market, taker: Side, now_ms: int) -> list[Rung]:
        """Return what an order would meet now."""
        return book.ladder(market, self.prices.at(market, now_ms), taker)

    def place(self, ask: Ask, sender: Sender, now_ms: int) -> Order:
        """Take an order, or raise the RefusalError that it deserves."""
        self.advance(now_ms)
        market = self.market(ask.symbol)
        filters.check(ask, market, self.prices.at(market, now_ms))
        self._check_book(ask)
        rungs = self.ladder(market, ask.side, now_ms)
        free = self.state.balances[spends(ask.side, market)].free
        planned = plan(ask, market, rungs, free)
        accepted = Accepted(
            received_ms=now_ms,
            sent_ms=sender.sent_ms,
            window_ms=sender.window_ms,
            api_key=sender.api_key,
            order_id=self.state.next_order_id,
            client_id=ask.client_id,
            symbol=ask.symbol,
            side=ask.side,
            type=ask.type,
            lifetime=ask.lifetime,
            quantity=planned.quantity,
            budget=ask.budget or ZERO,
            price=ask.price or ZERO,
        )
        batch: list[Event] = [accepted]
        batch += self._fills(accepted.order_id, market, ask.side, planned.parts, now_ms)
        if planned.expires:
            expired = Status.EXPIRED
            batch.append(Ended(at_ms=now_ms, order_id=accepted.order_id, status=expired))
        self._commit(batch)
        return self.state.orders[accepted.order_id]

    def cancel(self, order: Order, cancel_id: str, now_ms: int) -> Order:
        """End what is left of an order, or raise the RefusalError when nothing is."""
        self.advance(now_ms)
        if order.status not in OPEN:
            raise RefusalError(CANCEL_REJECTED, "Unknown order sent.")
        status = Status.CANCELED
        ended = Ended(at_ms=now_ms, order_id=order.order_id, status=status, cancel_id=cancel_id)
        self._commit([ended])
        return order

    def refuse(self, refused: Refused) -> None:
        """Put a refused request on record."""
        self._commit([refused])

    def reset(self, now_ms: int) -> None:
        """Forget all orders and trades, and give the account its first balances again."""
        self._commit([Reset(at_ms=now_ms, balances=dict(self.setup.balances))])

    def as_of(self, at_ms: int) -> State:
        """Return what was at this time, for who looks late. A fold of the record: for tests."""
        state = State(self.markets)
        for event in self.record.events:
            moment_ms = event.received_ms if isinstance(event, Accepted) else event.at_ms
            if moment_ms > at_ms and not isinstance(event, Opened):
                break
            state.apply(event)
        return state

    def advance(self, now_ms: int) -> None:
        """Let resting orders meet every step of the market up to now."""
        first = max(self._stepped_ms // STEP_MS + 1, now_ms // STEP_MS - MAX_STEPS)
        for index in range(first, now_ms // STEP_MS + 1):
            if not self.state.open_orders:
                break
            self._step(index * STEP_MS)
        self._stepped_ms = max(self._stepped_ms, now_ms)

    def _step(self, at_ms: int) -> None:
        for order in list(self.state.open_orders.values()):
            market = self.markets[order.symbol]
            last_price = self.prices.at(market, at_ms)
            if not book.reaches(order.price, last_price, order.side):
                continue  # its side of the ladder lies further away still
            rungs = book.ladder(market, last_price, order.side)
            met = book.take(rungs, order.left, order.side, order.price)
            # It has waited at its own price: it trades there, whatever the market gives.
            parts = [Rung(order.price, book.volume(met))] if met else []
            self._commit(self._fills(order.order_id, market, order.side, parts, at_ms, maker=True))

    def _check_book(self, ask: Ask) -> None:
        known = self.state.by_client_id.get(ask.client_id)
        if known is not None and known.status in OPEN:
            raise RefusalError(ORDER_REJECTED, "Duplicate order sent.")
        resting = sum(order.symbol == ask.symbol for order in self.state.open_orders.values())
        if resting >= MAX_OPEN_ORDERS:
            raise filtered("MAX_NUM_ORDERS")

    def _fills(  # noqa: PLR0913  # the facts of one trade
        self,
        order_id: int,
        market: Market,
        side: Side,
        parts: Iterable[Rung],
        at_ms: int,
        *,
        maker: bool = False,
    ) -> list[Filled]:
        fills: list[Filled] = []
        for trade_id, part in enumerate(parts, start=self.state.next_trade_id):
            buys = side is Side.BUY
            received = part.quantity if buys else part.quantity * part.price
            fills.append(
                Filled(
                    at_ms=at_ms,
                    order_id=order_id,
                    trade_id=trade_id,
                    price=part.price,
                    quantity=part.quantity,
                    commission=truncate(received * self.setup.commission),
                    commission_asset=market.base if buys else market.quote,
                    maker=maker,
                )
            )
        return fills

    def _commit(self, batch: Sequence[Event]) -> None:
        """Record first, then believe it."""
        self.record.append(batch)
        for event in batch:
            self.state.apply(event)
