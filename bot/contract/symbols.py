"""Symbols in their one canonical spelling: two spellings would be two shards, hence two traders."""

import re

from bot.contract.values import split

SYMBOLS_MAX = 500
SPELLING_PATTERN = "^[A-Za-z0-9]{2,20}[/_-][A-Za-z0-9]{2,20}$"
"""What `canonical` takes."""
_SYMBOL = re.compile(r"[A-Z0-9]{2,20}/[A-Z0-9]{2,20}")


def canonical(text: str) -> str:
    """Return the one spelling of what a client wrote.

    ASCII only: other letters can turn into these when they are put into upper case.

    >>> canonical("btc-usdt")
    'BTC/USDT'

    Raises:
        ValueError: it is not a symbol.
    """
    if not re.fullmatch(SPELLING_PATTERN, text):
        raise ValueError(f"{text[:64]!r} is not BASE/QUOTE, like BTC/USDT")
    return text.upper().replace("-", "/").replace("_", "/")


def parse_symbols(value: object) -> tuple[str, ...]:
    """Read symbols: a list, or one text `BTC/USDT,ETH/USDT`; spaces around a comma are left out.

    Raises:
        ValueError: a symbol is not canonical or comes twice, or there are too many; names them all.
    """
    symbols = split(value)
    errors = [
        f"{symbol!r} is not BASE/QUOTE in upper case, like BTC/USDT"
        for symbol in symbols
        if not _SYMBOL.fullmatch(symbol)
    ]
    errors += [
        f"{symbol} comes more than once"
        for symbol in sorted(set(symbols))
        if symbols.count(symbol) > 1
    ]
    if len(symbols) > SYMBOLS_MAX:
        errors = [f"{len(symbols)} symbols are more than {SYMBOLS_MAX}"]
    if errors:
        raise ValueError("; ".join(errors))
    return symbols
