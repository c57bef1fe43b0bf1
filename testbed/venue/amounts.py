"""Decimal amounts: whole multiples, and the eight places that Binance prints."""

from decimal import ROUND_DOWN, Decimal

PLACES = 8
QUANTUM = Decimal(1).scaleb(-PLACES)
ZERO = Decimal(0)


def text(amount: Decimal) -> str:
    """Return an amount as Binance prints it."""
    return f"{amount:.{PLACES}f}"


def places(amount: Decimal) -> int:
    """Return how many decimal places an amount needs."""
    exponent = amount.normalize().as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError(f"{amount} is not finite")  # noqa: TRY004  # the value, not its type
    return max(0, -exponent)


def floor(amount: Decimal, step: Decimal) -> Decimal:
    """Return the largest multiple of `step` that is not above `amount` (which is ≥ 0)."""
    return amount // step * step


def is_multiple(amount: Decimal, step: Decimal) -> bool:
    """Tell whether an amount lies on the grid."""
    return amount % step == 0


def truncate(amount: Decimal) -> Decimal:
    """Cut to the eight places that balances have."""
    return amount.quantize(QUANTUM, rounding=ROUND_DOWN)
