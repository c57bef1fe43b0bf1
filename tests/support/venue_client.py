"""The real ccxt, pointed at the simulated venue; the part of it that is used here, typed.

Its amounts come as texts (`number`), so that nothing passes through a float.
"""

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Protocol, cast

from bot.venues import ccxt_library
from testbed.venue.server import DEFAULT_KEY, DEFAULT_SECRET

Json = Mapping[str, Any]
TIMEOUT_MS = 5_000

library = ccxt_library.load()
errors = library.errors
"""Untyped: the package ships no types."""


class Ccxt(Protocol):
    """What the tests ask of `ccxt.async_support.binance`."""

    markets: Mapping[str, Json]
    last_response_headers: Mapping[str, str]

    async def load_markets(self) -> Mapping[str, Json]: ...
    async def fetch_time(self) -> int: ...
    async def fetch_ticker(self, symbol: str) -> Json: ...
    async def fetch_tickers(self, symbols: Sequence[str]) -> Mapping[str, Json]: ...
    async def fetch_order_book(self, symbol: str, limit: int) -> Json: ...
    async def fetch_ohlcv(
        self, symbol: str, timeframe: str, since: int | None, limit: int
    ) -> Sequence[Any]: ...
    async def fetch_balance(self) -> Json: ...
    async def create_order(  # noqa: PLR0913, PLR0917  # ccxt's signature
        self,
        symbol: str,
        type: str,  # noqa: A002  # ccxt's name
        side: str,
        amount: str,
        price: str | None = None,
        params: Json = ...,
    ) -> Json: ...
    async def create_market_buy_order_with_cost(self, symbol: str, cost: str) -> Json: ...
    async def cancel_order(self, id: str | None, symbol: str, params: Json = ...) -> Json: ...  # noqa: A002  # ccxt's name
    async def cancel_all_orders(self, symbol: str) -> Sequence[Json]: ...
    async def fetch_order(self, id: str | None, symbol: str, params: Json = ...) -> Json: ...  # noqa: A002  # ccxt's name
    async def fetch_orders(self, symbol: str) -> Sequence[Json]: ...
    async def fetch_open_orders(self, symbol: str) -> Sequence[Json]: ...
    async def fetch_my_trades(self, symbol: str) -> Sequence[Json]: ...
    async def private_post_order(self, params: Json) -> Json: ...
    async def close(self) -> None: ...


def settings(url: str, **changed: object) -> dict[str, object]:
    """Return what ccxt's constructor takes to talk to the venue at `url`."""
    api = f"{url}/api/v3"
    return {
        "apiKey": DEFAULT_KEY,
        "secret": DEFAULT_SECRET,
        "enableRateLimit": False,
        "timeout": TIMEOUT_MS,
        "urls": {"api": {"public": api, "private": api}},
        "options": {
            # The venue has spot only; these would ask for the rest of Binance.
            "fetchMarkets": {"types": ["spot"]},
            "fetchCurrencies": False,
            "fetchMargins": False,
            "recvWindow": 1_500,
        },
    } | changed


@contextlib.asynccontextmanager
async def ccxt_at(url: str, **changed: object) -> AsyncGenerator[Ccxt]:
    """Give a client and close it."""
    exchange = library.binance(settings(url, **changed))
    exchange.number = str
    try:
        yield cast("Ccxt", exchange)
    finally:
        await exchange.close()
