"""Prices as a pure function of seed, symbol and time: the same after a restart, at any speed.

Value noise in four octaves: a hash gives each lattice point its height, and between two points the
line is straight. Whatever the seed, a price stays within ± the sum of the octaves of its start.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from hashlib import blake2b
from typing import NamedTuple

from testbed.venue.markets import Market

OCTAVES = (
    (86_400_000, Decimal("0.03")),
    (3_600_000, Decimal("0.01")),
    (60_000, Decimal("0.002")),
    (1_000, Decimal("0.0004")),
)
"""Milliseconds between lattice points, and their height as a share of the start price."""
HEIGHTS = 1_000_000
LOOKS = 12
"""How often a bar is sampled for its high and low."""


class Bar(NamedTuple):
    """One candle."""

    opened_ms: int
    closes_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


class Prices:
    """The last price of each market at any time, unless it was pinned."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._pins: dict[str, Decimal] = {}

    def pin(self, symbol: str, price: Decimal) -> None:
        """Hold a price until it is let go."""
        self._pins[symbol] = price

    def unpin(self, symbol: str) -> None:
        """Let a price move again."""
        self._pins.pop(symbol, None)

    def at(self, market: Market, now_ms: int) -> Decimal:
        """Return the last price at a time, on the tick grid."""
        pinned = self._pins.get(market.id)
        if pinned is not None:
            return pinned
        share = sum(
            (height * self._noise(market.id, period, now_ms) for period, height in OCTAVES),
            Decimal(1),
        )
        ticks = (market.start_price * share / market.tick).to_integral_value(ROUND_HALF_EVEN)
        return max(market.tick, ticks * market.tick)

    def bar(self, market: Market, opened_ms: int, length_ms: int, now_ms: int) -> Bar:
        """Return a candle; one that is not over yet ends now."""
        end_ms = min(opened_ms + length_ms - 1, max(opened_ms, now_ms))
        looks = [
            self.at(market, opened_ms + (end_ms - opened_ms) * look // (LOOKS - 1))
            for look in range(LOOKS)
        ]
        return Bar(
            opened_ms, opened_ms + length_ms - 1, looks[0], max(looks), min(looks), looks[-1]
        )

    def bars(self, market: Market, length_ms: int, opened: Sequence[int], now_ms: int) -> list[Bar]:
        """Return one candle per opening time."""
        return [self.bar(market, opened_ms, length_ms, now_ms) for opened_ms in opened]

    def _noise(self, symbol: str, period: int, now_ms: int) -> Decimal:
        """Return a share in [-1, 1]."""
        index, offset = divmod(now_ms, period)
        before = self._height(symbol, period, index)
        after = self._height(symbol, period, index + 1)
        return Decimal(before * (period - offset) + after * offset) / (period * HEIGHTS)

    def _height(self, symbol: str, period: int, index: int) -> int:
        """Return an integer in [-HEIGHTS, HEIGHTS], for ever the same."""
        key = f"{self._seed}|{symbol}|{period}|{index}".encode()
        number = int.from_bytes(blake2b(key, digest_size=8).digest())
        return number % (2 * HEIGHTS + 1) - HEIGHTS
