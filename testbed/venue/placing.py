"""What becomes of an order at the moment it arrives. Pure: order, ladder and funds in, plan out."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from testbed.venue import book
from testbed.venue.amounts import ZERO
from testbed.venue.book import Rung
from testbed.venue.markets import Market
from testbed.venue.orders import Ask, Lifetime, Side, Type
from testbed.venue.refusals import ORDER_REJECTED, RefusalError, filtered, insufficient


@dataclass(frozen=True, slots=True)
class Plan:
    """An order that will be accepted: so much, filled in these parts, and whether the rest ends."""

    quantity: Decimal
    parts: Sequence[Rung]
    expires: bool


def plan(ask: Ask, market: Market, rungs: Sequence[Rung], free: Decimal) -> Plan:
    """Return what happens at once.

    Args:
        ask: an order that passed the filters.
        market: its market.
        rungs: what it would meet, the best price first.
        free: the balance of the asset that it spends.

    Raises:
        RefusalError: not covered, too small for one step, or a maker order that would take.
    """
    quantity = _quantity(ask, market, rungs)
    parts = book.take(rungs, quantity, ask.side, ask.price)
    if ask.type is Type.LIMIT_MAKER and parts:
        raise RefusalError(ORDER_REJECTED, "Order would immediately match and take.")
    if free < _needed(ask, quantity, parts):
        raise insufficient()
    whole = book.volume(parts) == quantity
    if ask.lifetime is Lifetime.FOK and not whole:
        return Plan(quantity, (), expires=True)
    rests = ask.type is not Type.MARKET and ask.lifetime is Lifetime.GTC
    return Plan(quantity, parts, expires=not whole and not rests)


def spends(side: Side, market: Market) -> str:
    """Return the asset that an order pays with."""
    return market.quote if side is Side.BUY else market.base


def _quantity(ask: Ask, market: Market, rungs: Sequence[Rung]) -> Decimal:
    if ask.quantity is not None:
        return ask.quantity
    quantity = book.affordable(rungs, ask.budget or ZERO, market.step)
    if quantity == 0:
        raise filtered("LOT_SIZE")
    return quantity


def _needed(ask: Ask, quantity: Decimal, parts: Sequence[Rung]) -> Decimal:
    if ask.side is Side.SELL:
        return quantity
    return book.value(parts) if ask.price is None else quantity * ask.price
