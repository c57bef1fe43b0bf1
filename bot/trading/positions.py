"""Positions as a fold of fills: the same whatever order and however often the fills came."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.trading.orders import ZERO, Fill

Key = tuple[int, int, str]
BEFORE_ALL: Key = (-1, 0, "")


@dataclass(frozen=True, slots=True)
class Position:
    """One symbol's holding; a negative quantity is a short position."""

    symbol: str
    quantity: Decimal = ZERO
    """Base currency."""
    average_price: Decimal = ZERO
    """Of what is open now; 0 when nothing is."""
    realized_quote: Decimal = ZERO
    """Quote currency, of what was closed; fees are not in it."""
    fees_quote: Decimal = ZERO
    """Fees that were paid in the quote currency."""
    last_key: Key = BEFORE_ALL
    """Of the newest fill in it."""

    def takes(self, fill: Fill) -> bool:
        """Whether this fill can simply be added; an older one needs all fills folded again."""
        return fill.key > self.last_key

    def after(self, fill: Fill) -> "Position":
        """Return the position once this fill, newer than all before, is in."""
        base, _, quote = self.symbol.partition("/")
        fees = self.fees_quote + (fill.fee if fill.fee_currency == quote else ZERO)
        change = fill.signed_quantity - (fill.fee if fill.fee_currency == base else ZERO)
        moved = replace(self, fees_quote=fees, last_key=fill.key)
        quantity = self.quantity + change
        if self.quantity * change >= 0:  # opens or grows
            cost = self.quantity * self.average_price + change * fill.price
            return replace(
                moved, quantity=quantity, average_price=cost / quantity if quantity else ZERO
            )
        closed = min(abs(change), abs(self.quantity)).copy_sign(self.quantity)
        realized = self.realized_quote + closed * (fill.price - self.average_price)
        turned = self.quantity * quantity < 0
        price = fill.price if turned else self.average_price if quantity else ZERO
        return replace(moved, quantity=quantity, average_price=price, realized_quote=realized)

    def unrealized_quote(self, price: Decimal) -> Decimal:
        """Return what closing at this price would bring, in quote currency."""
        return self.quantity * (price - self.average_price)


def moves_of(fill: Fill) -> dict[str, Decimal]:
    """Return what a fill moved, by currency: base, quote and the fee."""
    base, _, quote = fill.symbol.partition("/")
    moves = {base: fill.signed_quantity}
    moves[quote] = moves.get(quote, ZERO) - fill.signed_quantity * fill.price
    if fill.fee:
        moves[fill.fee_currency] = moves.get(fill.fee_currency, ZERO) - fill.fee
    return moves


def fold(symbol: str, fills: Iterable[Fill]) -> Position:
    """Return the position that these fills lead to, in any order and with repetitions."""
    known = {fill.trade_id: fill for fill in fills}
    position = Position(symbol)
    for fill in sorted(known.values(), key=lambda fill: fill.key):
        position = position.after(fill)
    return position
