"""The whole HTTP surface with an inbox that remembers, for tests that go over a socket."""

import asyncio
import contextlib
import threading
from collections.abc import Generator
from pathlib import Path

from starlette.types import ASGIApp

from bot.app import Bot
from bot.contract.color import Color
from bot.intake.intake import Intake, routes
from bot.intent.fixed import FixedSource
from bot.ledger.port import OrderRecord, Posted, SignalRecord
from bot.process.clock import Clock
from bot.process.identity import Identity
from bot.process.stop_flag import StopFlag
from bot.serving.http import build_app
from bot.trading.orders import State
from bot.trading.signals import Fate, Signal
from tests.support.fakes import FakeVenue, memory_ledger, serving, settings

TOKEN, KEY = "token-that-nobody-guesses", "key-that-signs-what-is-sent"
SYMBOLS = ("BTC/USDT", "ETH/USDT")


class FakeInbox:
    """Stores in memory; every other signal that is asked about is executed."""

    def __init__(self) -> None:
        self.stored: dict[str, Signal] = {}

    async def post(self, signal: Signal) -> Posted:
        known = self.stored.setdefault(signal.signal_id, signal)
        if known is signal:
            return Posted.STORED
        return Posted.SAME if known.terms == signal.terms else Posted.CONFLICT

    async def find(self, signal_id: str) -> SignalRecord | None:
        signal = self.stored.get(signal_id)
        if signal is None:
            return None
        if len(signal_id) % 2:
            return SignalRecord(signal, 1e9, None, "", None, ())
        order = OrderRecord(f"{signal_id}-1", 1, signal.terms, State.FILLED, "1", "")
        return SignalRecord(signal, 1e9, Fate.EXECUTED, "", 1e9 + 1, (order,))


def app_of(inbox: FakeInbox, secrets: Path) -> ASGIApp:
    """Return the application of a bot that is not started, with this inbox."""
    (secrets / "signals-token").write_text(TOKEN)
    (secrets / "signals-hmac-key").write_text(KEY)
    config = settings()
    bot = Bot(
        config,
        source=FixedSource(Color.BLUE),
        venue=FakeVenue(),
        ledger=memory_ledger(),
        flag=StopFlag(),
        clock=Clock(),
    )
    bot.state.show({"activeColor": "blue"}, "1")  # else each answer closes its connection
    intake = Intake(inbox=inbox, symbols=SYMBOLS, secrets=secrets, clock=Clock())
    return build_app(
        Identity.of(config), bot.snapshot, bot.metrics, bot.closing, extra=routes(intake)
    )


@contextlib.contextmanager
def served(app: ASGIApp) -> Generator[str]:
    """Serve on a thread of its own, for clients that block; give the address."""
    started, stop = threading.Event(), threading.Event()
    addresses: list[str] = []

    async def serve() -> None:
        async with serving(app) as address:
            addresses.append(address)
            started.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="server")
    thread.start()
    try:
        assert started.wait(10)
        yield addresses[0]
    finally:
        stop.set()
        thread.join()
