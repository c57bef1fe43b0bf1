"""May this be ordered at all? Pure; the first filter that an order fails is the one named."""

from decimal import Decimal

from testbed.venue.amounts import PLACES, is_multiple, places
from testbed.venue.markets import COLLAR_DOWN, COLLAR_UP, Market
from testbed.venue.orders import Ask, Type
from testbed.venue.refusals import TOO_PRECISE, RefusalError, filtered


def check(ask: Ask, market: Market, last_price: Decimal) -> None:
    """Raise the RefusalError that the order deserves, if any."""
    for name, amount in (
        ("quantity", ask.quantity),
        ("price", ask.price),
        ("quoteOrderQty", ask.budget),
    ):
        if amount is not None and places(amount) > PLACES:
            raise RefusalError(TOO_PRECISE, f"Parameter '{name}' has too much precision.")
    if ask.price is not None:
        _check_price(ask.price, market, last_price)
    if ask.quantity is not None:
        _check_quantity(ask.quantity, market, of_market_order=ask.type is Type.MARKET)
    _check_notional(notional(ask, last_price), market)


def notional(ask: Ask, last_price: Decimal) -> Decimal:
    """Return what the order is worth in quote currency."""
    if ask.quantity is None:
        return ask.budget or Decimal(0)
    return ask.quantity * (last_price if ask.price is None else ask.price)


def _check_price(price: Decimal, market: Market, last_price: Decimal) -> None:
    in_bounds = market.min_price <= price <= market.max_price
    if not (in_bounds and is_multiple(price, market.tick)):
        raise filtered("PRICE_FILTER")
    if not last_price * COLLAR_DOWN <= price <= last_price * COLLAR_UP:
        raise filtered("PERCENT_PRICE_BY_SIDE")


def _check_quantity(quantity: Decimal, market: Market, *, of_market_order: bool) -> None:
    in_bounds = market.min_quantity <= quantity <= market.max_quantity
    if not (in_bounds and is_multiple(quantity, market.step)):
        raise filtered("LOT_SIZE")
    if of_market_order and quantity > market.max_market_quantity:
        raise filtered("MARKET_LOT_SIZE")


def _check_notional(value: Decimal, market: Market) -> None:
    if not market.min_notional <= value <= market.max_notional:
        raise filtered("NOTIONAL")
