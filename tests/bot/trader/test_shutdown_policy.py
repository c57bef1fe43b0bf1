"""What happens to orders and positions when a bot gives its lease up."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from decimal import Decimal

from bot.app import Bot
from bot.contract.color import Color
from bot.ledger.ledger import Ledger
from bot.ledger.sqlite import Sqlite
from bot.process.clock import Clock
from bot.process.server import listen
from bot.process.stop_flag import StopFlag
from bot.trading.orders import Side, State, Terms
from bot.trading.signals import Signal
from tests.support.fakes import BLUE, GREEN, FakeSource, FakeVenue, settings, until

BUY = Terms("BTC/USDT", Side.BUY, Decimal("0.001"))
FAR = Terms("BTC/USDT", Side.BUY, Decimal("0.001"), limit_price=Decimal(59_000))


@dataclass
class Trading:
    """A bot that trades, and its parts."""

    bot: Bot
    source: FakeSource
    venue: FakeVenue
    ledger: Ledger

    async def trade(self, name: str, terms: Terms) -> State:
        """Let a signal become an order; return the order's state."""
        await self.bot.trader.post(Signal(name, terms, 30.0, "test"))
        for _ in range(1000):
            record = await self.ledger.find(name)
            if record and record.fate and record.orders:
                return record.orders[-1].state
            assert not (record and record.fate), record
            await asyncio.sleep(0.005)
        raise AssertionError(f"{name} has no fate")

    async def leave(self) -> None:
        """Name the other color, and wait until the lease is released."""
        self.source.show(GREEN)
        await until(lambda: not self.bot.keeper.leases)


@contextlib.asynccontextmanager
async def trading(policy: str) -> AsyncGenerator[Trading]:
    config = settings(SHUTDOWN_POLICY=policy, STRATEGY="none", BOT_SHUTDOWN_SECONDS="1")
    source, venue, flag = FakeSource(BLUE), FakeVenue(), StopFlag()
    ledger = Ledger(Sqlite(), "main")
    bot = Bot(config, source=source, venue=venue, ledger=ledger, flag=flag, clock=Clock())
    task = asyncio.create_task(bot.lifecycle.run(listen(0)))
    await until(lambda: bot.trader.started and bool(bot.keeper.leases))
    try:
        yield Trading(bot, source, venue, ledger)
    finally:
        flag.set("the test is over")
        await asyncio.wait_for(task, 10)


async def test_a_handover_leaves_orders_and_positions_as_they_are() -> None:
    async with trading("handover") as subject:
        assert await subject.trade("held", BUY) is State.FILLED
        assert await subject.trade("rests", FAR) is State.ACKED
        await subject.leave()
        facts = await subject.ledger.facts()
        assert [order.order_id for order in facts.live_orders] == ["bot.rests-1"]
        assert facts.positions["BTC/USDT"].quantity > 0
        assert subject.bot.trader.left_behind == ()


async def test_cancel_ends_what_rests_and_keeps_positions() -> None:
    async with trading("cancel") as subject:
        await subject.trade("held", BUY)
        await subject.trade("rests", FAR)
        await subject.leave()
        facts = await subject.ledger.facts()
        assert facts.live_orders == ()
        assert facts.positions["BTC/USDT"].quantity > 0
        assert subject.bot.trader.left_behind == ()


async def test_flatten_closes_positions_too() -> None:
    async with trading("flatten") as subject:
        await subject.trade("held", BUY)
        await subject.trade("rests", FAR)
        await subject.leave()
        facts = await subject.ledger.facts()
        assert facts.live_orders == ()
        market = subject.bot.market_state.markets["BTC/USDT"]
        assert market.round_quantity(facts.positions["BTC/USDT"].quantity) == 0


async def test_what_could_not_be_cancelled_is_named_and_left_in_the_ledger() -> None:
    async with trading("cancel") as subject:
        await subject.trade("rests", FAR)
        subject.venue.silent = True
        await subject.leave()
        assert subject.bot.trader.left_behind == ("order bot.rests-1",)
        facts = await subject.ledger.facts()
        assert [order.order_id for order in facts.live_orders] == ["bot.rests-1"]
        subject.venue.silent = False


async def test_a_color_that_comes_back_trades_again() -> None:
    async with trading("handover") as subject:
        await subject.leave()
        subject.source.show(BLUE)
        await until(lambda: bool(subject.bot.keeper.leases))
        assert subject.bot.settings.color is Color.BLUE
        assert await subject.trade("again", BUY) is State.FILLED
