"""The exchange inside the process: prices walk at random from a seed, orders fill at once."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random

from bot.trading.thin_positions import Fill, Order, Side
from bot.venues.thin_port import VenueError

STARTING_EQUITY = Decimal(100_000)
"""Quote currency."""
START_PRICES = {
    "BTC/USDT": Decimal(60_000),
    "ETH/USDT": Decimal(3_000),
    "SOL/USDT": Decimal(150),
}
START_PRICE = Decimal(100)
STEP = 0.001
"""Standard deviation of one step, as a share of the price."""
HALF_SPREAD = Decimal("0.0001")
"""What a market order pays over the last price, as a share of it."""
PRICE_TICK = Decimal("0.00000001")


class PaperVenue:
    """A random walk per symbol; each look at the prices is one step."""

    def __init__(self, symbols: Sequence[str], random: Random) -> None:
        self._prices = {symbol: START_PRICES.get(symbol, START_PRICE) for symbol in symbols}
        self._random = random

    async def prices(self) -> Mapping[str, Decimal]:
        """Move every price one step and return them all."""
        for symbol, price in self._prices.items():
            factor = Decimal(max(0.5, self._random.gauss(1, STEP)))
            self._prices[symbol] = max(PRICE_TICK, (price * factor).quantize(PRICE_TICK))
        return dict(self._prices)

    async def place(self, order: Order) -> Fill:
        """Fill at the last price, worse by half the spread."""
        price = self._prices.get(order.symbol)
        if price is None or order.quantity <= 0:
            raise VenueError(f"paper: refused {order}: an unknown symbol or nothing to trade")
        spread = HALF_SPREAD if order.side is Side.BUY else -HALF_SPREAD
        return Fill(order.symbol, order.side, order.quantity, price * (1 + spread))
