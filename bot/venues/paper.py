"""The exchange inside the process: moving prices and an account, but no money.

Orders are taken as a spot exchange takes them: on the market's grids, covered by the account,
within their window, once per client order id. It remembers nothing across restarts: who has the
ledger tells it what the account holds and what rests (`resume`). It knows nothing of leases.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from typing_extensions import override

from bot.process.clock import Clock
from bot.trading.markets import Market
from bot.trading.orders import RESTING, ZERO, Fill, Lifetime, Report, Side, State, Terms
from bot.venues.paper_account import Account, spends
from bot.venues.paper_faults import Dice, Faults
from bot.venues.paper_market import Walk
from bot.venues.port import (
    Balance,
    Kept,
    KnownError,
    NotTakenError,
    RejectedError,
    Venue,
    VenueError,
)

STARTING_BALANCE = Decimal(100_000)
"""Of each quote currency."""
COMMISSION = Decimal("0.001")
"""Share of what a trade brings in, taken in that currency."""
WINDOW_SECONDS = 1.5
AHEAD_SECONDS = 1.0
"""How far a request's stamp may be ahead of the venue's clock; Binance's value."""
KEPT = 10_000
"""How many orders, and fills, are remembered."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Accepted:
    """One order that was taken: the oracle of tests."""

    order_id: str
    terms: Terms
    stamp: float
    at: float
    """Venue time, seconds."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What an exchange lays down."""

    window_seconds: float = WINDOW_SECONDS
    commission: Decimal = COMMISSION
    may_owe: bool = False
    """Whether more may be sold than is there."""


@dataclass(slots=True)
class _Order:
    order_id: str
    venue_order_id: str
    terms: Terms
    at_us: int
    """When it was taken."""
    state: State = State.ACKED
    fills: list[Fill] = field(default_factory=list[Fill])
    reason: str = ""

    @property
    def filled(self) -> Decimal:
        return sum((fill.quantity for fill in self.fills), ZERO)

    @property
    def rest(self) -> Decimal:
        return self.terms.quantity - self.filled


