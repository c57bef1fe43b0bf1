"""Other hands on the account, at the simulated exchange: named with amounts, never taken over."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from bot.authority.client_ids import client_order_id
from bot.authority.lease import Claimant
from bot.authority.orders import Order
from bot.contract.color import Color
from bot.contract.intent import Intent
from bot.contract.shards import shard_of
from bot.ledger.ledger import Ledger
from bot.ledger.outcomes import Approved, Writer
from bot.ledger.sqlite import Sqlite
from bot.trader.market_state import MarketState
from bot.trader.reconciler import Reconciler
from bot.trading.orders import ZERO, Side, Terms
from bot.trading.signals import Signal
from bot.trading.strategy import AverageCross
from bot.venues.ccxt_binance import CcxtVenue
from tests.support.venue_benches import BTC, buy, ccxt_venue
from tests.support.venue_serving import Serving, serve

PRICE = Decimal(60_000)


@dataclass
class Stack:
    """One stack's bot: its ledger, and its view of the account."""

    mark: str
    ledger: Ledger
    venue: CcxtVenue
    reconciler: Reconciler

    def writer_of(self, lease: int) -> Writer:
        """Hold every lease, each in its first epoch."""
        return Writer("blue.1", 1, lease)

    async def look(self, times: int = 1) -> list[str]:
        for _ in range(times):
            await self.reconciler.run(self.writer_of)
        return [str(difference) for difference in self.reconciler.differences]

    async def trade(self, signal: str, terms: Terms) -> str:
        """Commit, send, record; return the client order id."""
        order_id = client_order_id(self.mark, signal, 1)
        writer, stamp = self.writer_of(shard_of(BTC)), await self.venue.time()
        await self.ledger.post(Signal(signal, terms, 30.0, "test"))
        order = Order(order_id, signal, 1, writer.lease, 1, "blue.1", stamp, stamp + 1, terms=terms)
        await self.ledger.commit_intent(order, lambda _: Approved(terms, ZERO))
        report = await self.venue.place(order_id, terms, stamp)
        await self.ledger.record(writer, replace(order, state=report.state), report)
        return order_id

    async def held(self) -> Decimal:
        position = (await self.ledger.facts()).positions.get(BTC)
        return position.quantity if position else ZERO

    async def resolve(self, reason: str) -> None:
        assert await self.ledger.resolve("ops", reason, await self.ledger.noted())


@contextlib.asynccontextmanager
async def stack(serving: Serving, mark: str) -> AsyncGenerator[Stack]:
    venue, ledger, state = ccxt_venue(serving), Ledger(Sqlite(), "main"), MarketState((BTC,))
    await ledger.open()
    await ledger.keep(Claimant("blue.1", Color.BLUE, 1), Intent(Color.BLUE), ())
    await venue.time()
    state.markets = await venue.markets()
    reconciler = Reconciler(ledger=ledger, venue=venue, market_state=state, mark=mark)
    made = Stack(mark, ledger, venue, reconciler)
    try:
        assert await made.look() == []
        yield made
    finally:
        await venue.close()
        await ledger.close()


@pytest.fixture
async def serving() -> AsyncIterator[Serving]:
    async with serve() as serving:
        await serving.pin("BTCUSDT", str(PRICE))
        yield serving


@pytest.fixture
async def bot(serving: Serving) -> AsyncIterator[Stack]:
    async with stack(serving, "7f3a90") as made:
        yield made


async def test_what_a_person_buys_in_the_app_is_named_and_not_ours(
    bot: Stack, serving: Serving
) -> None:
    """Case a01: the person's own bitcoin became the bot's position, and was sold."""
    shown = await serving.by_hand(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="1")
    assert shown["clientOrderId"], "the exchange makes one up"
    named = await bot.look(2)
    fills = [each for each in named if each.startswith("fill ")]
    assert fills
    assert all(f"by order {shown['clientOrderId']}, which is not ours" in each for each in fills)
    bought = sum(Decimal(each.partition("buy ")[2].split()[0]) for each in fills)
    assert bought == 1
    assert {each.split(":")[0] for each in named if each not in fills} == {
        "balance BTC",
        "balance USDT",
    }
    assert bot.reconciler.read_only
    assert await bot.held() == 0
    await bot.resolve("bought by hand")
    assert await bot.look(2) == []
    assert bot.reconciler.read_only is None
    assert await bot.held() == 0


