"""What ccxt makes of the venue's refusals: its exception classes are what the bot will see."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from decimal import Decimal

import pytest
import pytest_asyncio

from testbed.venue.events import Refused
from testbed.venue.limits import Rates
from testbed.venue.server import DEFAULT_KEY, Options
from tests.support.venue_client import Ccxt, ccxt_at, errors
from tests.support.venue_serving import Serving, serve

BTC = "BTC/USDT"
ASK = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}


@pytest_asyncio.fixture
async def ccxt(serving: Serving) -> AsyncGenerator[Ccxt]:
    async with ccxt_at(serving.url) as client:
        await client.load_markets()
        await serving.pin("BTCUSDT", "60000")
        yield client


async def test_a_request_past_its_window_is_refused_and_never_accepted(
    ccxt: Ccxt, serving: Serving
) -> None:
    serving.clock.ahead_ms = 1_501
    with pytest.raises(errors.InvalidNonce, match=r"-1021.*outside of the recvWindow"):
        await ccxt.create_order(BTC, "market", "buy", "0.001", None, {"clientOrderId": "late"})
    assert await serving.accepted() == []


async def test_a_clock_that_runs_ahead_is_refused(ccxt: Ccxt, serving: Serving) -> None:
    serving.clock.ahead_ms = -3_000
    with pytest.raises(errors.InvalidNonce, match=r"-1021.*ahead of the server's time"):
        await ccxt.fetch_balance()


async def test_a_request_held_up_on_its_way_dies_at_the_venue(ccxt: Ccxt, serving: Serving) -> None:
    await serving.fault(kind="delay_request", method="POST", seconds=0.3)
    params = {"clientOrderId": "held", "recvWindow": 200}
    with pytest.raises(errors.InvalidNonce, match="-1021"):
        await ccxt.create_order(BTC, "market", "buy", "0.001", None, params)
    refused = [event for event in await serving.oracle() if isinstance(event, Refused)]
    assert [(event.client_id, event.code) for event in refused] == [("held", -1021)]
    assert refused[0].at_ms - refused[0].sent_ms > 200


async def test_a_client_order_id_is_taken_once_while_its_order_is_open(
    ccxt: Ccxt, serving: Serving
) -> None:
    again = {"clientOrderId": "twice"}
    await ccxt.create_order(BTC, "limit", "buy", "0.001", "50000", again)
    with pytest.raises(errors.InvalidOrder, match=r"-2010.*Duplicate order sent\."):
        await ccxt.create_order(BTC, "limit", "buy", "0.001", "50000", again)
    assert len(await serving.accepted()) == 1


async def test_a_client_order_id_is_free_again_when_its_order_is_done_as_on_binance(
    ccxt: Ccxt, serving: Serving
) -> None:
    for _ in range(2):
        await ccxt.create_order(BTC, "market", "buy", "0.001", None, {"clientOrderId": "again"})
    first, second = await serving.accepted()
    assert first.client_id == second.client_id
    order = await ccxt.fetch_order(None, BTC, {"clientOrderId": "again"})
    assert order["id"] == str(second.order_id)


async def test_what_the_balance_does_not_cover_is_refused(ccxt: Ccxt) -> None:
    with pytest.raises(errors.InsufficientFunds, match="insufficient balance"):
        await ccxt.create_order(BTC, "limit", "buy", "2", "60000")
    with pytest.raises(errors.InsufficientFunds, match="insufficient balance"):
        await ccxt.create_order(BTC, "market", "sell", "1.1")


@pytest.mark.parametrize(
    ("changed", "expected", "text"),
    [
        ({"quantity": "0.000015", "price": "60000"}, errors.InvalidOrder, "lot size"),
        ({"quantity": "0", "price": "60000"}, errors.InvalidOrder, "lot size"),
        ({"quantity": "0.001", "price": "60000.001"}, errors.InvalidOrder, "price precision"),
        ({"quantity": "0.001", "price": "400000"}, errors.ExchangeError, "PERCENT_PRICE_BY_SIDE"),
        ({"quantity": "0.00001", "price": "60000"}, errors.ExchangeError, "NOTIONAL"),
        ({"quantity": "0.000000001", "price": "1"}, errors.BadRequest, "-1111"),
        ({"quantity": "1e-3", "price": "60000"}, errors.BadRequest, "-1100"),
        ({"quantity": "0.001"}, errors.BadRequest, "-1102"),
        ({"quantity": "1", "price": "1", "side": "HOLD"}, errors.BadRequest, "-1117"),
        ({"quantity": "1", "price": "1", "type": "STOP"}, errors.BadRequest, "-1116"),
        ({"quantity": "1", "price": "1", "symbol": "XXXYYY"}, errors.BadSymbol, "-1121"),
        ({"quantity": "1", "price": "1", "hello": "1"}, errors.BadRequest, "-1104"),
        ({"quantity": "1", "price": "1", "recvWindow": "60001"}, errors.ExchangeError, "-1131"),
        ({"quantity": "1", "price": "1", "newClientOrderId": "ü"}, errors.BadRequest, "-1100"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_each_bad_order_is_refused_by_its_name(
    ccxt: Ccxt,
    serving: Serving,
    changed: Mapping[str, str],
    expected: type[Exception],
    text: str,
) -> None:
    with pytest.raises(expected, match=text):
        await ccxt.private_post_order({**ASK, **changed})
    assert await serving.accepted() == []


async def test_a_maker_order_that_would_take_is_refused(ccxt: Ccxt) -> None:
    with pytest.raises(errors.OrderImmediatelyFillable):
        await ccxt.create_order(BTC, "limit", "buy", "0.001", "61000", {"postOnly": True})


async def test_an_unknown_order_is_told_apart_from_a_failure(ccxt: Ccxt) -> None:
    with pytest.raises(errors.OrderNotFound, match="-2013"):
        await ccxt.fetch_order(None, BTC, {"clientOrderId": "never"})
    with pytest.raises(errors.OrderNotFound, match="-2011"):
        await ccxt.cancel_order(None, BTC, {"clientOrderId": "never"})


async def test_a_wrong_key_and_a_wrong_secret_are_refused(serving: Serving) -> None:
    async with ccxt_at(serving.url, secret="wrong") as client:  # noqa: S106  # wrong on purpose
        with pytest.raises(errors.AuthenticationError, match="-1022"):
            await client.fetch_balance()
    async with ccxt_at(serving.url, apiKey="nobody") as client:
        with pytest.raises(errors.AuthenticationError, match="-2015"):
            await client.fetch_balance()


async def test_too_much_weight_is_refused_until_the_minute_ends_then_banned() -> None:
    options = Options(rates=Rates(weight_per_minute=30))
    async with serve(options) as serving, ccxt_at(serving.url) as client:
        await client.load_markets()
        with pytest.raises(errors.DDoSProtection, match=r"429.*-1003"):
            await client.fetch_balance()
        assert 1 <= int(client.last_response_headers["Retry-After"]) <= 60
        serving.clock.ahead_ms = 60_000
        with pytest.raises(errors.InvalidNonce):  # admitted again: now its window is what is wrong
            await client.fetch_balance()
        for _ in range(11):
            with pytest.raises(errors.DDoSProtection):
                await client.fetch_balance()
        with pytest.raises(errors.DDoSProtection, match=r"418.*banned until"):
            await client.fetch_time()


async def test_too_many_orders_are_refused_and_headers_tell_how_many_there_were() -> None:
    options = Options(rates=Rates(orders_per_10_seconds=2))
    async with serve(options) as serving, ccxt_at(serving.url) as client:
        await client.load_markets()
        # All three in one window of ten seconds, wherever the clock stands now.
        serving.clock.ahead_ms = 10_000 - serving.clock() % 10_000
        params = {"timestamp": serving.clock(), "recvWindow": 9_000}
        for count in ("1", "2"):
            await client.create_order(BTC, "market", "buy", "0.001", None, params)
            assert client.last_response_headers["x-mbx-order-count-10s"] == count
        with pytest.raises(errors.DDoSProtection, match=r"429.*-1015"):
            await client.create_order(BTC, "market", "buy", "0.001", None, params)
        assert int(client.last_response_headers["Retry-After"]) >= 1
        assert len(await serving.accepted()) == 2


async def test_an_answer_lost_after_acceptance_is_found_by_its_client_order_id(
    ccxt: Ccxt, serving: Serving
) -> None:
    await serving.fault(kind="drop_answer", method="POST", count=1)
    params = {"clientOrderId": "lost-1"}
    with pytest.raises(errors.NetworkError):
        await ccxt.create_order(BTC, "market", "buy", "0.001", None, params)
    fetched = await ccxt.fetch_order(None, BTC, params)
    assert fetched["status"] == "closed"
    assert [order.client_id for order in await serving.accepted()] == ["lost-1"]


async def test_a_request_lost_on_its_way_is_not_there_afterwards(
    ccxt: Ccxt, serving: Serving
) -> None:
    await serving.fault(kind="drop_request", method="POST", client_id="lost-")
    params = {"clientOrderId": "lost-2"}
    with pytest.raises(errors.NetworkError):
        await ccxt.create_order(BTC, "market", "buy", "0.001", None, params)
    with pytest.raises(errors.OrderNotFound):
        await ccxt.fetch_order(None, BTC, params)
    assert await serving.accepted() == []


async def test_an_answer_later_than_the_clients_patience_is_a_time_out(serving: Serving) -> None:
    async with ccxt_at(serving.url, timeout=300) as client:
        await client.load_markets()
        await serving.fault(kind="delay_answer", method="POST", seconds=1, count=1)
        params = {"clientOrderId": "slow"}
        with pytest.raises(errors.RequestTimeout):
            await client.create_order(BTC, "market", "buy", "0.001", None, params)
        assert Decimal((await client.fetch_order(None, BTC, params))["filled"]) > 0


async def test_a_rejecting_venue_answers_what_it_was_told_to(ccxt: Ccxt, serving: Serving) -> None:
    await serving.fault(kind="reject", status=503, code=-1007, message="Timeout.")
    with pytest.raises(errors.RequestTimeout, match="-1007"):
        await ccxt.create_order(BTC, "market", "buy", "0.001")


async def test_a_venue_that_is_down_answers_nobody_but_its_admin(
    ccxt: Ccxt, serving: Serving
) -> None:
    await serving.fault(kind="drop_request")
    for request in (ccxt.fetch_time(), ccxt.fetch_balance(), ccxt.fetch_ticker(BTC)):
        with pytest.raises(errors.NetworkError):
            await request
    assert (await serving.http.delete("/admin/faults")).status_code == 204
    await ccxt.fetch_time()


async def test_two_keys_trade_one_account_and_the_record_tells_them_apart() -> None:
    options = Options(secrets={"blue": "1", "green": "2"})
    async with (
        serve(options) as serving,
        ccxt_at(serving.url, apiKey="blue", secret="1") as blue,  # noqa: S106  # of this test
        ccxt_at(serving.url, apiKey="green", secret="2") as green,  # noqa: S106  # of this test
    ):
        await asyncio.gather(blue.load_markets(), green.load_markets())
        placed = await blue.create_order(BTC, "limit", "buy", "0.001", "30000")
        cancelled = await green.cancel_order(placed["id"], BTC)
        assert cancelled["status"] == "canceled"
        await green.create_order(BTC, "market", "buy", "0.001")
        assert [order.api_key for order in await serving.accepted()] == ["blue", "green"]
        assert DEFAULT_KEY not in serving.venue.secrets
