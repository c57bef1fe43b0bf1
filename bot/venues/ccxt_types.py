"""What is used of ccxt, typed: the package ships no types."""
# ruff: noqa: D102  # ccxt documents its own methods

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, Protocol

Json = Mapping[str, Any]
"""What ccxt gives: dictionaries whose amounts are texts once `number` is `str`."""


class Ccxt(Protocol):
    """What is used of `ccxt.async_support.binance`; the package ships no types."""

    number: type
    markets: Mapping[str, Json] | None
    options: MutableMapping[str, Any]
    urls: Mapping[str, Any]
    handle_errors: Callable[..., None]
    """Called with each answer: status, reason, URL, method, headers, text, JSON, request …"""

    def set_sandbox_mode(self, enable: bool, /) -> None: ...  # noqa: FBT001  # ccxt's signature
    def milliseconds(self) -> int: ...
    async def load_markets(
        self,
        reload: bool,  # noqa: FBT001  # ccxt's signature
        params: Json,
    ) -> Mapping[str, Json]: ...
    async def fetch_time(self) -> int: ...
    async def fetch_tickers(self, symbols: Sequence[str]) -> Mapping[str, Json]: ...
    async def fetch_balance(self, params: Json) -> Json: ...
    async def create_order(  # noqa: PLR0913, PLR0917  # ccxt's signature
        self,
        symbol: str,
        type: str,  # noqa: A002  # ccxt's name
        side: str,
        amount: str,
        price: str | None,
        params: Json,
    ) -> Json: ...
    async def cancel_order(self, id: str | None, symbol: str, params: Json) -> Json: ...  # noqa: A002  # ccxt's name
    async def fetch_order(self, id: str | None, symbol: str, params: Json) -> Json: ...  # noqa: A002  # ccxt's name
    async def fetch_orders(
        self, symbol: str, since: int | None, limit: int, params: Json
    ) -> Sequence[Json]: ...
    async def fetch_open_orders(self, symbol: str) -> Sequence[Json]: ...
    async def fetch_my_trades(
        self, symbol: str, since: int | None, limit: int, params: Json
    ) -> Sequence[Json]: ...
    async def close(self) -> None: ...
