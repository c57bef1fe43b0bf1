"""Which shares of the shards a canary can have: each step must move a symbol that trades. Pure."""

from collections.abc import Mapping, Sequence
from typing import cast

from bot.contract.environment import DEFAULT_SYMBOLS
from bot.contract.intent import CANARY_PERCENT_MAX
from bot.contract.shards import shard_of
from bot.contract.symbols import parse_symbols

_KEY = ":symbols"


def symbols_of(config: Mapping[str, object]) -> Sequence[str]:
    """Return what a stack trades by its config; what cannot be read there its `up` refuses."""
    value_of_key = next((value for key, value in config.items() if key.endswith(_KEY)), None)
    parts = cast("list[object]", value_of_key) if isinstance(value_of_key, list) else [value_of_key]
    try:
        return DEFAULT_SYMBOLS if value_of_key is None else parse_symbols(",".join(map(str, parts)))
    except ValueError:
        return DEFAULT_SYMBOLS


def default_steps(symbols: Sequence[str]) -> tuple[int, ...]:
    """Return as many percent as move the first symbol, then half of them; none when none would.

    >>> default_steps(["BTC/USDT", "ETH/USDT", "SOL/USDT"])
    (36, 56)
    """
    shards = sorted({shard_of(symbol) for symbol in symbols})
    desired = (shards[0] + 1, shards[(len(shards) - 1) // 2] + 1)
    return tuple(dict.fromkeys(percent for percent in desired if percent <= CANARY_PERCENT_MAX))


def problem(steps: Sequence[int], symbols: Sequence[str]) -> str:
    """Return why these steps cannot be taken with these symbols; empty when they can."""
    shard, first = min((shard_of(symbol), symbol) for symbol in symbols)
    if steps and steps[0] > shard:
        return ""
    why = f"{steps[0]} moves none of the symbols" if steps else "moves none of the symbols"
    enough = default_steps(symbols)
    if not enough:
        return f"{why}, nor would another percentage; release:strategy blue-green"
    return f"{why}; {first} is the first to move: release:canarySteps {list(enough)}"