async def test_the_strategy_sells_nothing_of_what_a_person_bought(
    bot: Stack, serving: Serving
) -> None:
    await serving.by_hand(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="1")
    await bot.look(2)
    market = (await bot.venue.markets())[BTC]
    strategy, held = AverageCross(), await bot.held()
    signals = [
        strategy.on_price(market, PRICE - 30 * n, 1000 + 5 * n, held, Decimal(1000))
        for n in range(40)
    ]
    assert [signal for signal in signals if signal and signal.terms.side is Side.SELL] == []


async def test_an_order_that_a_person_leaves_resting_is_named_until_it_is_dealt_with(
    bot: Stack, serving: Serving
) -> None:
    shown = await serving.by_hand(
        symbol="BTCUSDT",
        side="BUY",
        type="LIMIT",
        timeInForce="GTC",
        quantity="0.5",
        price="59000",
    )
    (named,) = await bot.look(2)
    assert named == (
        f"order {shown['clientOrderId']}: rests at the venue and is not ours"
        " (buy 0.5 BTC/USDT at 59000)"
    )
    await bot.resolve("it may rest")
    assert await bot.look(2) == []


async def test_a_deposit_is_booked_and_trading_goes_on(bot: Stack, serving: Serving) -> None:
    """Case a02: it was read-only for ever."""
    serving.deposit("USDT", "100")
    (named,) = await bot.look(3)
    assert named == "balance USDT: the venue has 100100, the ledger expects 100000"
    await bot.resolve("deposit")
    assert await bot.look() == []
    assert bot.reconciler.read_only is None
    await bot.trade("s", buy("0.01"))
    assert await bot.look(2) == []


async def test_our_own_trading_while_others_do_makes_no_difference_of_its_own(
    bot: Stack, serving: Serving
) -> None:
    serving.deposit("USDT", "100")
    for number in range(3):
        await bot.trade(f"s-{number}", buy("0.01"))
        assert [each.partition(":")[0] for each in await bot.look()] == ["balance USDT"]
    (noted,) = await bot.ledger.noted()
    assert noted.difference.surplus == 100


async def test_two_stacks_on_one_account_know_their_own(bot: Stack, serving: Serving) -> None:
    async with stack(serving, "0c1d2e") as other:
        ours = await bot.trade("same-name", buy("0.01"))
        theirs = await other.trade("same-name", buy("0.02"))
        assert ours != theirs
        for one, foreign in ((bot, theirs), (other, ours)):
            named = await one.look(2)
            (fill,) = [each for each in named if each.startswith("fill ")]
            assert f"by order {foreign}, which is not ours" in fill
            assert not [each for each in named if each.startswith("unknown order")]
        assert await bot.held() == Decimal("0.00999")
        assert await other.held() == Decimal("0.01998")


async def test_a_process_on_a_copy_of_the_ledger_is_named_as_one(
    bot: Stack, serving: Serving
) -> None:
    async with stack(serving, bot.mark) as copy:
        filled = await copy.trade("s-1", buy("0.01"))
        resting = await copy.trade("s-2", buy("0.01", "59000"))
        named = [each for each in await bot.look(2) if not each.startswith("balance ")]
    assert [each.partition(":")[0] for each in named] == [
        f"unknown order {filled}",
        f"unknown order {resting}",
    ]
    assert all("another process trades on a copy of this ledger" in each for each in named)
    assert "the ledger lost commits (buy 0.01 BTC/USDT at 59000)" in named[1]
    assert await bot.held() == 0


async def test_an_order_of_the_time_before_marks_stays_ours(bot: Stack) -> None:
    bot.mark = ""
    order_id = await bot.trade("s", buy("0.01"))
    assert order_id == ".s-1"
    assert await bot.look(2) == []
    assert await bot.held() == Decimal("0.00999")
