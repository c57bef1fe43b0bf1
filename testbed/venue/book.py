"""What an order fills at: a ladder of prices around the last one, and walks along it. Pure.

Every look sees a fresh ladder: nobody else trades here, and what was taken is there again. An
order larger than one rung fills in parts, each worse than the one before.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

from testbed.venue.amounts import ZERO, floor
from testbed.venue.markets import Market
from testbed.venue.orders import Side

RUNGS = 20
RUNG_STEP = Decimal("0.0001")
"""From rung to rung, and from the last price to the first rung, as a share of it."""


class Rung(NamedTuple):
    """So much can be had at this price."""

    price: Decimal
    quantity: Decimal


def ladder(market: Market, last_price: Decimal, taker: Side) -> list[Rung]:
    """Return what one who buys (or sells) at once would meet, the best price first."""
    rounding = ROUND_CEILING if taker is Side.BUY else ROUND_FLOOR
    sign = 1 if taker is Side.BUY else -1
    prices: list[Decimal] = []
    for index in range(1, RUNGS + 1):
        raw = last_price * (1 + sign * RUNG_STEP * index)
        price = (raw / market.tick).to_integral_value(rounding) * market.tick
        # On a coarse grid neighbours would coincide: then they lie one tick apart.
        if prices and sign * (price - prices[-1]) <= 0:
            price = prices[-1] + sign * market.tick
        if price > 0:
            prices.append(price)
    return [Rung(price, market.depth) for price in prices]


def reaches(limit: Decimal | None, price: Decimal, taker: Side) -> bool:
    """Tell whether an order with this limit may trade at a price."""
    if limit is None:
        return True
    return price <= limit if taker is Side.BUY else price >= limit


def take(
    rungs: Sequence[Rung], quantity: Decimal, taker: Side, limit: Decimal | None = None
) -> list[Rung]:
    """Return the parts in which a quantity fills, at most all of it."""
    return list(_parts(rungs, quantity, taker, limit))


def _parts(
    rungs: Sequence[Rung], quantity: Decimal, taker: Side, limit: Decimal | None
) -> Iterator[Rung]:
    left = quantity
    for rung in rungs:
        if left <= 0 or not reaches(limit, rung.price, taker):
            return
        part = min(left, rung.quantity)
        left -= part
        yield Rung(rung.price, part)


def affordable(rungs: Sequence[Rung], budget: Decimal, step: Decimal) -> Decimal:
    """Return the largest quantity that the budget (quote) pays for."""
    quantity, left = ZERO, budget
    for rung in rungs:
        part = min(rung.quantity, floor(left / rung.price, step))
        quantity += part
        left -= part * rung.price
        if part < rung.quantity:
            break
    return quantity


def value(parts: Sequence[Rung]) -> Decimal:
    """Return the parts' worth in quote currency."""
    return sum((part.price * part.quantity for part in parts), ZERO)


def volume(parts: Sequence[Rung]) -> Decimal:
    """Return the parts' sum in base currency."""
    return sum((part.quantity for part in parts), ZERO)
