"""What is particular about trading through ccxt, besides the contract of test_venues.py."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncGenerator
from dataclasses import replace
from decimal import Decimal

import pytest
import pytest_asyncio
from pydantic import SecretStr

from bot.trading.orders import Side, State
from bot.venues import ccxt_binance
from bot.venues.ccxt_access import Access
from bot.venues.ccxt_binance import PAGE, CcxtVenue
from bot.venues.port import NotTakenError, RejectedError, VenueError
from testbed.venue.limits import Rates
from testbed.venue.server import DEFAULT_KEY, DEFAULT_SECRET, Options
from tests.support.venue_benches import BTC, SYMBOLS, WINDOW_SECONDS, buy, ccxt_venue
from tests.support.venue_serving import Serving, serve

ACCESS = Access("https://api.binance.com", SecretStr("key-of-a-test"), SecretStr("secret-of-it"))


@pytest_asyncio.fixture
async def serving() -> AsyncGenerator[Serving]:
    async with serve() as serving:
        yield serving


@pytest_asyncio.fixture
async def venue(serving: Serving) -> AsyncGenerator[CcxtVenue]:
    async with closing(ccxt_venue(serving)) as venue:
        await venue.markets()
        yield venue


@contextlib.asynccontextmanager
async def closing(venue: CcxtVenue) -> AsyncGenerator[CcxtVenue]:
    try:
        yield venue
    finally:
        await venue.close()


async def test_the_request_carries_the_stamp_and_the_window_it_was_given(
    venue: CcxtVenue, serving: Serving
) -> None:
    stamp = await venue.time() - 0.4321987
    await venue.place("stamped", buy("0.001"), stamp)
    (accepted,) = await serving.accepted()
    assert accepted.client_id == "stamped"
    assert accepted.sent_ms == int(stamp * 1000)
    assert accepted.window_ms == WINDOW_SECONDS * 1000


async def test_a_request_held_up_on_its_way_dies_at_the_venue(
    venue: CcxtVenue, serving: Serving
) -> None:
    await serving.fault(kind="delay_request", method="POST", seconds=0.3)
    with pytest.raises(NotTakenError, match="-1021"):
        await venue.place("held", buy("0.001"), await venue.time() - WINDOW_SECONDS + 0.2)
    assert await serving.accepted() == []


async def test_an_order_is_sent_once_whatever_comes_back(
    venue: CcxtVenue, serving: Serving
) -> None:
    for kind in ("drop_request", "drop_answer", "reject"):
        await serving.http.delete("/admin/faults")
        await serving.fault(kind=kind, method="POST")
        with pytest.raises(VenueError):
            await venue.place(f"once-{kind}", buy("0.001"), await venue.time())
        (fault,) = (await serving.http.get("/admin/faults")).json()
        assert fault["hits"] == 1


async def test_amounts_are_sent_exactly_as_they_are(venue: CcxtVenue, serving: Serving) -> None:
    await serving.pin("BTCUSDT", "60000")
    await venue.place("exact", buy("0.00012", "59999.99"), await venue.time())
    (accepted,) = await serving.accepted()
    assert (accepted.quantity, accepted.price) == (Decimal("0.00012"), Decimal("59999.99"))


async def test_an_answer_later_than_the_clients_patience_is_no_answer(serving: Serving) -> None:
    access = Access(serving.url, SecretStr(DEFAULT_KEY), SecretStr(DEFAULT_SECRET))
    async with closing(CcxtVenue(access, SYMBOLS, timeout_seconds=0.3)) as venue:
        await venue.markets()
        await serving.fault(kind="delay_answer", method="POST", seconds=1, count=1)
        with pytest.raises(VenueError, match="RequestTimeout"):
            await venue.place("slow", buy("0.001"), await venue.time())
        report = await venue.find("slow", BTC)
        assert report is not None
        assert report.state is State.FILLED


async def test_a_caller_that_gives_up_leaves_the_venue_usable(
    venue: CcxtVenue, serving: Serving
) -> None:
    await serving.fault(kind="delay_answer", method="POST", seconds=0.5, count=1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await venue.place("given up", buy("0.001"), await venue.time())
    await venue.prices()


async def test_too_many_requests_say_how_long_to_be_quiet() -> None:
    async with (
        serve(Options(rates=Rates(orders_per_10_seconds=1))) as serving,
        closing(ccxt_venue(serving)) as venue,
    ):
        await venue.markets()
        # Both in one window of ten seconds, wherever the clock stands now.
        serving.clock.ahead_ms = 10_000 - serving.clock() % 10_000
        await venue.place("one", buy("0.001"), await venue.time())
        with pytest.raises(NotTakenError, match="-1015") as raised:
            await venue.place("two", buy("0.001"), await venue.time())
        assert raised.value.retry_after_seconds is not None
        assert 1 <= raised.value.retry_after_seconds <= 10


async def test_a_venue_that_is_down_is_an_error_of_every_call(
    venue: CcxtVenue, serving: Serving
) -> None:
    await serving.fault(kind="drop_request")
    for call in (
        venue.markets(),
        venue.prices(),
        venue.time(),
        venue.find("o", BTC),
        venue.cancel("o", BTC),
        venue.open_orders(BTC),
        venue.orders(BTC, 0),
        venue.fills(BTC, 0),
        venue.balances(),
    ):
        with pytest.raises(VenueError) as raised:
            await call
        assert type(raised.value) is VenueError


async def test_no_error_tells_a_signature_a_key_or_a_secret(serving: Serving) -> None:
    access = Access(serving.url, SecretStr("key-of-a-test"), SecretStr("secret-of-it"))
    assert "secret-of-it" not in repr(access)
    async with closing(CcxtVenue(access, SYMBOLS)) as venue:
        await venue.markets()
        errors = list[BaseException | None]()
        with pytest.raises(NotTakenError, match="-2015") as raised:
            await venue.balances()
        errors.append(raised.value)
        await serving.fault(kind="drop_request")
        with pytest.raises(VenueError) as raised:
            await venue.find("o", BTC)
        errors += [raised.value, raised.value.__cause__]
        for error in errors:
            for secret in ("signature", "key-of-a-test", "secret-of-it", "http://"):
                assert secret not in str(error)


async def test_reading_follows_the_venues_clock(venue: CcxtVenue, serving: Serving) -> None:
    serving.clock.ahead_ms = 60_000
    with pytest.raises(NotTakenError, match="-1021"):
        await venue.balances()
    await venue.time()
    assert (await venue.balances())["USDT"].total == 100_000


async def test_an_order_with_many_fills_is_told_with_all_of_them(
    venue: CcxtVenue, serving: Serving
) -> None:
    await serving.pin("BTCUSDT", "60000")
    answered = await venue.place("parts", buy("0.5"), await venue.time())
    assert len(answered.fills) == 3
    assert sum(fill.quantity for fill in answered.fills) == Decimal("0.5")
    assert await venue.find("parts", BTC) == answered


async def test_fills_beyond_one_page_are_told_too(venue: CcxtVenue, serving: Serving) -> None:
    await serving.pin("BTCUSDT", "60000")
    sides = (Side.BUY, Side.SELL)
    for number in range(240):
        terms = replace(buy("1"), side=sides[number % 2])  # in some parts each
        serving.clock.ahead_ms += 150  # within the rate limit
        await venue.place(f"page-{number}", terms, await venue.time())
    filled = await serving.filled()
    assert len(filled) > PAGE
    async with closing(ccxt_venue(serving)) as fresh:
        await fresh.time()
        fills = await fresh.fills(BTC, 0)
    assert [fill.trade_id for fill in fills] == [str(fill.trade_id) for fill in filled]
    assert {fill.order_id for fill in fills} == {f"page-{number}" for number in range(240)}


async def test_orders_beyond_one_page_are_listed_too(
    venue: CcxtVenue, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ccxt_binance, "PAGE", 3)
    since_us = int(await venue.time() * 1e6)
    for number in range(8):
        serving.clock.ahead_ms += 150
        await venue.place(f"list-{number}", buy("0.001"), await venue.time())
    listed = await venue.orders(BTC, since_us)
    assert [order.order_id for order in listed] == [f"list-{number}" for number in range(8)]
    monkeypatch.setattr(ccxt_binance, "PAGES_MAX", 2)
    with pytest.raises(VenueError, match="more than 6 orders"):
        await venue.orders(BTC, since_us)


async def test_an_order_id_that_is_too_long_is_not_sent(venue: CcxtVenue) -> None:
    with pytest.raises(RejectedError, match="longer than 36"):
        await venue.place("x" * 37, buy("0.001"), await venue.time())


TESTNET = "https://testnet.binance.vision/api/v3"


@pytest.mark.parametrize(
    ("endpoint", "sandbox", "address"),
    [
        ("https://api.binance.com", False, "https://api.binance.com/api/v3"),
        ("https://api.binance.com", True, TESTNET),
        ("https://api1.binance.com", True, TESTNET),
        ("https://testnet.binance.vision", False, TESTNET),
        ("https://testnet.binance.vision", True, TESTNET),
        ("http://venue.example:8090/", True, "http://venue.example:8090/api/v3"),
        ("http://venue.example:8090", False, "http://venue.example:8090/api/v3"),
        ("https://api.binance.com.example", False, "https://api.binance.com.example/api/v3"),
    ],
)
async def test_binance_is_its_testnet_unless_it_is_meant(
    endpoint: str, *, sandbox: bool, address: str
) -> None:
    venue = CcxtVenue(replace(ACCESS, endpoint=endpoint, sandbox=sandbox), SYMBOLS)
    assert venue.address == address


def test_a_private_key_is_refused_because_nothing_here_signs_with_it() -> None:
    with pytest.raises(ValueError, match="only an HMAC secret"):
        replace(ACCESS, secret=SecretStr("-----BEGIN PRIVATE KEY-----"))


def test_nothing_of_ccxt_is_loaded_but_the_one_exchange() -> None:
    script = """
import sys
from bot.venues.ccxt_library import load
load()
print(*sorted(name for name in sys.modules if name.startswith(("ccxt.", "requests", "crypto"))))
import requests
assert requests.Session
"""
    run = [sys.executable, "-c", script]
    done = subprocess.run(run, check=True, capture_output=True, text=True, timeout=60)  # noqa: S603  # our own words
    loaded = done.stdout.split()
    outside = [name for name in loaded if ".base" not in name]
    assert outside == [
        "ccxt.abstract",
        "ccxt.abstract.binance",
        "ccxt.async_support",
        "ccxt.async_support.binance",
    ]
