"""Whether the new color goes wrong more often: mixture e-values, good at any number of looks.

While both colors trade, the question is whose error the next one is. If both go wrong equally
often, it is the new one's with probability q, its share of what was tried. Against "r times as
often" that is r q / (r q + 1 - q), so an error multiplies the evidence by r / (r q + 1 - q) when it
is the new one's and by 1 / (r q + 1 - q) otherwise. The mixture over several r is a martingale
under "equally often", and by Ville's inequality it ever reaches 1/alpha with probability alpha at
most, however often one looks.
Source: Ramdas, Gruenwald, Vovk, Shafer, Game-theoretic statistics and safe anytime-valid inference,
Statistical Science 38 (2023); for the conditional test of two rates Przyborowski and Wilenski,
Biometrika 31 (1940).

What is counted is the burst (`release.analysis.bursts`), and of both colors together: the venue's
outage hits both once, which with q = 10 % would be four times the new color's part if each counted
its own. A burst belongs to who goes wrong in the look that begins it, in parts when both do; its
mean under "equally often" is q again, so the factor's stays 1.

When only the new color trades, the old one's rate is bounded from above by its own counts
(Chernoff, at alpha/2), and the same mixture tests the new one against that bound, at alpha/2 as
well: each attempt is a trial, those inside a burst that was counted are none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from release.analysis.bursts import Bursts
from release.analysis.streams import Pair

RATIOS = (3.0, 8.0, 20.0)
"""How much more often "worse" is: these find ten times as often soonest (docs/analysis.md)."""
_RATE_MAX = 0.99
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Evidence:
    """How much speaks for "worse", as the factor by which a bet against it would have grown."""

    value: float
    bursts: int
    """Of both colors while both trade, else of the new one."""
    new_tried: float
    new_wrong: float
    old_tried: float
    old_wrong: float

    @property
    def new_rate(self) -> float:
        """Errors, not bursts, of what the new color tried; 0 when it tried nothing."""
        return self.new_wrong / self.new_tried if self.new_tried else 0.0

    @property
    def old_rate(self) -> float:
        """As for the new color."""
        return self.old_wrong / self.old_tried if self.old_tried else 0.0


class Together:
    """Compares while both trade, look by look."""

    def __init__(self) -> None:
        self.bursts = Bursts()
        self._logs = [0.0] * len(RATIOS)
        self._old = self._new = 0.0

    @property
    def value(self) -> float:
        """The evidence so far."""
        return mixture(self._logs)

    def add(self, step: Pair) -> None:
        """Take in what happened since the last look."""
        self._old, self._new = self._old + step.old.tried, self._new + step.new.tried
        opened, wrong = self.bursts.open(step.new.seconds), step.new.wrong + step.old.wrong
        if wrong <= 0:
            return
        self.bursts.note(begins=opened)
        if not opened:
            return
        # The share since the last burst: between two looks hardly anything is tried, and an error
        # of the only one who tried says nothing.
        share, mine = self._new / (self._new + self._old), step.new.wrong / wrong
        self._old = self._new = 0.0
        for n, ratio in enumerate(RATIOS):
            self._logs[n] += math.log((mine * ratio + 1 - mine) / (ratio * share + 1 - share))


class Afterwards:
    """Compares the new one with what the old one had counted before, look by look."""

    def __init__(self, old_tried: float, old_wrong: float, alpha: float) -> None:
        """Bound the old color's rate.

        Args:
            old_tried: how many the old color had tried.
            old_wrong: how many of those went wrong.
            alpha: of the whole comparison; half is spent on the old color's rate.
        """
        self.bursts = Bursts()
        self._bound = upper_bound(old_tried, old_wrong, alpha / 2)
        self._rates = [min(_RATE_MAX, ratio * self._bound) for ratio in RATIOS]
        self._logs = [0.0] * len(RATIOS)

    @property
    def value(self) -> float:
        """The evidence so far: at alpha/2, told in the unit of who holds it against 1/alpha."""
        return mixture(self._logs) / 2

    def add(self, step: Pair) -> None:
        """Take in what happened since the last look; the old color's part is not looked at."""
        opened, wrong = self.bursts.open(step.new.seconds), step.new.wrong
        begins = opened and wrong > 0
        if wrong > 0:
            self.bursts.note(begins=begins)
        fine = step.new.tried - wrong
        for n, worse in enumerate(self._rates if opened else ()):
            self._logs[n] += begins * math.log(worse / self._bound)
            self._logs[n] += fine * (math.log1p(-worse) - math.log1p(-self._bound))


def together(steps: Sequence[Pair]) -> Evidence:
    """Compare while both trade."""
    test = Together()
    for step in steps:
        test.add(step)
    return Evidence(test.value, test.bursts.count, *_new(steps), *_old(steps))


def afterwards(steps: Sequence[Pair], old_tried: float, old_wrong: float, alpha: float) -> Evidence:
    """Compare the new one with what the old one had counted before; see `Afterwards`."""
    test = Afterwards(old_tried, old_wrong, alpha)
    for step in steps:
        test.add(step)
    return Evidence(test.value, test.bursts.count, *_new(steps), old_tried, old_wrong)


def upper_bound(tried: float, wrong: float, alpha: float) -> float:
    """Return a rate that the true one exceeds with probability alpha at most.

    Chernoff: the largest p with tried * KL(wrong/tried, p) <= ln(1/alpha). Without a try: 0.99.

    >>> round(upper_bound(1000, 5, 0.025), 4)
    0.0148
    """
    if tried <= 0:
        return _RATE_MAX
    seen, budget = min(1.0, wrong / tried), math.log(1 / alpha) / tried
    low, high = seen, _RATE_MAX
    if low >= high:
        return high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _divergence(seen, middle) <= budget else (low, middle)
    return high


def mixture(logs: Sequence[float]) -> float:
    """Return the mean of what these are the logarithms of."""
    most = max(logs)
    mean = sum(math.exp(log - most) for log in logs) / len(logs)
    return math.exp(min(700.0, most + math.log(mean)))


def _divergence(seen: float, rate: float) -> float:
    """Kullback-Leibler, of Bernoulli trials, in nats."""
    value = 0.0
    if seen > 0:
        value += seen * math.log(seen / rate)
    if seen < 1:
        value += (1 - seen) * math.log((1 - seen) / (1 - rate))
    return value


def _new(steps: Sequence[Pair]) -> tuple[float, float]:
    return sum(step.new.tried for step in steps), sum(step.new.wrong for step in steps)


def _old(steps: Sequence[Pair]) -> tuple[float, float]:
    return sum(step.old.tried for step in steps), sum(step.old.wrong for step in steps)
