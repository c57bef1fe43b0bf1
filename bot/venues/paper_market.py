"""Paper's markets: their grids, and prices that walk at random from a seed."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from random import Random

from bot.trading.markets import Market
from bot.trading.orders import Side

MIN_NOTIONAL = Decimal(5)
"""Quote currency."""
STEP = 0.001
"""Standard deviation of one step, as a share of the price."""
LEAST_FACTOR = 0.5
"""No step takes more than half of a price: it stays above zero."""
HALF_SPREAD = Decimal("0.0001")
"""What taking costs over the last price, as a share of it."""
_KNOWN = {
    # start price, tick, lot
    "BTC/USDT": (Decimal(60_000), Decimal("0.01"), Decimal("0.00001")),
    "ETH/USDT": (Decimal(3_000), Decimal("0.01"), Decimal("0.0001")),
    "SOL/USDT": (Decimal(150), Decimal("0.01"), Decimal("0.001")),
}
_OTHER = (Decimal(100), Decimal("0.01"), Decimal("0.001"))


def market_of(symbol: str) -> Market:
    """Return the market of any canonical symbol."""
    base, quote = symbol.split("/")
    _, tick, lot = _KNOWN.get(symbol, _OTHER)
    return Market(
        symbol, base, quote, tick=tick, lot=lot, min_quantity=lot, min_notional=MIN_NOTIONAL
    )


class Walk:
    """One random walk per symbol."""

    def __init__(self, symbols: Sequence[str], random: Random) -> None:
        self.markets = {symbol: market_of(symbol) for symbol in symbols}
        self._prices = {symbol: _KNOWN.get(symbol, _OTHER)[0] for symbol in symbols}
        self._random = random

    @property
    def prices(self) -> Mapping[str, Decimal]:
        """The last price of each symbol."""
        return dict(self._prices)

    def step(self) -> None:
        """Move every price once."""
        for symbol, price in self._prices.items():
            factor = Decimal(max(LEAST_FACTOR, self._random.gauss(1, STEP)))
            self.move(symbol, price * factor)

    def move(self, symbol: str, price: Decimal) -> None:
        """Set one price, rounded down to its grid but never to zero."""
        tick = self.markets[symbol].tick
        self._prices[symbol] = max(tick, _on_grid(price, tick, ROUND_FLOOR))

    def taken_at(self, symbol: str, side: Side) -> Decimal:
        """Return the price that an order meets which does not wait: worse by half the spread."""
        price, tick = self._prices[symbol], self.markets[symbol].tick
        if side is Side.BUY:
            return _on_grid(price * (1 + HALF_SPREAD), tick, ROUND_CEILING)
        return max(tick, _on_grid(price * (1 - HALF_SPREAD), tick, ROUND_FLOOR))


def _on_grid(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (value / step).to_integral_value(rounding) * step
