"""A plain moving-average cross, long or flat, so that the bot trades by itself. Pure.

Signal ids come from symbol, side and bar: all bots that see a bar make the same signal, and the
ledger keeps one of them. A process that has just started says nothing until its windows are full.
"""

from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal

from bot.trading.markets import Market
from bot.trading.orders import ZERO, Side, Terms
from bot.trading.signals import Signal

SOURCE = "strategy"
SIGNAL_PREFIX = "cross."
STRENGTH = Decimal("0.0002")
"""How far apart the averages must be, as a share of the slow one: less is noise."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How it looks at prices."""

    bar_seconds: int = 5
    fast_bars: int = 4
    slow_bars: int = 12
    share: Decimal = Decimal("0.5")
    """Of the largest position that is allowed: room is left for the price to move."""


@dataclass(slots=True)
class _Bars:
    start: int | None = None
    last: Decimal = ZERO
    closes: deque[Decimal] = field(default_factory=deque[Decimal])


class AverageCross:
    """One strategy over several symbols."""

    def __init__(self, plan: Plan | None = None) -> None:
        self._plan = plan or Plan()
        self._bars: dict[str, _Bars] = {}

    def on_price(
        self, market: Market, price: Decimal, at: float, held: Decimal, max_position_quote: Decimal
    ) -> Signal | None:
        """Take a price (quote per base, at seconds since 1970); return a signal at a bar's end.

        `held`: the position now, base currency.
        """
        bars = self._bars.setdefault(market.symbol, _Bars())
        start = int(at) // self._plan.bar_seconds * self._plan.bar_seconds
        ended, bars.start = bars.start, start
        closed, bars.last = bars.last, price
        if ended is None or ended == start:
            return None
        bars.closes.append(closed)
        if len(bars.closes) < self._plan.slow_bars:
            return None
        while len(bars.closes) > self._plan.slow_bars:
            bars.closes.popleft()
        # What a fee left over is too little to sell: it is flat.
        flat = market.problem(market.round_quantity(held), price) is not None
        side = self._side(list(bars.closes), ZERO if flat else held)
        return self._signal(market, side, ended, price, held, max_position_quote) if side else None

    def _side(self, closes: list[Decimal], held: Decimal) -> Side | None:
        fast = sum(closes[-self._plan.fast_bars :], ZERO) / self._plan.fast_bars
        slow = sum(closes, ZERO) / len(closes)
        if abs(fast - slow) <= slow * STRENGTH:
            return None
        if fast > slow:
            return Side.BUY if held <= 0 else None
        return Side.SELL if held > 0 else None

    def _signal(  # noqa: PLR0913, PLR0917 - the parts of one signal
        self,
        market: Market,
        side: Side,
        bar: int,
        price: Decimal,
        held: Decimal,
        max_position_quote: Decimal,
    ) -> Signal | None:
        exits = side is Side.SELL
        desired = held if exits else max_position_quote * self._plan.share / price
        quantity = market.round_quantity(desired)
        if market.problem(quantity, price):
            return None
        name = f"{SIGNAL_PREFIX}{market.base}-{market.quote}.{bar}.{side.value}"
        terms = Terms(market.symbol, side, quantity, reduce_only=exits)
        return Signal(name, terms, float(2 * self._plan.bar_seconds), SOURCE)
