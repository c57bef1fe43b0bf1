"""Shards: the unit of trading authority. The function is frozen: two versions must agree on it."""

from collections.abc import Iterable
from zlib import crc32

SHARD_COUNT = 100


def by_shard(symbols: Iterable[str]) -> dict[int, tuple[str, ...]]:
    """Return the symbols of each shard that has some, in order of shard."""
    symbols_by_shard: dict[int, tuple[str, ...]] = {}
    for symbol in sorted(symbols, key=shard_of):
        symbols_by_shard[shard_of(symbol)] = (*symbols_by_shard.get(shard_of(symbol), ()), symbol)
    return symbols_by_shard


def shard_of(symbol: str) -> int:
    """Return the shard (0…99) of a canonical symbol, `BASE/QUOTE` in upper case.

    >>> shard_of("BTC/USDT")
    35
    """
    return crc32(symbol.encode()) % SHARD_COUNT
