"""Orders, trades, balances and prices in Binance's words. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from testbed.venue.amounts import ZERO, text
from testbed.venue.book import Rung
from testbed.venue.markets import Market
from testbed.venue.orders import Order, Side, Trade
from testbed.venue.prices import Bar
from testbed.venue.state import State

Json = dict[str, object]


def order(shown: Order) -> Json:
    """Return what `GET order`, `openOrders` and `allOrders` show."""
    return _common(shown) | {
        "clientOrderId": shown.client_id,
        "stopPrice": text(ZERO),
        "icebergQty": text(ZERO),
        "time": shown.received_ms,
        "updateTime": shown.updated_ms,
        "isWorking": shown.rests,
        "workingTime": shown.received_ms,
    }


def placed(shown: Order, style: str) -> Json:
    """Return what `POST order` answers, in one of Binance's three styles."""
    full = _common(shown) | {
        "clientOrderId": shown.client_id,
        "transactTime": shown.received_ms,
        "workingTime": shown.received_ms,
    }
    if style == "ACK":
        names = ("symbol", "orderId", "orderListId", "clientOrderId", "transactTime")
        return {name: full[name] for name in names}
    if style == "RESULT":
        return full
    return full | {"fills": [_part(trade) for trade in shown.trades]}


def cancelled(shown: Order) -> Json:
    """Return what `DELETE order` answers."""
    return _common(shown) | {
        "origClientOrderId": shown.client_id,
        "clientOrderId": shown.cancel_id,
        "transactTime": shown.updated_ms,
    }


def trade(shown: Trade, of: Order) -> Json:
    """Return what `myTrades` shows."""
    return {
        "symbol": of.symbol,
        "id": shown.trade_id,
        "orderId": shown.order_id,
        "orderListId": -1,
        "price": text(shown.price),
        "qty": text(shown.quantity),
        "quoteQty": text(shown.price * shown.quantity),
        "commission": text(shown.commission),
        "commissionAsset": shown.commission_asset,
        "time": shown.at_ms,
        "isBuyer": of.side is Side.BUY,
        "isMaker": shown.maker,
        "isBestMatch": True,
    }


def account(state: State, commission: Decimal, *, omit_zero: bool) -> Json:
    """Return the balances."""
    rate = f"{commission:f}"
    return {
        "makerCommission": int(commission * 10_000),
        "takerCommission": int(commission * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {"maker": rate, "taker": rate, "buyer": "0", "seller": "0"},
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": state.updated_ms,
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": text(balance.free), "locked": text(balance.locked)}
            for asset, balance in sorted(state.balances.items())
            if not omit_zero or balance.free or balance.locked
        ],
        "permissions": ["SPOT"],
        "uid": 1,
    }


def day(market: Market, bar: Bar, bid: Rung, ask: Rung) -> Json:
    """Return what `ticker/24hr` shows. Nobody else trades here: there is no volume."""
    change = bar.close - bar.open
    return {
        "symbol": market.id,
        "priceChange": text(change),
        "priceChangePercent": f"{change / bar.open * 100:.3f}",
        "weightedAvgPrice": text((bar.open + bar.close) / 2),
        "prevClosePrice": text(bar.open),
        "lastPrice": text(bar.close),
        "lastQty": text(market.step),
        "openPrice": text(bar.open),
        "highPrice": text(bar.high),
        "lowPrice": text(bar.low),
        "volume": text(ZERO),
        "quoteVolume": text(ZERO),
        "openTime": bar.opened_ms,
        "closeTime": bar.closes_ms,
        "firstId": -1,
        "lastId": -1,
        "count": 0,
    } | best(market, bid, ask)


def best(market: Market, bid: Rung, ask: Rung) -> Json:
    """Return what `ticker/bookTicker` shows."""
    return {
        "symbol": market.id,
        "bidPrice": text(bid.price),
        "bidQty": text(bid.quantity),
        "askPrice": text(ask.price),
        "askQty": text(ask.quantity),
    }


def depth(bids: Sequence[Rung], asks: Sequence[Rung], now_ms: int) -> Json:
    """Return what `depth` shows."""
    return {
        "lastUpdateId": now_ms,
        "bids": [[text(rung.price), text(rung.quantity)] for rung in bids],
        "asks": [[text(rung.price), text(rung.quantity)] for rung in asks],
    }


def candle(bar: Bar) -> list[object]:
    """Return one row of `klines`."""
    zero = text(ZERO)
    prices = [text(price) for price in (bar.open, bar.high, bar.low, bar.close)]
    return [bar.opened_ms, *prices, zero, bar.closes_ms, zero, 0, zero, zero, "0"]


def _common(shown: Order) -> Json:
    return {
        "symbol": shown.symbol,
        "orderId": shown.order_id,
        "orderListId": -1,
        "price": text(shown.price),
        "origQty": text(shown.quantity),
        "executedQty": text(shown.executed),
        "origQuoteOrderQty": text(shown.budget),
        "cummulativeQuoteQty": text(shown.spent),  # Binance's spelling
        "status": shown.status,
        "timeInForce": shown.lifetime,
        "type": shown.type,
        "side": shown.side,
        "selfTradePreventionMode": "NONE",
    }


def _part(shown: Trade) -> Json:
    return {
        "price": text(shown.price),
        "qty": text(shown.quantity),
        "commission": text(shown.commission),
        "commissionAsset": shown.commission_asset,
        "tradeId": shown.trade_id,
    }
