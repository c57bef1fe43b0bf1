"""The endpoints that anyone may ask: time, rules, prices."""

import json
from collections.abc import Callable, Mapping, Sequence

from testbed.venue import answers
from testbed.venue.answers import Json
from testbed.venue.call import Call, Endpoint
from testbed.venue.limits import DAY_MS, MINUTE_MS
from testbed.venue.markets import Market, describe
from testbed.venue.orders import Side
from testbed.venue.refusals import BAD_INTERVAL, RefusalError, missing

SYMBOLS = r'^\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,})?\]$'
HOUR_MS = 60 * MINUTE_MS
INTERVALS = (
    {"1s": 1_000}
    | {f"{count}m": count * MINUTE_MS for count in (1, 3, 5, 15, 30)}
    | {f"{count}h": count * HOUR_MS for count in (1, 2, 4, 6, 8, 12)}
    | {"1d": DAY_MS, "3d": 3 * DAY_MS}
)


def _ping(_: Call) -> Json:
    return {}


def _time(call: Call) -> Json:
    return {"serverTime": call.now_ms}


def _exchange_info(call: Call) -> Json:
    call.params.text("permissions", r"^.*$")
    call.params.text("showPermissionSets", r"^(true|false)$")
    market = call.maybe_market()
    shown = _listed(call) if market is None else [market]
    return {
        "timezone": "UTC",
        "serverTime": call.now_ms,
        "rateLimits": call.venue.limits.rates.describe(),
        "exchangeFilters": [],
        "symbols": [describe(market) for market in shown],
    }


def _price(call: Call) -> object:
    prices = call.exchange.prices
    return _one_or_all(
        call,
        lambda market: {
            "symbol": market.id,
            "price": answers.text(prices.at(market, call.now_ms)),
        },
    )


def _best(call: Call) -> object:
    return _one_or_all(
        call,
        lambda market: answers.best(
            market, call.top(market, Side.SELL), call.top(market, Side.BUY)
        ),
    )


def _day(call: Call) -> object:
    def shown(market: Market) -> Json:
        opened_ms = call.now_ms - DAY_MS + 1
        bar = call.exchange.prices.bar(market, opened_ms, DAY_MS, call.now_ms)
        bid, ask = call.top(market, Side.SELL), call.top(market, Side.BUY)
        return answers.day(market, bar, bid, ask)

    return _one_or_all(call, shown)


def _depth(call: Call) -> Json:
    market, limit = call.market(), call.params.limit(100, 5000)
    exchange = call.exchange
    bids = exchange.ladder(market, Side.SELL, call.now_ms)
    asks = exchange.ladder(market, Side.BUY, call.now_ms)
    return answers.depth(bids[:limit], asks[:limit], call.now_ms)


def _candles(call: Call) -> object:
    market, params = call.market(), call.params
    word = params.text("interval", r"^[0-9]{1,2}[smhdwM]$")
    if word is None:
        raise missing("interval")
    length_ms = INTERVALS.get(word)
    if length_ms is None:
        raise RefusalError(BAD_INTERVAL, "Invalid interval.")
    limit = params.limit(500, 1000)
    start, end = params.integer("startTime"), params.integer("endTime")
    last = min(call.now_ms if end is None else end, call.now_ms) // length_ms
    first = last - limit + 1 if start is None else -(-start // length_ms)
    opened = [index * length_ms for index in range(max(0, first), last + 1)[:limit]]
    bars = call.exchange.prices.bars(market, length_ms, opened, call.now_ms)
    return [answers.candle(bar) for bar in bars]


def _one_or_all(call: Call, show: Callable[[Market], Json]) -> object:
    """Binance answers with an object for one symbol, and with a list otherwise."""
    market = call.maybe_market()
    if market is not None:
        return show(market)
    return [show(market) for market in _listed(call)]


def _listed(call: Call) -> Sequence[Market]:
    """Return the markets of the parameter `symbols`, a JSON list; without it all."""
    listed = call.params.text("symbols", SYMBOLS)
    if listed is None:
        return list(call.exchange.markets.values())
    return [call.exchange.market(symbol) for symbol in json.loads(listed)]


ENDPOINTS: Mapping[tuple[str, str], Endpoint] = {
    ("GET", "ping"): Endpoint(_ping),
    ("GET", "time"): Endpoint(_time),
    ("GET", "exchangeInfo"): Endpoint(_exchange_info, weight=20),
    ("GET", "ticker/price"): Endpoint(_price, weight=2, weight_of_all=4),
    ("GET", "ticker/bookTicker"): Endpoint(_best, weight=2, weight_of_all=4),
    ("GET", "ticker/24hr"): Endpoint(_day, weight=2, weight_of_all=80),
    ("GET", "depth"): Endpoint(_depth, weight=5),
    ("GET", "klines"): Endpoint(_candles, weight=2),
}
