"""What paper does wrong on purpose, so that the bot meets it before money does. All seeded."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from random import Random

from bot.trading.orders import Fill

_LEAST_SHARE, _MOST_SHARE = 0.1, 0.9


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities from 0 to 1, each drawn for itself. The default is a perfect exchange."""

    latency_seconds: float = 0.0
    """The longest way there, and back: each takes between nothing and this."""
    partial_fill: float = 0.0
    """Only a part finds a counterpart: the rest waits, or ends where the order may not wait."""
    reject: float = 0.0
    lost_request: float = 0.0
    """Nothing is done, and nobody answers."""
    lost_answer: float = 0.0
    """Done, and nobody answers."""
    duplicate_fill: float = 0.0
    """A fill is told twice in one answer."""

    def __post_init__(self) -> None:
        """Refuse what is no probability."""
        for name in ("partial_fill", "reject", "lost_request", "lost_answer", "duplicate_fill"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is {value}, not a probability from 0 to 1")
        if self.latency_seconds < 0:
            raise ValueError(f"latency_seconds is {self.latency_seconds}, less than nothing")


class Dice:
    """Draws what goes wrong. Apart from the prices: the same seed walks the same way with it."""

    def __init__(self, faults: Faults, random: Random) -> None:
        self.faults = faults
        self._random = random

    def hit(self, probability: float) -> bool:
        """Say whether this one happens."""
        return self._random.random() < probability

    def delay_seconds(self) -> float:
        """Return how long one way takes."""
        return self._random.uniform(0, self.faults.latency_seconds)

    def part_of(self, quantity: Decimal, lot: Decimal) -> Decimal:
        """Return how much of it finds a counterpart now; a single lot is never divided."""
        if not self.hit(self.faults.partial_fill):
            return quantity
        share = Decimal(self._random.uniform(_LEAST_SHARE, _MOST_SHARE))
        lots = (quantity * share / lot).to_integral_value(ROUND_DOWN)
        return min(quantity, max(lot, lots * lot))

    def reported(self, fills: tuple[Fill, ...]) -> tuple[Fill, ...]:
        """Return the fills, the last maybe twice."""
        return (*fills, fills[-1]) if fills and self.hit(self.faults.duplicate_fill) else fills
