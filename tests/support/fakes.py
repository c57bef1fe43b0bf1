"""Fakes behind the bot's ports, and a way to serve an application on a loopback port."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from starlette.types import ASGIApp

from bot.config.settings import Settings
from bot.contract.color import Color
from bot.contract.environment import DEFAULT_SYMBOLS
from bot.contract.intent import Intent
from bot.intent.state import IntentState
from bot.ledger.ledger import Ledger
from bot.ledger.sqlite import Sqlite
from bot.process.clock import Clock
from bot.process.server import build_server, listen
from bot.trading.orders import Report
from bot.venues.paper import PaperVenue
from bot.venues.port import VenueError

LOOK_SECONDS = 0.005
EPOCH = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class FakeTime:
    """Stands still until told."""

    seconds: float = 100.0

    def monotonic(self) -> float:
        return self.seconds

    def utc(self) -> datetime:
        return EPOCH + timedelta(seconds=self.seconds - 100)

    @property
    def clock(self) -> Clock:
        return Clock(self.monotonic, self.utc)


class FakeVenue(PaperVenue):
    """The paper venue, which fails or hangs on demand."""

    def __init__(self, *, error: str = "", hangs: bool = False, stubborn: bool = False) -> None:
        super().__init__(DEFAULT_SYMBOLS, Random(1))  # noqa: S311 - a market
        self.error = error
        self.hangs = hangs
        self.stubborn = stubborn
        """Hangs and swallows the cancellation too."""
        self.silent = False
        """Does not answer about orders."""

    async def cancel(self, order_id: str, symbol: str) -> Report | None:
        if self.silent:
            await asyncio.Event().wait()
        return await super().cancel(order_id, symbol)

    async def prices(self) -> Mapping[str, Decimal]:
        cancelled = False
        while self.stubborn:
            try:
                await asyncio.sleep(0.02)
            except asyncio.CancelledError:
                cancelled = True
        if cancelled:
            raise asyncio.CancelledError
        if self.hangs:
            await asyncio.Event().wait()
        if self.error:
            raise VenueError(self.error)
        return await super().prices()


def memory_ledger() -> Ledger:
    """A ledger that ends with the test."""
    return Ledger(Sqlite(), "main")


class FakeSource:
    """Shows what the test says, when it says so."""

    def __init__(self, intent: Intent | None) -> None:
        self._intent = intent
        self.state: IntentState | None = None
        self.crash: Exception | None = None
        self._again = asyncio.Event()

    def show(self, intent: Intent) -> None:
        self._intent = intent
        self._again.set()

    def fail_with(self, error: Exception) -> None:
        self.crash = error
        self._again.set()

    async def run(self, state: IntentState) -> None:
        while True:
            if self.crash:
                raise self.crash
            if self._intent:
                state.show(self._intent.to_data(), "fake")
            self._again.clear()
            await self._again.wait()


BLUE = Intent(Color.BLUE)
GREEN = Intent(Color.GREEN)


def settings(**environ: str) -> Settings:
    """Settings of a pod `pod-1` with short deadlines, plus what the test says."""
    quick = {
        "POD_NAME": "pod-1",
        "BOT_HTTP_PORT": "0",
        "BOT_DRAIN_SECONDS": "0",
        "BOT_SHUTDOWN_SECONDS": "2",
    }
    return Settings.load(quick | environ)


async def until(fact: Callable[[], bool], seconds: float = 5) -> float:
    """Wait for a fact; return how many seconds it took."""
    started = time.monotonic()
    for _ in range(int(seconds / LOOK_SECONDS)):
        if fact():
            return time.monotonic() - started
        await asyncio.sleep(LOOK_SECONDS)
    raise AssertionError(f"not within {seconds} s")


@contextlib.asynccontextmanager
async def serving(app: ASGIApp) -> AsyncGenerator[str, None]:
    """Serve on a free loopback port; give its address."""
    server = build_server(app, 1)
    listening = listen(0)
    port = listening.getsockname()[1]
    task = asyncio.create_task(server.serve([listening]))
    await until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, 5)
