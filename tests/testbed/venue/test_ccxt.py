"""The real ccxt trades on the venue: what it must find there, and nothing of its own faked."""

import asyncio
from collections.abc import AsyncGenerator
from decimal import Decimal

import pytest
import pytest_asyncio

from testbed.venue.server import DEFAULT_KEY
from tests.support.venue_client import Ccxt, ccxt_at
from tests.support.venue_serving import Serving

BTC = "BTC/USDT"


@pytest_asyncio.fixture
async def ccxt(serving: Serving) -> AsyncGenerator[Ccxt]:
    async with ccxt_at(serving.url) as client:
        yield client


async def test_markets_have_their_grids_and_bounds(ccxt: Ccxt) -> None:
    market = (await ccxt.load_markets())[BTC]
    assert market["id"] == "BTCUSDT"
    assert market["active"]
    assert market["precision"]["amount"] == "0.00001"
    assert market["precision"]["price"] == "0.01"
    assert market["limits"]["cost"]["min"] == "5"
    assert market["limits"]["amount"]["max"] == "9000"


async def test_the_venue_tells_its_time(ccxt: Ccxt, serving: Serving) -> None:
    assert abs(await ccxt.fetch_time() - serving.clock()) < 2_000


async def test_a_ticker_has_a_spread_around_the_last_price(ccxt: Ccxt, serving: Serving) -> None:
    await serving.pin("BTCUSDT", "60000")
    ticker = await ccxt.fetch_ticker(BTC)
    assert Decimal(ticker["last"]) == 60_000
    assert Decimal(ticker["bid"]) < 60_000 < Decimal(ticker["ask"])


async def test_several_tickers_come_in_one_request(ccxt: Ccxt) -> None:
    assert set(await ccxt.fetch_tickers([BTC, "ETH/USDT"])) == {BTC, "ETH/USDT"}


async def test_the_order_book_is_sorted_from_the_best(ccxt: Ccxt) -> None:
    book = await ccxt.fetch_order_book(BTC, 5)
    bids = [Decimal(price) for price, _ in book["bids"]]
    asks = [Decimal(price) for price, _ in book["asks"]]
    assert len(bids) == len(asks) == 5
    assert [*reversed(bids), *asks] == sorted({*bids, *asks})


async def test_candles_follow_one_another(ccxt: Ccxt) -> None:
    candles = await ccxt.fetch_ohlcv(BTC, "1m", None, 10)
    assert [row[0] - candles[0][0] for row in candles] == [60_000 * index for index in range(10)]


async def test_a_market_order_fills_in_parts_at_worse_prices(ccxt: Ccxt, serving: Serving) -> None:
    await serving.pin("BTCUSDT", "60000")
    order = await ccxt.create_order(BTC, "market", "buy", "0.5", None, {"clientOrderId": "a-1"})
    assert order["status"] == "closed"
    assert order["clientOrderId"] == "a-1"
    assert Decimal(order["filled"]) == Decimal("0.5")
    prices = [Decimal(trade["price"]) for trade in order["trades"]]
    assert prices == sorted(set(prices))
    assert len(prices) == 3


async def test_a_market_order_may_name_what_it_costs(ccxt: Ccxt) -> None:
    order = await ccxt.create_market_buy_order_with_cost(BTC, "100")
    assert order["status"] == "closed"
    assert Decimal(99) < Decimal(order["cost"]) <= Decimal(100)


async def test_a_limit_order_rests_is_found_and_is_cancelled(ccxt: Ccxt, serving: Serving) -> None:
    await serving.pin("BTCUSDT", "60000")
    placed = await ccxt.create_order(BTC, "limit", "buy", "0.1", "59000", {"clientOrderId": "r-1"})
    assert placed["status"] == "open"
    by_client_id = await ccxt.fetch_order(None, BTC, {"clientOrderId": "r-1"})
    assert by_client_id["id"] == placed["id"]
    assert (await ccxt.fetch_order(placed["id"], BTC))["clientOrderId"] == "r-1"
    assert [order["id"] for order in await ccxt.fetch_open_orders(BTC)] == [placed["id"]]
    cancelled = await ccxt.cancel_order(None, BTC, {"clientOrderId": "r-1"})
    assert cancelled["status"] == "canceled"
    assert await ccxt.fetch_open_orders(BTC) == []


