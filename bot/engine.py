"""The trading loop. It beats, looks at prices, and sends what the strategy decides for its shards.

Whether it may trade is asked anew before each order; it never keeps the answer.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import structlog

from bot.clock import Clock
from bot.trading.thin_positions import (
    Fill,
    Order,
    Position,
    fold,
    open_positions,
    unrealized_profit,
)
from bot.trading.thin_strategy import WINDOW, Limits, decide
from bot.venues.thin_port import Venue, VenueError

TICK_SECONDS = 0.5
VENUE_TIMEOUT_SECONDS = 5.0
HEARTBEAT_LIMIT_SECONDS = 30.0
"""An older beat means that the loop hangs: the liveness probe fails and the pod is restarted."""

# A beat follows each call of the venue, so a slow venue alone never looks like a hanging loop.
assert HEARTBEAT_LIMIT_SECONDS > 2 * (VENUE_TIMEOUT_SECONDS + TICK_SECONDS)  # noqa: S101 - at import

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Beat:
    """When the loop was last seen alive."""

    at_monotonic: float | None = None
    at: datetime | None = None


@dataclass(slots=True)
class Book:
    """What the engine knows of the market and of its own positions."""

    prices: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    positions: dict[str, Position] = field(default_factory=dict[str, Position])
    venue_error: str | None = "not asked yet"

    @property
    def open_positions(self) -> dict[str, Position]:
        """Positions that hold something."""
        return open_positions(self.positions)

    @property
    def unrealized_profit(self) -> Decimal:
        """Quote currency, at the last known prices."""
        return unrealized_profit(self.positions, self.prices)


class Engine:
    """One pod's trader."""

    def __init__(  # noqa: PLR0913 - everything that it touches is passed in
        self,
        *,
        venue: Venue,
        symbols: Sequence[str],
        limits: Limits,
        may_trade: Callable[[str], bool],
        on_order: Callable[[str, str], None],
        clock: Clock,
        venue_timeout_seconds: float = VENUE_TIMEOUT_SECONDS,
    ) -> None:
        self.beat = Beat()
        self.book = Book()
        self._venue = venue
        self._limits = limits
        self._may_trade = may_trade
        self._on_order = on_order
        self._clock = clock
        self._venue_timeout_seconds = venue_timeout_seconds
        self._stopping = asyncio.Event()
        self._history = {symbol: deque[Decimal](maxlen=WINDOW) for symbol in symbols}

    def stop(self) -> None:
        """Ask the loop to end after the order in flight."""
        self._stopping.set()

    async def run(self) -> None:
        """Tick until stopped."""
        while not self._stopping.is_set():
            await self.tick()
            try:
                async with asyncio.timeout(TICK_SECONDS):
                    await self._stopping.wait()
            except TimeoutError:
                continue

    async def tick(self) -> None:
        """Look once, then trade once per symbol at most."""
        self._beat()
        try:
            async with asyncio.timeout(self._venue_timeout_seconds):
                self.book.prices = await self._venue.prices()
        except (VenueError, TimeoutError) as error:
            self._venue_failed(error)
            return
        self.book.venue_error = None
        self._beat()
        for symbol, history in self._history.items():
            if symbol not in self.book.prices:
                continue
            history.append(self.book.prices[symbol])
            await self._trade(symbol, history)

    async def _trade(self, symbol: str, history: Sequence[Decimal]) -> None:
        if self._stopping.is_set() or not self._may_trade(symbol):
            return
        book = self.book
        order = decide(symbol, list(history), book.positions, book.prices, self._limits)
        if order is None:
            return
        if fill := await self._place(order):
            book.positions = fold([fill], book.positions)
        self._beat()

    async def _place(self, order: Order) -> Fill | None:
        try:
            async with asyncio.timeout(self._venue_timeout_seconds):
                fill = await self._venue.place(order)
        except (VenueError, TimeoutError) as error:
            # No answer is not a refusal: the order may have been executed.
            self._on_order(order.side, "unknown" if isinstance(error, TimeoutError) else "refused")
            self._venue_failed(error)
            return None
        self._on_order(order.side, "filled")
        _log.info(
            "order filled",
            symbol=fill.symbol,
            side=fill.side.value,
            quantity=str(fill.quantity),
            price=str(fill.price),
        )
        return fill

    def _venue_failed(self, error: Exception) -> None:
        reason = str(error) or f"no answer within {self._venue_timeout_seconds:g} s"
        if reason != self.book.venue_error:
            _log.warning("venue failed", reason=reason)
        self.book.venue_error = reason

    def _beat(self) -> None:
        self.beat.at_monotonic = self._clock.monotonic()
        self.beat.at = self._clock.utc()
