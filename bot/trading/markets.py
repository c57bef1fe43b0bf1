"""The grids of a market, and rounding to them: always named, never to more than was asked."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from bot.trading.orders import ZERO, Side


@dataclass(frozen=True, slots=True)
class Market:
    """One symbol at one venue."""

    symbol: str
    """Canonical, `BASE/QUOTE`."""
    base: str
    quote: str
    tick: Decimal
    """Step of the price, quote currency per base."""
    lot: Decimal
    """Step of the quantity, base currency."""
    min_quantity: Decimal = ZERO
    """Base currency."""
    max_quantity: Decimal | None = None
    """Base currency."""
    min_notional: Decimal = ZERO
    """Quote currency: price times quantity of the smallest order."""

    def round_quantity(self, quantity: Decimal) -> Decimal:
        """Return the largest quantity on the grid that is not more than this one."""
        return _on_grid(quantity, self.lot, ROUND_DOWN)

    def round_price(self, price: Decimal, side: Side) -> Decimal:
        """Return the price on the grid that is not worse for us: down to buy, up to sell."""
        return _on_grid(price, self.tick, ROUND_FLOOR if side is Side.BUY else ROUND_CEILING)

    def problem(self, quantity: Decimal, price: Decimal) -> str | None:
        """Say why the venue would not take this (rounded) order; None when it would.

        `price`: the limit price, or the last one for a market order.
        """
        if quantity <= 0 or quantity < self.min_quantity:
            least = max(self.min_quantity, self.lot)
            return f"quantity {quantity} {self.base} is below the market's least, {least}"
        if self.max_quantity is not None and quantity > self.max_quantity:
            return (
                f"quantity {quantity} {self.base} is above the market's most, {self.max_quantity}"
            )
        if quantity * price < self.min_notional:
            return (
                f"worth {quantity * price} {self.quote}, less than the market takes:"
                f" {self.min_notional}"
            )
        return None


def _on_grid(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (value / step).to_integral_value(rounding) * step