async def test_a_resting_order_fills_at_its_own_price_when_the_market_comes(
    ccxt: Ccxt, serving: Serving
) -> None:
    await serving.pin("BTCUSDT", "60000")
    placed = await ccxt.create_order(BTC, "limit", "sell", "0.1", "61000")
    await serving.pin("BTCUSDT", "61500")
    serving.clock.ahead_ms += 500
    order = await ccxt.fetch_order(placed["id"], BTC)
    assert order["status"] == "closed"
    (trade,) = await ccxt.fetch_my_trades(BTC)
    assert Decimal(trade["price"]) == 61_000
    assert trade["takerOrMaker"] == "maker"


async def test_all_orders_of_a_symbol_are_cancelled_at_once(ccxt: Ccxt, serving: Serving) -> None:
    await serving.pin("BTCUSDT", "60000")
    for price in ("58000", "59000"):
        await ccxt.create_order(BTC, "limit", "buy", "0.1", price)
    assert len(await ccxt.cancel_all_orders(BTC)) == 2
    assert {order["status"] for order in await ccxt.fetch_orders(BTC)} == {"canceled"}


async def test_balances_are_free_locked_and_changed_by_trades(ccxt: Ccxt, serving: Serving) -> None:
    await serving.pin("BTCUSDT", "60000")
    await ccxt.create_order(BTC, "limit", "buy", "0.1", "50000")
    locked = await ccxt.fetch_balance()
    assert Decimal(locked["USDT"]["used"]) == 5_000
    await ccxt.create_order(BTC, "market", "buy", "0.2")
    (trade,) = await ccxt.fetch_my_trades(BTC)
    after = await ccxt.fetch_balance()
    assert Decimal(after["USDT"]["total"]) == 100_000 - Decimal(trade["cost"])
    assert Decimal(after["BTC"]["total"]) == Decimal("1.2") - Decimal(trade["fee"]["cost"])


async def test_the_record_names_the_sender_of_each_order(ccxt: Ccxt, serving: Serving) -> None:
    before_ms = serving.clock()
    await ccxt.create_order(BTC, "market", "buy", "0.001", None, {"clientOrderId": "s-1"})
    (accepted,) = await serving.accepted()
    assert (accepted.client_id, accepted.symbol, accepted.api_key) == (
        "s-1",
        "BTCUSDT",
        DEFAULT_KEY,
    )
    assert accepted.quantity == Decimal("0.001")
    assert accepted.window_ms == 1_500
    assert before_ms <= accepted.sent_ms <= accepted.received_ms <= serving.clock()
    assert [fill.order_id for fill in await serving.filled()] == [accepted.order_id]


async def test_orders_may_be_placed_side_by_side(ccxt: Ccxt, serving: Serving) -> None:
    await ccxt.load_markets()
    names = [f"p-{number}" for number in range(20)]
    await asyncio.gather(
        *(
            ccxt.create_order(BTC, "market", "buy", "0.001", None, {"clientOrderId": name})
            for name in names
        )
    )
    assert sorted(order.client_id for order in await serving.accepted()) == sorted(names)


@pytest.mark.parametrize("side", ["buy", "sell"])
async def test_the_account_after_a_round_trip_equals_its_trades(ccxt: Ccxt, side: str) -> None:
    back = "sell" if side == "buy" else "buy"
    for this in (side, back):
        await ccxt.create_order("ETH/USDT", "market", this, "1")
    change = sum(
        (Decimal(trade["cost"]) - Decimal(trade["fee"]["cost"]))
        if trade["side"] == "sell"
        else -Decimal(trade["cost"])
        for trade in await ccxt.fetch_my_trades("ETH/USDT")
    )
    balance = await ccxt.fetch_balance()
    assert Decimal(balance["USDT"]["total"]) - 100_000 == change
    assert change < 0
