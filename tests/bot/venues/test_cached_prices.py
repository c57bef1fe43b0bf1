"""The market-data cache: it helps when it can, and never stops the feed."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from decimal import Decimal

import pytest

from bot.venues import cached
from bot.venues.cached import CachedPrices, CacheError, RedisCache, key_of, parsed
from tests.support.fakes import FakeVenue

SYMBOLS = ("BTC/USDT", "ETH/USDT")
ENDPOINT = "https://api.example"
ENTRY = b'{"BTC/USDT": "60000.1", "ETH/USDT": "3000"}'


class CountingVenue(FakeVenue):
    asked = 0

    async def prices(self) -> Mapping[str, Decimal]:
        self.asked += 1
        return {"BTC/USDT": Decimal("60000.1"), "ETH/USDT": Decimal(3000)}


class FakeCache:
    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}
        self.down = False

    async def get(self, key: str) -> bytes | None:
        await self.ping()
        return self.entries.get(key)

    async def put(self, key: str, entry: bytes, keep_milliseconds: int) -> None:
        await self.ping()
        assert 0 < keep_milliseconds < 1000
        self.entries[key] = entry

    async def ping(self) -> None:
        if self.down:
            raise CacheError("no answer")

    async def close(self) -> None: ...


def pods(count: int) -> tuple[CountingVenue, FakeCache, list[CachedPrices]]:
    venue, cache = CountingVenue(), FakeCache()
    return venue, cache, [CachedPrices(venue, cache, ENDPOINT, SYMBOLS) for _ in range(count)]


async def test_one_pod_asks_and_the_others_read() -> None:
    venue, _, feeds = pods(4)
    answers = [await feed() for feed in feeds]
    assert venue.asked == 1
    assert answers == [answers[0]] * 4
    assert answers[0]["BTC/USDT"] == Decimal("60000.1")


async def test_a_cache_that_is_away_leaves_the_venue() -> None:
    venue, cache, (feed,) = pods(1)
    cache.down = True
    assert await feed() == await feed()
    assert venue.asked == 2


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"BTC/USDT": "60000"}',
        b'{"BTC/USDT": "60000", "ETH/USDT": "3000", "DOGE/USDT": "1"}',
        b'{"BTC/USDT": "0", "ETH/USDT": "3000"}',
        b'{"BTC/USDT": "-1", "ETH/USDT": "3000"}',
        b'{"BTC/USDT": "NaN", "ETH/USDT": "3000"}',
        b'{"BTC/USDT": "Infinity", "ETH/USDT": "3000"}',
        b'{"BTC/USDT": "much", "ETH/USDT": "3000"}',
        b'{"BTC/USDT": null, "ETH/USDT": "3000"}',
        b'{"BTC/USDT": ["1"], "ETH/USDT": "3000"}',
        ENTRY + b" " * cached.ENTRY_BYTES_MAX,
    ],
)
async def test_an_entry_that_is_not_ours_is_not_believed(entry: bytes) -> None:
    assert parsed(entry, frozenset(SYMBOLS)) is None
    venue, cache, (feed,) = pods(1)
    cache.entries[key_of(ENDPOINT, SYMBOLS)] = entry
    await feed()
    assert venue.asked == 1


def test_an_entry_is_read_as_it_was_written() -> None:
    assert parsed(ENTRY, frozenset(SYMBOLS)) == {
        "BTC/USDT": Decimal("60000.1"),
        "ETH/USDT": Decimal(3000),
    }


def test_other_venues_and_other_symbols_have_other_entries() -> None:
    keys = {key_of(ENDPOINT, SYMBOLS), key_of("https://b", SYMBOLS), key_of(ENDPOINT, SYMBOLS[:1])}
    assert len(keys) == 3
    assert key_of(ENDPOINT, SYMBOLS) == key_of(ENDPOINT, SYMBOLS[::-1])


@contextlib.asynccontextmanager
async def _silent() -> AsyncGenerator[str]:
    """A server that takes connections and says nothing."""

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"


async def test_a_server_that_says_nothing_is_given_up_soon() -> None:
    async with _silent() as url:
        cache = RedisCache(url, None)
        async with asyncio.timeout(5):
            with pytest.raises(CacheError):
                await cache.get("any")
            with pytest.raises(CacheError):
                await cache.ping()
        await cache.close()


async def test_a_server_that_is_not_there_is_an_error_of_the_cache() -> None:
    cache = RedisCache("redis://127.0.0.1:1/0", "hush")
    with pytest.raises(CacheError) as caught:
        await cache.put("any", b"", 500)
    assert "hush" not in str(caught.value)
    await cache.close()
