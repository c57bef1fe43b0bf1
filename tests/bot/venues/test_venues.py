"""What every venue keeps to, whichever it is: paper, and ccxt on the simulated exchange."""

from collections.abc import AsyncGenerator
from decimal import Decimal

import pytest
import pytest_asyncio

from bot.trading.orders import Lifetime, Report, Side, State, Terms
from bot.venues.port import KnownError, NotTakenError, RejectedError, Venue, VenueError
from tests.support.venue_benches import BENCHES, BTC, ETH, SYMBOLS, WINDOW_SECONDS, Bench, buy


@pytest_asyncio.fixture(params=BENCHES)
async def bench(request: pytest.FixtureRequest) -> AsyncGenerator[Bench]:
    async with BENCHES[request.param]() as bench:
        await bench.pin(BTC, 60_000)
        await bench.venue.time()
        yield bench


async def placed(venue: Venue, order_id: str, terms: Terms) -> Report:
    return await venue.place(order_id, terms, await venue.time())


async def test_markets_have_their_grids(bench: Bench) -> None:
    markets = await bench.venue.markets()
    assert set(markets) == set(SYMBOLS)
    btc = markets[BTC]
    assert (btc.base, btc.quote) == ("BTC", "USDT")
    assert (btc.tick, btc.lot, btc.min_quantity) == (
        Decimal("0.01"),
        Decimal("0.00001"),
        Decimal("0.00001"),
    )
    assert btc.min_notional == 5


async def test_every_symbol_has_a_price(bench: Bench) -> None:
    prices = await bench.venue.prices()
    assert set(prices) == set(SYMBOLS)
    assert Decimal(50_000) < prices[BTC] < Decimal(70_000)


async def test_a_market_order_is_filled_and_pays_a_fee(bench: Bench) -> None:
    report = await placed(bench.venue, "m-1", buy("0.01"))
    assert (report.order_id, report.symbol, report.state) == ("m-1", BTC, State.FILLED)
    assert report.filled_quantity == Decimal("0.01")
    assert report.venue_order_id
    (fill,) = report.fills
    assert (fill.order_id, fill.symbol, fill.side) == ("m-1", BTC, Side.BUY)
    assert fill.quantity == Decimal("0.01")
    assert 60_000 < fill.price < 60_100
    assert (fill.fee, fill.fee_currency) == (Decimal("0.00001"), "BTC")
    assert abs(fill.at_us / 1e6 - await bench.venue.time()) < 60


async def test_what_an_order_was_answered_is_what_is_found(bench: Bench) -> None:
    answered = await placed(bench.venue, "f-1", buy("0.5"))
    report = await bench.venue.find("f-1", BTC)
    assert report == answered
    assert report is not None
    assert sum(fill.quantity for fill in report.fills) == Decimal("0.5")


async def test_an_order_that_the_venue_does_not_have_is_none(bench: Bench) -> None:
    assert await bench.venue.find("never", BTC) is None
    assert await bench.venue.cancel("never", BTC) is None


async def test_a_limit_order_rests_and_is_cancelled(bench: Bench) -> None:
    report = await placed(bench.venue, "r-1", buy("0.01", "59000"))
    assert (report.state, report.filled_quantity, report.fills) == (State.ACKED, 0, ())
    (resting,) = await bench.venue.open_orders(BTC)
    assert (resting.order_id, resting.state) == ("r-1", State.ACKED)
    assert resting.terms == buy("0.01", "59000")
    assert await bench.venue.open_orders(ETH) == []
    assert (await bench.venue.balances())["USDT"].locked == 590
    cancelled = await bench.venue.cancel("r-1", BTC)
    assert cancelled is not None
    assert cancelled.state is State.CANCELLED
    assert await bench.venue.open_orders(BTC) == []
    assert (await bench.venue.balances())["USDT"].locked == 0
    assert await bench.venue.cancel("r-1", BTC) == cancelled


async def test_a_resting_order_fills_at_its_own_price_when_the_market_comes(bench: Bench) -> None:
    await placed(bench.venue, "r-2", buy("0.01", "59000"))
    await bench.pin(BTC, 58_500)
    report = await bench.venue.find("r-2", BTC)
    assert report is not None
    assert report.state is State.FILLED
    assert [fill.price for fill in report.fills] == [59_000]
    assert await bench.venue.cancel("r-2", BTC) == report


async def test_a_limit_order_that_may_not_rest_takes_what_is_there(bench: Bench) -> None:
    at_once = Lifetime.IMMEDIATE_OR_CANCEL
    missed = await placed(bench.venue, "i-1", buy("0.01", "59000", lifetime=at_once))
    assert (missed.state, missed.filled_quantity) == (State.CANCELLED, 0)
    assert missed.reason
    met = await placed(bench.venue, "i-2", buy("0.01", "61000", lifetime=at_once))
    assert met.state is State.FILLED
    assert await bench.venue.open_orders(BTC) == []


