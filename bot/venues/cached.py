"""Prices that pods share through Redis: one pod asks the venue, the others read what it found.

A cache that is away costs a moment and nothing else: the venue is asked instead. An entry ends by
itself before it could be stale, so no clock is compared.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Protocol

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from typing_extensions import override

from bot.venues.port import Venue

CALL_SECONDS = 0.25
"""Longer than any answer of a cache that helps."""
KEEP_MILLISECONDS = 900
"""Less than the feed's period: the bot that wrote the entry asks the venue again."""
ENTRY_BYTES_MAX = 1 << 20

_log = structlog.get_logger(__name__)


class CacheError(Exception):
    """The cache could not be asked; what it would have said is unknown."""


class Cache(Protocol):
    """What holds one entry for a while."""

    async def get(self, key: str) -> bytes | None:
        """Return the entry; None when there is none. Raises CacheError."""
        ...

    async def put(self, key: str, entry: bytes, keep_milliseconds: int) -> None:
        """Write the entry. Raises CacheError."""
        ...

    async def ping(self) -> None:
        """Raise CacheError when it does not answer."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class RedisCache(Cache):
    """Redis; each call ends within CALL_SECONDS and is not repeated."""

    def __init__(self, url: str, password: str | None) -> None:
        self._redis = Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - its own options
            url,
            password=password,
            socket_timeout=CALL_SECONDS,
            socket_connect_timeout=CALL_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )

    @override
    async def get(self, key: str) -> bytes | None:
        """See Cache."""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await self._redis.get(key)
        except (RedisError, OSError, TimeoutError) as error:
            raise CacheError(_text(error)) from error

    @override
    async def put(self, key: str, entry: bytes, keep_milliseconds: int) -> None:
        """See Cache."""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await self._redis.set(key, entry, px=keep_milliseconds)
        except (RedisError, OSError, TimeoutError) as error:
            raise CacheError(_text(error)) from error

    @override
    async def ping(self) -> None:
        """See Cache."""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await self._redis.execute_command("PING")  # pyright: ignore[reportUnknownMemberType]
        except (RedisError, OSError, TimeoutError) as error:
            raise CacheError(_text(error)) from error

    @override
    async def close(self) -> None:
        """See Cache."""
        await self._redis.aclose()


class CachedPrices:
    """The feed's source: the cache if it has an entry, else the venue, which is then written."""

    def __init__(self, venue: Venue, cache: Cache, endpoint: str, symbols: Sequence[str]) -> None:
        self._venue = venue
        self._cache = cache
        self._symbols = frozenset(symbols)
        self._key = key_of(endpoint, symbols)
        self._reported = ""

    async def __call__(self) -> Mapping[str, Decimal]:
        """Return prices. Raises VenueError, never CacheError."""
        if (known := await self._read()) is not None:
            return known
        prices = await self._venue.prices()
        await self._write(prices)
        return prices

    async def _read(self) -> Mapping[str, Decimal] | None:
        try:
            entry = await self._cache.get(self._key)
        except CacheError as error:
            self._trouble(str(error))
            return None
        if entry is None:
            return None
        prices = parsed(entry, self._symbols)
        self._trouble("" if prices else f"the entry {self._key} is not one of this bot's")
        return prices

    async def _write(self, prices: Mapping[str, Decimal]) -> None:
        entry = json.dumps({symbol: str(price) for symbol, price in prices.items()}).encode()
        try:
            await self._cache.put(self._key, entry, KEEP_MILLISECONDS)
        except CacheError as error:
            self._trouble(str(error))
        else:
            self._trouble("")

    def _trouble(self, reason: str) -> None:
        if reason != self._reported and reason:
            _log.warning("cache", reason=reason)
        self._reported = reason


def key_of(endpoint: str, symbols: Sequence[str]) -> str:
    """Return the entry's name: of these symbols at this venue, whichever account asks.

    >>> key_of("https://api.example", ["ETH/USDT", "BTC/USDT"])
    'bot:prices:eff7b34dcbd8ea0b'
    """
    named = "\n".join([endpoint, *sorted(symbols)])
    return f"bot:prices:{hashlib.sha256(named.encode()).hexdigest()[:16]}"


def parsed(entry: bytes, symbols: frozenset[str]) -> Mapping[str, Decimal] | None:
    """Read an entry; None unless it holds a price above zero for exactly these symbols."""
    if len(entry) > ENTRY_BYTES_MAX:
        return None
    try:
        payload = json.loads(entry)
        prices = {str(symbol): Decimal(price) for symbol, price in payload.items()}
    except (ValueError, TypeError, AttributeError, InvalidOperation):
        return None
    usable = all(price.is_finite() and price > 0 for price in prices.values())
    return prices if usable and prices.keys() == symbols else None


def _text(error: Exception) -> str:
    return str(error) or f"no answer within {CALL_SECONDS:g} s"