class PaperVenue(Venue):
    """One account on a few markets; each look at the prices is one step of all of them."""

    name = "paper"

    def __init__(  # noqa: PLR0913  # what is given from outside so that nothing here is read from it
        self,
        symbols: Sequence[str],
        random: Random,
        *,
        clock: Clock | None = None,
        faults: Faults | None = None,
        rules: Rules | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._walk = Walk(symbols, Random(random.getrandbits(64)))  # noqa: S311  # prices, no secrets
        self._dice = Dice(faults or Faults(), Random(random.getrandbits(64)))  # noqa: S311 - faults, no secrets
        self._clock = clock or Clock()
        self._rules = rules or Rules()
        self._sleep = sleep
        markets = self._walk.markets.values()
        start = {market.base: ZERO for market in markets}
        start |= {market.quote: STARTING_BALANCE for market in markets}
        self._account = Account(start, may_owe=self._rules.may_owe)
        self._orders: OrderedDict[str, _Order] = OrderedDict()
        self._fills: deque[Fill] = deque(maxlen=KEPT)
        self._number = 0
        self.accepted: deque[Accepted] = deque(maxlen=KEPT)
        """Every order that was taken, oldest first."""

    def adopt(self, balances: Mapping[str, Decimal]) -> None:
        """Take what the ledger says for what the account holds; other currencies stay."""
        self._account.adopt(balances)

    @override
    async def resume(self, kept: Kept) -> None:
        """Go on with the account of an earlier process, as far as its ledger knows it."""
        self.adopt(kept.totals)
        known = {(fill.symbol, fill.trade_id) for fill in self._fills}
        self._fills.extend(f for f in kept.fills if (f.symbol, f.trade_id) not in known)
        for order_id, terms in kept.resting.items():
            if order_id not in self._orders and terms.symbol in self._walk.markets:
                self._resume(order_id, terms, kept.fills)

    def _resume(self, order_id: str, terms: Terms, fills: Sequence[Fill]) -> None:
        own = [fill for fill in fills if fill.order_id == order_id]
        order = _Order(order_id, str(self._next_number()), terms, self._now_us(), fills=own)
        if own:
            order.state = State.PARTIALLY_FILLED if order.rest else State.FILLED
        self._orders[order_id] = order
        self._lock(order, order.rest)

    @property
    def faults(self) -> Faults:
        """What goes wrong from now on; may be set while it runs."""
        return self._dice.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._dice.faults = faults

    def move(self, symbol: str, price: Decimal) -> None:
        """Set a price by hand and let what rests meet it."""
        self._walk.move(symbol, price)
        self._match()

    @override
    async def markets(self) -> Mapping[str, Market]:
        return dict(self._walk.markets)

    @override
    async def prices(self) -> Mapping[str, Decimal]:
        """Move every price one step, let what rests meet them, and return them all."""
        await self._travel()
        self._walk.step()
        self._match()
        return self._walk.prices

    @override
    async def time(self) -> float:
        """Return the venue's clock."""
        return self._now_us() / 1e6

    @override
    async def place(self, order_id: str, terms: Terms, stamp: float) -> Report:
        """Take an order, or refuse it; see the port."""
        await self._travel()
        if self._dice.hit(self._dice.faults.lost_request):
            raise VenueError(f"paper: no answer about order {order_id}")
        self._admit(order_id, stamp)
        self._check(terms)
        if self._dice.hit(self._dice.faults.reject):
            raise RejectedError(f"paper: order {order_id} is rejected, as asked for by its faults")
        order = self._accept(order_id, terms, stamp)
        await self._answer(f"order {order_id}")
        return self._report(order)

    @override
    async def find(self, order_id: str, symbol: str) -> Report | None:
        """Return the order with all its fills; None when it was never taken."""
        await self._travel()
        order = self._find(order_id, symbol)
        return None if order is None else self._report(order)

    @override
    async def cancel(self, order_id: str, symbol: str) -> Report | None:
        """End what rests; an order that has ended stays as it is."""
        await self._travel()
        order = self._find(order_id, symbol)
        if order is None:
            return None
        if order.state in RESTING:
            self._end(order, "cancelled")
        await self._answer(f"the cancellation of order {order_id}")
        return self._report(order)

    @override
    async def open_orders(self, symbol: str) -> Sequence[Report]:
        await self._travel()
        return [
            replace(self._report(order), terms=order.terms)
            for order in self._resting()
            if order.terms.symbol == symbol
        ]

    @override
    async def orders(self, symbol: str, since_us: int) -> Sequence[Report]:
        """Return the orders that were taken from this time on, oldest first."""
        await self._travel()
        return [
            replace(self._report(order), fills=(), terms=order.terms, at_us=order.at_us)
            for order in self._orders.values()
            if order.terms.symbol == symbol and order.at_us >= since_us
        ]

    @override
    async def fills(self, symbol: str, since_us: int) -> Sequence[Fill]:
        """Return the fills in this market from this time on, oldest first."""
        await self._travel()
        fills = (fill for fill in self._fills if fill.symbol == symbol and fill.at_us >= since_us)
        return list(self._dice.reported(tuple(sorted(fills, key=lambda fill: fill.key))))

    @override
    async def balances(self) -> Mapping[str, Balance]:
        """Return what the account holds."""
        await self._travel()
        return self._account.balances

    @override
    async def close(self) -> None:
        """Nothing is held."""

    async def _travel(self) -> None:
        seconds = self._dice.delay_seconds()
        if seconds > 0:
            await self._sleep(seconds)

    async def _answer(self, about: str) -> None:
        await self._travel()
        if self._dice.hit(self._dice.faults.lost_answer):
            raise VenueError(f"paper: no answer about {about}")

    def _now_us(self) -> int:
        return (self._clock.utc() - _EPOCH) // timedelta(microseconds=1)

    def _next_number(self) -> int:
        """Return a number that no earlier process gave: it counts up from the time."""
        self._number = max(self._number + 1, self._now_us())
        return self._number

    def _admit(self, order_id: str, stamp: float) -> None:
        age = self._now_us() / 1e6 - stamp
        if age > self._rules.window_seconds:
            window = self._rules.window_seconds
            raise NotTakenError(f"paper: order {order_id} is {age:.3f} s old, more than {window} s")
        if age < -AHEAD_SECONDS:
            raise NotTakenError(
                f"paper: order {order_id} is stamped {-age:.3f} s ahead of the venue's clock,"
                f" more than {AHEAD_SECONDS} s"
            )
        if order_id in self._orders:
            raise KnownError(f"paper: order {order_id} is known already")

    def _check(self, terms: Terms) -> None:
        market = self._walk.markets.get(terms.symbol)
        if market is None:
            known = ", ".join(self._walk.markets)
            raise RejectedError(f"paper: symbol {terms.symbol} is not one of {known}")
        price = self._price(terms)
        problem = market.problem(terms.quantity, price)
        if terms.quantity % market.lot:
            problem = f"quantity {terms.quantity} is not a multiple of the lot, {market.lot}"
        if price % market.tick or price <= 0:
            problem = f"price {price} is not a multiple of the tick, {market.tick}"
        if problem is not None:
            raise RejectedError(f"paper: {terms.symbol}: {problem}")
        currency, amount = self._needs(market, terms, terms.quantity, price)
        if not self._account.covers(currency, amount):
            raise RejectedError(f"paper: insufficient balance: {amount} {currency} needed")

    def _price(self, terms: Terms) -> Decimal:
        if terms.limit_price is None:
            return self._walk.taken_at(terms.symbol, terms.side)
        return terms.limit_price

    def _needs(
        self, market: Market, terms: Terms, quantity: Decimal, price: Decimal
    ) -> tuple[str, Decimal]:
        amount = quantity * price if terms.side is Side.BUY else quantity
        return spends(market, terms.side), amount

    def _accept(self, order_id: str, terms: Terms, stamp: float) -> _Order:
        order = _Order(order_id, str(self._next_number()), terms, self._now_us())
        self.accepted.append(Accepted(order_id, terms, stamp, self._now_us() / 1e6))
        self._orders[order_id] = order
        self._forget()
        market, price = self._walk.markets[terms.symbol], self._walk.taken_at
        taken_at = price(terms.symbol, terms.side)
        if terms.limit_price is None or (terms.limit_price - taken_at) * terms.side.sign >= 0:
            self._fill(order, self._dice.part_of(terms.quantity, market.lot), taken_at)
        waits = terms.limit_price is not None and terms.lifetime is Lifetime.GOOD_TILL_CANCELLED
        if order.rest and waits:
            self._lock(order, order.rest)
        elif order.rest:
            order.state = State.CANCELLED
            order.reason = "expired: nobody traded the rest"
        return order

    def _forget(self) -> None:
        while len(self._orders) > KEPT:
            oldest = next((o for o in self._orders.values() if o.state not in RESTING), None)
            if oldest is None:
                return
            del self._orders[oldest.order_id]

    def _fill(self, order: _Order, quantity: Decimal, price: Decimal) -> None:
        terms = order.terms
        market = self._walk.markets[terms.symbol]
        fee, currency = self._account.trade(
            market, terms.side, quantity, price, self._rules.commission
        )
        fill = Fill(
            trade_id=str(self._next_number()),
            order_id=order.order_id,
            symbol=terms.symbol,
            side=terms.side,
            quantity=quantity,
            price=price,
            at_us=self._now_us(),
            fee=fee,
            fee_currency=currency,
        )
        order.fills.append(fill)
        self._fills.append(fill)
        order.state = State.PARTIALLY_FILLED if order.rest else State.FILLED

    def _lock(self, order: _Order, quantity: Decimal) -> None:
        terms = order.terms
        market = self._walk.markets[terms.symbol]
        self._account.lock(*self._needs(market, terms, quantity, terms.limit_price or ZERO))

    def _end(self, order: _Order, reason: str) -> None:
        self._lock(order, -order.rest)
        order.state, order.reason = State.CANCELLED, reason

    def _match(self) -> None:
        """Fill what the prices have crossed, at the order's own price."""
        prices = self._walk.prices
        for order in list(self._resting()):
            terms = order.terms
            limit = terms.limit_price or ZERO
            if (limit - prices[terms.symbol]) * terms.side.sign >= 0:
                part = self._dice.part_of(order.rest, self._walk.markets[terms.symbol].lot)
                self._lock(order, -part)
                self._fill(order, part, limit)

    def _resting(self) -> Iterator[_Order]:
        return (order for order in self._orders.values() if order.state in RESTING)

    def _find(self, order_id: str, symbol: str) -> _Order | None:
        order = self._orders.get(order_id)
        return order if order is not None and order.terms.symbol == symbol else None

    def _report(self, order: _Order) -> Report:
        return Report(
            order_id=order.order_id,
            symbol=order.terms.symbol,
            state=order.state,
            venue_order_id=order.venue_order_id,
            filled_quantity=order.filled,
            fills=self._dice.reported(tuple(order.fills)),
            reason=order.reason,
        )
