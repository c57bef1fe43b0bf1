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

After a swap only the new color trades. The old one's rate is then bounded from above by its own
counts (Chernoff, at alpha/2), and the same mixture tests the new one against that bound, at alpha/2
as well.

Independence is what breaks such tests in practice: one outage makes a hundred errors. So what is
counted are bursts: errors less than `BURST_SECONDS` after the last one of the same color are one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from release.analysis.streams import Pair, Step

RATIOS = (2.0, 5.0, 10.0, 25.0)
"""How much more often "worse" is. Below twice as often nobody would go back for it."""
BURST_SECONDS = 3.0
_STEPS = 60


@dataclass(frozen=True, slots=True)
class Evidence:
    """How much speaks for "worse", as the factor by which a bet against it would have grown."""

    value: float
    new_rate: float
    old_rate: float
    new_bursts: int
    old_bursts: int
    new_tried: float


class _Bursts:
    """Counts the bursts of one color."""

    def __init__(self) -> None:
        self.count = 0
        self._quiet_seconds = math.inf

    def after(self, step: Step) -> int:
        """Return 1 when a burst begins in this step."""
        self._quiet_seconds += step.seconds
        if step.wrong <= 0:
            return 0
        begins = self._quiet_seconds > BURST_SECONDS
        self._quiet_seconds = 0.0
        self.count += begins
        return int(begins)


def together(steps: Sequence[Pair]) -> Evidence:
    """Compare while both trade."""
    logs = [0.0] * len(RATIOS)
    old, new = _Bursts(), _Bursts()
    tried_old = tried_new = 0.0
    since_old = since_new = 0.0
    for step in steps:
        tried_old, tried_new = tried_old + step.old.tried, tried_new + step.new.tried
        since_old, since_new = since_old + step.old.tried, since_new + step.new.tried
        errors_new, errors_old = new.after(step.new), old.after(step.old)
        both = since_new + since_old
        if not (errors_new or errors_old) or both <= 0:
            continue
        # The share since the last error: between two looks hardly anything is tried, and an error
        # of the only one who tried says nothing.
        share = since_new / both
        since_old = since_new = 0.0
        for n, ratio in enumerate(RATIOS):
            logs[n] -= (errors_new + errors_old) * math.log(ratio * share + 1 - share)
            logs[n] += errors_new * math.log(ratio)
    return Evidence(
        _mixture(logs),
        _rate(new.count, tried_new),
        _rate(old.count, tried_old),
        new.count,
        old.count,
        tried_new,
    )


def afterwards(steps: Sequence[Pair], old_tried: float, old_wrong: float, alpha: float) -> Evidence:
    """Compare the new one with what the old one had counted before.

    Args:
        steps: since the swap; the old color's part is not looked at.
        old_tried: how many the old color had tried.
        old_wrong: how many of those went wrong.
        alpha: of the whole comparison; half is spent on the old color's rate.
    """
    bound = upper_bound(old_tried, old_wrong, alpha / 2)
    new = _Bursts()
    logs = [0.0] * len(RATIOS)
    tried = 0.0
    for step in steps:
        begins = new.after(step.new)
        tried += step.new.tried
        for n, ratio in enumerate(RATIOS):
            worse = min(0.99, ratio * bound)
            fine = max(0.0, step.new.tried - begins)
            logs[n] += begins * math.log(worse / bound) + fine * (
                math.log1p(-worse) - math.log1p(-bound)
            )
    # At alpha/2: told in the unit of the caller, who holds it against 1/alpha.
    return Evidence(
        _mixture(logs) / 2,
        _rate(new.count, tried),
        _rate(old_wrong, old_tried),
        new.count,
        0,
        tried,
    )


def upper_bound(tried: float, wrong: float, alpha: float) -> float:
    """Return a rate that the true one exceeds with probability alpha at most.

    Chernoff: the largest p with tried * KL(wrong/tried, p) <= ln(1/alpha). Without a try: 0.99.

    >>> round(upper_bound(1000, 5, 0.025), 4)
    0.0148
    """
    if tried <= 0:
        return 0.99
    seen, budget = min(1.0, wrong / tried), math.log(1 / alpha) / tried
    low, high = seen, 0.99
    if low >= high:
        return high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _divergence(seen, middle) <= budget else (low, middle)
    return high


def _divergence(seen: float, rate: float) -> float:
    """Kullback-Leibler, of Bernoulli trials, in nats."""
    value = 0.0
    if seen > 0:
        value += seen * math.log(seen / rate)
    if seen < 1:
        value += (1 - seen) * math.log((1 - seen) / (1 - rate))
    return value


def _mixture(logs: Sequence[float]) -> float:
    most = max(logs)
    mean = sum(math.exp(log - most) for log in logs) / len(logs)
    return math.exp(min(700.0, most + math.log(mean)))


def _rate(wrong: float, tried: float) -> float:
    return wrong / tried if tried else 0.0
