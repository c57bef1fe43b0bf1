"""What others decide by, on the same canaries: fixed thresholds, and a test asked repeatedly.

Each takes tried and wrong of both colors, minute by minute, and returns the minute in which it
sends the new version back, or None.
"""

from collections.abc import Callable, Mapping

import numpy as np
import scipy  # pyright: ignore[reportMissingTypeStubs] - it has none

from tests.release.analysis.simulator import Counts

Rule = Callable[[Counts, Counts], float | None]


def by_minute(counts: Counts, look_seconds: float) -> Counts:
    """Add up the looks of each minute."""
    each = round(60 / look_seconds)
    return counts[:, : counts.shape[1] // each * each].reshape(2, -1, each).sum(axis=2)


def below(success_pct: float, minutes: int, failures: int) -> Rule:
    """Roll it back at so many windows in which less succeeded; a window without tries is fine."""

    def rule(old: Counts, new: Counts) -> float | None:
        del old
        whole = new.shape[1] // minutes * minutes
        tried, wrong = new[:, :whole].reshape(2, -1, minutes).sum(axis=2)
        bad = np.flatnonzero(100 * (tried - wrong) < success_pct * tried)
        return float((bad[failures - 1] + 1) * minutes) if len(bad) >= failures else None

    return rule


def times_the_old(ratio: float, minutes: int) -> Rule:
    """Roll it back when a window has an error and more than so many times the old rate."""

    def rule(old: Counts, new: Counts) -> float | None:
        whole = new.shape[1] // minutes * minutes
        tried_old, wrong_old = old[:, :whole].reshape(2, -1, minutes).sum(axis=2)
        tried, wrong = new[:, :whole].reshape(2, -1, minutes).sum(axis=2)
        bad = np.flatnonzero((wrong > 0) & (wrong * tried_old > ratio * wrong_old * tried))
        return float((bad[0] + 1) * minutes) if len(bad) else None

    return rule


def exact_test_each_minute(old: Counts, new: Counts) -> float | None:
    """Roll it back when Fisher's exact test of all so far says 5 %, asked every minute."""
    tried_old, wrong_old = old.cumsum(axis=1)
    tried, wrong = new.cumsum(axis=1)
    p = scipy.stats.hypergeom.sf(wrong - 1, tried + tried_old, wrong + wrong_old, tried)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportArgumentType]
    bad = np.flatnonzero(np.asarray(p, dtype=np.float64) <= 0.05)
    return float(bad[0] + 1) if len(bad) else None


RULES: Mapping[str, Rule] = {
    "under 99 % in a minute, 10 times (Flagger's example)": below(99, 1, 10),
    "under 99 % in a minute, 5 times": below(99, 1, 5),
    "under 95 % in 5 minutes, 3 times (Argo Rollouts' example)": below(95, 5, 3),
    "under 95 % in 5 minutes, once": below(95, 5, 1),
    "twice the old color's rate in 5 minutes": times_the_old(2, 5),
    "Fisher's exact test at 5 %, each minute": exact_test_each_minute,
}
