"""A thin strategy: follow the price against its own average, within the limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from bot.trading.thin_positions import FLAT, ZERO, Order, Positions, Side

WINDOW = 20
"""How many prices the average looks at."""
BAND = Decimal("0.0005")
"""How far the price must be from its average, as a share of it, before anything is done."""
TARGET_SHARE = Decimal("0.5")
"""Of the largest position: room is left for the price to move."""
QUANTITY_STEP = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a person allows."""

    max_position_size: Decimal
    """Quote currency, per symbol."""
    max_exposure: Decimal
    """Quote currency, all symbols together."""


def exposure(positions: Positions, prices: Mapping[str, Decimal]) -> Decimal:
    """Return the value of all positions, long or short, in quote currency."""
    return sum(
        (abs(position.quantity) * prices.get(s, ZERO) for s, position in positions.items()), ZERO
    )


def decide(
    symbol: str,
    history: Sequence[Decimal],
    positions: Positions,
    prices: Mapping[str, Decimal],
    limits: Limits,
) -> Order | None:
    """Return the order that brings this symbol to its target, or None.

    Long above the average, short below it; in between nothing changes. An order never takes the
    position over `max_position_size`, nor all positions over `max_exposure`.
    """
    if len(history) < WINDOW:
        return None
    price = prices[symbol]
    average = sum(history[-WINDOW:], ZERO) / WINDOW
    if abs(price - average) <= average * BAND:
        return None
    direction = 1 if price > average else -1
    held = positions.get(symbol, FLAT).quantity
    if held * direction > 0:
        return None
    others = exposure(positions, prices) - abs(held) * price
    room = max(ZERO, min(limits.max_position_size * TARGET_SHARE, limits.max_exposure - others))
    target = direction * (room / price).quantize(QUANTITY_STEP, rounding=ROUND_DOWN)
    change = target - held
    if change == 0:
        return None
    return Order(symbol, Side.BUY if change > 0 else Side.SELL, abs(change))
