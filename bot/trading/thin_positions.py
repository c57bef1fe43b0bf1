"""Orders, fills, and positions as a fold of fills. All numbers are decimal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import reduce

ZERO = Decimal(0)


class Side(StrEnum):
    """Which way an order goes."""

    BUY = "buy"
    SELL = "sell"


@dataclass(frozen=True, slots=True)
class Order:
    """What the bot asks of a venue."""

    symbol: str
    side: Side
    quantity: Decimal
    """Base currency, greater than zero."""


@dataclass(frozen=True, slots=True)
class Fill:
    """What a venue did."""

    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal

    @property
    def signed_quantity(self) -> Decimal:
        """Positive for a buy."""
        return self.quantity if self.side is Side.BUY else -self.quantity


@dataclass(frozen=True, slots=True)
class Position:
    """One symbol's holding; a negative quantity is a short position."""

    quantity: Decimal = ZERO
    average_price: Decimal = ZERO
    """Of what is open now; 0 when nothing is."""
    realized_profit: Decimal = ZERO
    """Quote currency, of what was closed."""

    def after(self, fill: Fill) -> "Position":
        """Return the position once this fill is in."""
        change = fill.signed_quantity
        quantity = self.quantity + change
        if self.quantity * change >= 0:  # opens or grows
            cost = self.quantity * self.average_price + change * fill.price
            return Position(quantity, cost / quantity if quantity else ZERO, self.realized_profit)
        closed = min(abs(change), abs(self.quantity)).copy_sign(self.quantity)
        realized = self.realized_profit + closed * (fill.price - self.average_price)
        if quantity == 0:
            return Position(realized_profit=realized)
        turned = self.quantity * quantity < 0
        return Position(quantity, fill.price if turned else self.average_price, realized)

    def unrealized_profit(self, price: Decimal) -> Decimal:
        """Return what closing at this price would bring, in quote currency."""
        return self.quantity * (price - self.average_price)


FLAT = Position()
Positions = Mapping[str, Position]


def fold(fills: Iterable[Fill], start: Positions | None = None) -> dict[str, Position]:
    """Return the positions that these fills, in this order, lead to."""

    def step(positions: dict[str, Position], fill: Fill) -> dict[str, Position]:
        return positions | {fill.symbol: positions.get(fill.symbol, FLAT).after(fill)}

    return reduce(step, fills, dict(start or {}))


def open_positions(positions: Positions) -> dict[str, Position]:
    """Return those that hold something."""
    return {symbol: position for symbol, position in positions.items() if position.quantity}


def unrealized_profit(positions: Positions, prices: Mapping[str, Decimal]) -> Decimal:
    """Return the sum over all positions whose price is known, in quote currency."""
    return sum(
        (
            position.unrealized_profit(prices[symbol])
            for symbol, position in positions.items()
            if symbol in prices
        ),
        ZERO,
    )
