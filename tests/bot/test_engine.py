import asyncio
from collections.abc import Callable
from decimal import Decimal

from bot.engine import Engine
from bot.trading.thin_strategy import WINDOW, Limits
from tests.bot.fakes import FakeTime, FakeVenue

BTC, ETH = "BTC/USDT", "ETH/USDT"


def build(
    venue: FakeVenue,
    may_trade: Callable[[str], bool] = lambda _: True,
    counted: list[tuple[str, str]] | None = None,
    time: FakeTime | None = None,
) -> Engine:
    counts = [] if counted is None else counted
    return Engine(
        venue=venue,
        symbols=[BTC, ETH],
        limits=Limits(Decimal(1000), Decimal(5000)),
        may_trade=may_trade,
        on_order=lambda side, result: counts.append((side, result)),
        clock=(time or FakeTime()).clock,
        venue_timeout_seconds=0.1,
    )


async def rise(engine: Engine, venue: FakeVenue) -> None:
    """Let the price stand for a window, then jump."""
    for price in [*[100] * WINDOW, 110]:
        venue.last = {BTC: Decimal(price), ETH: Decimal(price)}
        await engine.tick()


async def test_a_rising_price_is_bought_and_counted() -> None:
    venue, counted = FakeVenue(), list[tuple[str, str]]()
    engine = build(venue, counted=counted)
    await rise(engine, venue)
    assert [order.symbol for order in venue.orders] == [BTC, ETH]
    assert counted == [("buy", "filled")] * 2
    assert set(engine.book.open_positions) == {BTC, ETH}
    venue.last = {BTC: Decimal(120), ETH: Decimal(110)}
    await engine.tick()
    assert engine.book.unrealized_profit > 0


async def test_a_symbol_of_the_other_color_is_never_traded() -> None:
    venue = FakeVenue()
    engine = build(venue, may_trade=lambda symbol: symbol == ETH)
    await rise(engine, venue)
    assert {order.symbol for order in venue.orders} == {ETH}


async def test_without_authority_prices_are_still_followed() -> None:
    venue = FakeVenue()
    engine = build(venue, may_trade=lambda _: False)
    await rise(engine, venue)
    assert not venue.orders
    assert engine.book.prices[BTC] == 110


async def test_a_stopped_engine_sends_nothing() -> None:
    venue = FakeVenue()
    engine = build(venue)
    engine.stop()
    await rise(engine, venue)
    assert not venue.orders


async def test_a_failing_venue_is_reported_and_the_loop_beats_on() -> None:
    venue, time = FakeVenue(error="down"), FakeTime()
    engine = build(venue, time=time)
    await engine.tick()
    assert engine.book.venue_error == "down"
    assert engine.beat.at_monotonic == time.seconds
    venue.error = ""
    venue.last = {BTC: Decimal(1)}
    time.seconds += 7
    await engine.tick()
    assert engine.book.venue_error is None
    assert engine.beat.at_monotonic == time.seconds


async def test_a_hanging_venue_cannot_hold_the_loop() -> None:
    engine = build(FakeVenue(hangs=True))
    await asyncio.wait_for(engine.tick(), 1)
    assert "no answer" in str(engine.book.venue_error)


async def test_a_refused_order_leaves_the_position_alone() -> None:
    venue, counted = FakeVenue(), list[tuple[str, str]]()

    def fails_then(_: str) -> bool:
        venue.error = "refused"
        return True

    engine = build(venue, may_trade=fails_then, counted=counted)
    for price in [*[100] * WINDOW, 110]:
        venue.error = ""
        venue.last = {BTC: Decimal(price)}
        await engine.tick()
    assert counted == [("buy", "refused")]
    assert not engine.book.open_positions


async def test_stopping_ends_the_loop_at_once() -> None:
    engine = build(FakeVenue(last={BTC: Decimal(1)}))
    task = asyncio.create_task(engine.run())
    await asyncio.sleep(0.05)
    engine.stop()
    await asyncio.wait_for(task, 0.2)
