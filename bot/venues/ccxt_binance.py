"""Binance's spot exchange, or one that speaks like it, through ccxt.

ccxt signs, spells and parses; nothing is repeated, throttled or cached on the way of an order. What
an answer means is judged from the venue's codes (`binance_answers`), because ccxt's own classes
depend on the address that was asked.
"""

import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TypeVar

from typing_extensions import override

from bot.trading.markets import Market
from bot.trading.orders import Fill, Lifetime, Report, Terms
from bot.venues import binance_answers, ccxt_words
from bot.venues.ccxt_access import TIMEOUT_SECONDS, Access, settings
from bot.venues.ccxt_library import load
from bot.venues.ccxt_types import Json
from bot.venues.port import Balance, RejectedError, Venue, VenueError

WINDOW_SECONDS = 1.5
PAGE = 1_000
"""Of trades and orders, the venue's most."""
PAGES_MAX = 100
IDS_KEPT = 10_000
"""Client order ids by the venue's: its trades tell only its own."""
ORDER_ID_MAX = 36
"""Characters of a client order id."""
_T = TypeVar("_T")


class CcxtVenue(Venue):
    """One account there."""

    name = "binance"

    def __init__(
        self,
        access: Access,
        symbols: Sequence[str],
        *,
        window_seconds: float = WINDOW_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        library = load()
        self._symbols = tuple(symbols)
        self._window_ms = round(window_seconds * 1000)
        self._exchange = library.binance(settings(access, timeout_seconds))
        self._exchange.number = str
        self._exchange.handle_errors = _raise_refusal
        if access.is_testnet:
            self._exchange.set_sandbox_mode(True)
        errors = library.errors
        self._unsent: tuple[type[Exception], ...] = (
            errors.ArgumentsRequired,
            errors.BadSymbol,
            errors.InvalidOrder,
        )
        """What ccxt raises before it sends; every answer passes `_raise_refusal` instead."""
        self._ids: OrderedDict[str, str] = OrderedDict()

    @property
    def address(self) -> str:
        """Where orders go."""
        return self._exchange.urls["api"]["private"]

    @override
    async def markets(self) -> Mapping[str, Market]:
        """Ask for the markets' grids anew."""
        async with self._asking("the markets"):
            shown = await self._load(reload=True)
            return {symbol: ccxt_words.market(shown[symbol]) for symbol in self._symbols}

    @override
    async def prices(self) -> Mapping[str, Decimal]:
        """Return the last prices."""
        async with self._asking("the prices"):
            await self._load()
            shown = await self._exchange.fetch_tickers(self._symbols)
            return {symbol: Decimal(shown[symbol]["last"]) for symbol in self._symbols}

    @override
    async def time(self) -> float:
        """Return the venue's clock; from then on what is read is stamped by it too."""
        async with self._asking("the time"):
            venue_ms = await self._exchange.fetch_time()
            self._exchange.options["timeDifference"] = self._exchange.milliseconds() - venue_ms
            return venue_ms / 1000

    @override
    async def place(self, order_id: str, terms: Terms, stamp: float) -> Report:
        """Send the order once, under this stamp; see the port."""
        if len(order_id) > ORDER_ID_MAX:
            raise RejectedError(f"order id {order_id!r} is longer than {ORDER_ID_MAX} characters")
        params: dict[str, object] = {
            "clientOrderId": order_id,
            "timestamp": int(stamp * 1000),
            "recvWindow": self._window_ms,
        }
        kind, price = "market", None
        if terms.limit_price is not None:
            kind, price = "limit", f"{terms.limit_price:f}"
            at_once = terms.lifetime is Lifetime.IMMEDIATE_OR_CANCEL
            params["timeInForce"] = "IOC" if at_once else "GTC"
        async with self._asking(f"order {order_id}"):
            await self._load()
            self._refuse_off_grid(terms)
            shown = await self._exchange.create_order(
                terms.symbol, kind, terms.side.value, f"{terms.quantity:f}", price, params
            )
            self._learn([shown])
            return ccxt_words.placed(shown)

    @override
    async def find(self, order_id: str, symbol: str) -> Report | None:
        async with self._asking(f"order {order_id}"):
            await self._load()
            params = {"clientOrderId": order_id}
            shown = await _or_none(self._exchange.fetch_order(None, symbol, params))
            if shown is None:
                return None
            self._learn([shown])
            report = ccxt_words.report(shown)
            if not report.filled_quantity:
                return report
            trades = await self._trades(symbol, None, {"orderId": report.venue_order_id})
            return ccxt_words.report(shown, [ccxt_words.fill(trade, order_id) for trade in trades])

    @override
    async def cancel(self, order_id: str, symbol: str) -> Report | None:
        """Cancel what rests; then ask what became of it, for the answer has no fills."""
        async with self._asking(f"the cancellation of order {order_id}"):
            await self._load()
            params = {"clientOrderId": order_id}
            await _or_none(self._exchange.cancel_order(None, symbol, params))
        return await self.find(order_id, symbol)

    @override
    async def open_orders(self, symbol: str) -> Sequence[Report]:
        async with self._asking(f"the open orders of {symbol}"):
            await self._load()
            shown = await self._exchange.fetch_open_orders(symbol)
            self._learn(shown)
            return [ccxt_words.resting(order) for order in shown]

    @override
    async def orders(self, symbol: str, since_us: int) -> Sequence[Report]:
        """Return all orders that were taken from this venue time on, page by page."""
        async with self._asking(f"the orders of {symbol}"):
            await self._load()
            shown = await self._orders(symbol, since_us // 1000)
            self._learn(shown)
            listed = sorted(shown, key=lambda order: int(order["id"]))
            return [ccxt_words.report(order) for order in listed]

    @override
    async def fills(self, symbol: str, since_us: int) -> Sequence[Fill]:
        """Return the account's trades from this venue time on, oldest first."""
        async with self._asking(f"the fills of {symbol}"):
            await self._load()
            trades = await self._trades(symbol, since_us // 1000, {})
            await self._learn_missing(symbol, {str(trade["order"]) for trade in trades})
            fills = (ccxt_words.fill(trade, self._ids[str(trade["order"])]) for trade in trades)
            return sorted((f for f in fills if f.at_us >= since_us), key=lambda fill: fill.key)

    @override
    async def balances(self) -> Mapping[str, Balance]:
        """Return what the account holds."""
        async with self._asking("the balances"):
            await self._load()
            return ccxt_words.balances(
                await self._exchange.fetch_balance({"omitZeroBalances": "true"})
            )

    @override
    async def close(self) -> None:
        await self._exchange.close()

    @asynccontextmanager
    async def _asking(self, what: str) -> AsyncGenerator[None]:
        """Turn whatever goes wrong into the port's errors."""
        try:
            yield
        except VenueError:
            raise
        except self._unsent as error:
            raise RejectedError(f"{self.name}: {what}: {_text(error)}") from None
        except Exception as error:  # noqa: BLE001  # not understood is not answered, whatever it is
            # Not chained: ccxt's texts hold whole addresses with their signatures.
            raise VenueError(f"{self.name}: {what}: {_text(error)}") from None

    async def _load(self, *, reload: bool = False) -> Mapping[str, Json]:
        """Load the traded markets, and only those: all of Binance's are tens of megabytes."""
        if self._exchange.markets and not reload:
            return self._exchange.markets
        market_ids = [symbol.replace("/", "") for symbol in self._symbols]
        params = {"symbols": json.dumps(market_ids, separators=(",", ":"))}
        return await self._exchange.load_markets(reload, params)

    def _refuse_off_grid(self, terms: Terms) -> None:
        """Refuse what ccxt would cut to the grid in silence."""
        shown = (self._exchange.markets or {}).get(terms.symbol)
        if shown is None:
            return  # ccxt says so itself
        market = ccxt_words.market(shown)
        if terms.quantity % market.lot or (terms.limit_price or 0) % market.tick:
            raise RejectedError(
                f"{self.name}: {terms.symbol}: quantity {terms.quantity} or price"
                f" {terms.limit_price} is not a multiple of lot {market.lot}, tick {market.tick}"
            )

    async def _trades(
        self, symbol: str, since_ms: int | None, params: Mapping[str, object]
    ) -> Sequence[Json]:
        """Return all of them, page by page."""
        trades: list[Json] = []
        for _ in range(PAGES_MAX):
            page = await self._exchange.fetch_my_trades(symbol, since_ms, PAGE, params)
            trades += page
            if len(page) < PAGE:
                return trades
            # Not the last one's: ccxt sorts numbers as texts.
            since_ms, newest = None, max(int(trade["id"]) for trade in page)
            params = {**params, "fromId": newest + 1}
        raise VenueError(f"{self.name}: more than {PAGES_MAX * PAGE} trades of {symbol}")

    async def _orders(self, symbol: str, since_ms: int | None) -> Sequence[Json]:
        orders: list[Json] = []
        params: Mapping[str, object] = {}
        for _ in range(PAGES_MAX):
            page = await self._exchange.fetch_orders(symbol, since_ms, PAGE, params)
            orders += page
            if len(page) < PAGE:
                return orders
            since_ms, params = None, {"orderId": max(int(order["id"]) for order in page) + 1}
        raise VenueError(f"{self.name}: more than {PAGES_MAX * PAGE} orders of {symbol}")

    async def _learn_missing(self, symbol: str, venue_ids: Iterable[str]) -> None:
        """Find out the client order ids of orders that this process did not see."""
        for _ in range(PAGES_MAX):
            missing = {int(each) for each in venue_ids if each not in self._ids}
            if not missing:
                return
            params = {"orderId": min(missing)}
            self._learn(await self._exchange.fetch_orders(symbol, None, PAGE, params))
            if str(min(missing)) not in self._ids:
                break
        raise VenueError(f"{self.name}: the venue does not show all orders of {symbol}'s trades")

    def _learn(self, orders: Iterable[Json]) -> None:
        for order in orders:
            self._ids[str(order["id"])] = order["clientOrderId"]
        while len(self._ids) > IDS_KEPT:
            self._ids.popitem(last=False)


def _raise_refusal(  # ccxt's signature
    status: int,
    _reason: str,
    _url: str,
    _method: str,
    headers: Mapping[str, str],
    _body: str,
    answer: object,
    *_request: object,
) -> None:
    error = binance_answers.judge(status, headers, answer)
    if error is not None:
        raise error


async def _or_none(question: Awaitable[_T]) -> _T | None:
    try:
        return await question
    except binance_answers.NoSuchOrderError:
        return None


def _text(error: Exception) -> str:
    """Say what happened, without addresses: theirs hold signatures."""
    cause = error.__cause__
    words = " ".join(word for word in str(error).split() if "://" not in word)
    return f"{type(error).__name__}: {words}" + (f" ({type(cause).__name__})" if cause else "")
