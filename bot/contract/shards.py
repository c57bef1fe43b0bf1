"""Shards: the unit of trading authority. The function is frozen: two versions must agree on it."""

from zlib import crc32

SHARD_COUNT = 100


def shard_of(symbol: str) -> int:
    """Return the shard (0…99) of a canonical symbol, `BASE/QUOTE` in upper case.

    >>> shard_of("BTC/USDT")
    35
    """
    return crc32(symbol.encode()) % SHARD_COUNT