@pytest.mark.parametrize(
    "terms",
    [
        pytest.param(buy("0.00001"), id="worth less than the market takes"),
        pytest.param(buy("1000"), id="not covered by quote currency"),
        pytest.param(buy("2", side=Side.SELL), id="not covered by base currency"),
        pytest.param(buy("2", "60000"), id="a limit order that is not covered"),
        pytest.param(buy("0.000015"), id="between two lots"),
        pytest.param(buy("0.01", "59000.001"), id="between two ticks"),
        pytest.param(buy("0.01", symbol="XXX/YYY"), id="unknown symbol"),
    ],
)
async def test_what_the_venue_cannot_take_is_rejected_for_good(bench: Bench, terms: Terms) -> None:
    with pytest.raises(RejectedError):
        await placed(bench.venue, "bad", terms)
    assert await bench.accepted() == []
    assert await bench.venue.find("bad", BTC) is None


async def test_a_known_order_id_is_not_taken_again(bench: Bench) -> None:
    await placed(bench.venue, "twice", buy("0.01", "59000"))
    with pytest.raises(KnownError):
        await placed(bench.venue, "twice", buy("0.01", "59000"))
    assert await bench.accepted() == ["twice"]


async def test_a_request_is_dead_after_its_window(bench: Bench) -> None:
    await bench.venue.markets()
    stamp = await bench.venue.time()
    bench.advance(WINDOW_SECONDS + 0.01)
    with pytest.raises(NotTakenError) as raised:
        await bench.venue.place("late", buy("0.01"), stamp)
    assert not isinstance(raised.value, KnownError)
    assert await bench.venue.find("late", BTC) is None


async def test_a_request_from_the_future_is_not_taken(bench: Bench) -> None:
    await bench.venue.markets()
    with pytest.raises(NotTakenError):
        await bench.venue.place("early", buy("0.01"), await bench.venue.time() + 3)
    assert await bench.accepted() == []


async def test_a_request_within_its_window_is_taken(bench: Bench) -> None:
    await bench.venue.markets()
    stamp = await bench.venue.time()
    bench.advance(WINDOW_SECONDS / 2)
    assert (await bench.venue.place("timely", buy("0.01"), stamp)).state is State.FILLED


async def test_an_unanswered_order_was_executed_and_is_found(bench: Bench) -> None:
    await bench.venue.markets()
    await bench.lose_next_answer()
    with pytest.raises(VenueError) as raised:
        await placed(bench.venue, "lost", buy("0.01"))
    assert type(raised.value) is VenueError
    report = await (await bench.again()).find("lost", BTC)
    assert report is not None
    assert report.state is State.FILLED
    assert await bench.accepted() == ["lost"]


async def test_fills_are_told_from_a_time_on_and_by_whose_order(bench: Bench) -> None:
    first = await placed(bench.venue, "a-1", buy("0.01"))
    bench.advance(0.1)
    second = await placed(bench.venue, "a-2", buy("0.02"))
    venue = await bench.again()
    assert await venue.fills(BTC, 0) == [*first.fills, *second.fills]
    assert await venue.fills(BTC, second.fills[0].at_us) == [*second.fills]
    assert await venue.fills(BTC, second.fills[-1].at_us + 1_000) == []
    assert await venue.fills(ETH, 0) == []


async def test_orders_are_listed_open_or_ended(
    bench: Bench,
) -> None:
    await placed(bench.venue, "o-1", buy("0.01"))
    bench.advance(0.1)
    since_us = int(await bench.venue.time() * 1e6)
    rests = await placed(bench.venue, "o-2", buy("0.01", "59000"))
    filled = await placed(bench.venue, "o-3", buy("0.02"))
    await placed(bench.venue, "other", buy("0.02", symbol=ETH))
    await bench.venue.cancel("o-2", BTC)
    await placed(bench.venue, "o-4", buy("0.01", "59000"))
    venue = await bench.again()
    listed = await venue.orders(BTC, since_us)
    assert [(order.order_id, order.state) for order in listed] == [
        ("o-2", State.CANCELLED),
        ("o-3", State.FILLED),
        ("o-4", State.ACKED),
    ]
    assert [order.venue_order_id for order in listed[:2]] == [
        rests.venue_order_id,
        filled.venue_order_id,
    ]
    assert (listed[1].filled_quantity, listed[1].fills) == (Decimal("0.02"), ())
    assert next(order.order_id for order in await venue.orders(BTC, 0)) == "o-1"
    assert await venue.orders(BTC, since_us + 60_000_000) == []


async def test_balances_are_what_the_fills_made_of_them(bench: Bench) -> None:
    before = await bench.venue.balances()
    await placed(bench.venue, "b-1", buy("0.5"))
    await placed(bench.venue, "b-2", buy("0.3", side=Side.SELL))
    after = await bench.venue.balances()
    btc, usdt = Decimal(0), Decimal(0)
    for fill in await bench.venue.fills(BTC, 0):
        btc += fill.signed_quantity - (fill.fee if fill.fee_currency == "BTC" else 0)
        usdt -= fill.signed_quantity * fill.price
        usdt -= fill.fee if fill.fee_currency == "USDT" else 0
    assert after["BTC"].total - before["BTC"].total == btc
    assert after["USDT"].total - before["USDT"].total == usdt
    assert after["USDT"].locked == 0


async def test_a_venue_is_closed_once_and_again(bench: Bench) -> None:
    await bench.venue.close()
    await bench.venue.close()
