"""One way to make paper and the simulated exchange do the same things, for the contract's tests."""

import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Protocol

from pydantic import SecretStr

from bot.process.clock import Clock
from bot.trading.orders import Side, Terms
from bot.venues.ccxt_access import Access
from bot.venues.ccxt_binance import CcxtVenue
from bot.venues.paper import PaperVenue, Rules
from bot.venues.paper_faults import Faults
from bot.venues.port import Venue
from testbed.venue.server import DEFAULT_KEY, DEFAULT_SECRET
from tests.support.venue_serving import Serving, serve

BTC, ETH = "BTC/USDT", "ETH/USDT"
SYMBOLS = (BTC, ETH)
WINDOW_SECONDS = 1.5
START = datetime(2026, 1, 1, tzinfo=UTC)


class Bench(Protocol):
    """A venue, and the hand that moves its world."""

    @property
    def venue(self) -> Venue:
        """The same all along."""
        ...

    async def pin(self, symbol: str, price: int) -> None:
        """Set a price and let what rests meet it."""
        ...

    def advance(self, seconds: float) -> None:
        """Move the venue's clock on."""
        ...

    async def lose_next_answer(self) -> None:
        """Make the next order be taken and not answered."""
        ...

    async def accepted(self) -> list[str]:
        """Return the client order ids of all that was taken."""
        ...

    async def again(self) -> Venue:
        """Return the same account as another process sees it."""
        ...


@dataclass
class Time:
    """Stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@dataclass
class PaperBench:
    time: Time = field(default_factory=Time)
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        self.venue: PaperVenue = paper(self.faults, self.time)
        self.venue.adopt({"BTC": Decimal(1), "ETH": Decimal(10)})

    async def pin(self, symbol: str, price: int) -> None:
        self.venue.move(symbol, Decimal(price))

    def advance(self, seconds: float) -> None:
        self.time.now += timedelta(seconds=seconds)

    async def lose_next_answer(self) -> None:
        self.venue.faults = replace(self.venue.faults, lost_answer=1)

    async def accepted(self) -> list[str]:
        return [each.order_id for each in self.venue.accepted]

    async def again(self) -> Venue:
        self.venue.faults = self.faults
        return self.venue


@dataclass
class CcxtBench:
    serving: Serving
    venue: Venue
    others: contextlib.AsyncExitStack

    async def pin(self, symbol: str, price: int) -> None:
        await self.serving.pin(symbol.replace("/", ""), str(price))
        # Resting orders meet the market at its next step.
        self.serving.clock.ahead_ms += 250

    def advance(self, seconds: float) -> None:
        self.serving.clock.ahead_ms += round(seconds * 1000)

    async def lose_next_answer(self) -> None:
        await self.serving.fault(kind="drop_answer", method="POST", count=1)

    async def accepted(self) -> list[str]:
        return [order.client_id for order in await self.serving.accepted()]

    async def again(self) -> Venue:
        venue = ccxt_venue(self.serving)
        self.others.push_async_callback(venue.close)
        await venue.time()
        return venue


def paper(faults: Faults | None = None, time: Time | None = None, seed: int = 1) -> PaperVenue:
    return PaperVenue(
        SYMBOLS,
        Random(seed),  # noqa: S311  # prices, no secrets
        clock=Clock(utc=time or Time()),
        faults=faults,
        rules=Rules(window_seconds=WINDOW_SECONDS),
    )


def ccxt_venue(serving: Serving) -> CcxtVenue:
    access = Access(serving.url, SecretStr(DEFAULT_KEY), SecretStr(DEFAULT_SECRET))
    return CcxtVenue(access, SYMBOLS, window_seconds=WINDOW_SECONDS)


@contextlib.asynccontextmanager
async def _paper_bench() -> AsyncGenerator[Bench]:
    yield PaperBench()


@contextlib.asynccontextmanager
async def _ccxt_bench() -> AsyncGenerator[Bench]:
    async with serve() as serving, contextlib.AsyncExitStack() as others:
        venue = ccxt_venue(serving)
        others.push_async_callback(venue.close)
        yield CcxtBench(serving, venue, others)


BENCHES: dict[str, Callable[[], AbstractAsyncContextManager[Bench]]] = {
    "paper": _paper_bench,
    "ccxt": _ccxt_bench,
}


def buy(quantity: str, limit: str | None = None, **changed: object) -> Terms:
    price = None if limit is None else Decimal(limit)
    terms = Terms(BTC, Side.BUY, Decimal(quantity), price)
    return replace(terms, **changed)  # pyright: ignore[reportArgumentType]  # fields by name, as `replace` checks
