"""The evidence against scipy and by hand: bounds, martingales, bursts."""

import math

import pytest
import scipy  # pyright: ignore[reportMissingTypeStubs] - it has none
from hypothesis import given
from hypothesis import strategies as st

from release.analysis import errors
from release.analysis.bursts import AGAIN_SECONDS, GAP_SECONDS
from release.analysis.streams import Pair, Step
from release.analysis.tested import IDLE_SHARE, SHARES

APART = Pair(Step(GAP_SECONDS + 1, 100, 0), Step(GAP_SECONDS + 1, 100, 0))
"""Long enough between errors that each is a burst."""
counts = st.integers(1, 40)


def _look(old: tuple[float, float], new: tuple[float, float], seconds: float = 2.0) -> Pair:
    return Pair(Step(seconds, *old), Step(seconds, *new))


def test_the_bound_covers_the_true_rate_at_least_as_often_as_the_exact_one() -> None:
    for tried, wrong in ((50, 0), (200, 1), (1000, 5), (5000, 40)):
        exact = float(scipy.stats.beta.ppf(0.975, wrong + 1, tried - wrong))  # pyright: ignore[reportUnknownMemberType, reportArgumentType]
        assert exact <= errors.upper_bound(tried, wrong, 0.025) <= 2.5 * exact


@given(old=counts, new=counts, wrong=counts)
def test_the_evidence_never_grows_on_average_when_both_go_wrong_equally_often(
    old: int, new: int, wrong: int
) -> None:
    """Whose the errors of a look are is then hypergeometric: scipy's, as the oracle."""
    wrong = min(wrong, old + new)
    least, most = max(0, wrong - old), min(new, wrong)
    mean = math.fsum(
        float(scipy.stats.hypergeom.pmf(k, old + new, new, wrong))  # pyright: ignore[reportUnknownMemberType, reportArgumentType]
        * errors.together([_look((old, wrong - k), (new, k))]).value
        for k in range(least, most + 1)
    )
    assert mean == pytest.approx(1.0)


@given(tried=st.integers(1, 60), rate=st.floats(0.0001, 0.2))
def test_after_a_swap_the_evidence_never_grows_on_average_at_the_old_rate(
    tried: int, rate: float
) -> None:
    test = errors.Afterwards(1000, 1000 * rate, 0.05)
    bound = errors.upper_bound(1000, 1000 * rate, 0.025)
    before = test.value
    mean = math.fsum(
        float(scipy.stats.binom.pmf(k, tried, bound))  # pyright: ignore[reportUnknownMemberType, reportArgumentType]
        * errors.afterwards([_look((0, 0), (tried, k))], 1000, 1000 * rate, 0.05).value
        for k in range(tried + 1)
    )
    assert mean <= before * (1 + 1e-9)


def test_a_mixture_is_the_mean_of_its_parts() -> None:
    """One error of the new color, which tried half: r / (r/2 + 1/2) for each ratio."""
    value = errors.together([APART, _look((1, 0), (1, 1))]).value
    parts = [ratio / (ratio / 2 + 1 / 2) for ratio in errors.RATIOS]
    assert value == pytest.approx(sum(parts) / len(parts))


def test_an_outage_of_both_is_one_burst_and_speaks_for_neither() -> None:
    outage = [_look((90, 45), (10, 5)) for _ in range(5)]
    assert errors.together(outage).bursts == 1
    assert errors.together([*outage, APART] * 20).value < 10


def test_what_always_fails_is_no_single_burst() -> None:
    """A burst without end would be counted once, and the worst version of all would pass."""
    looks = [_look((10, 0), (10, 10)) for _ in range(100)]
    assert errors.together(looks).bursts == pytest.approx(200 / AGAIN_SECONDS, abs=2)
    assert errors.together(looks).value > 1000
    assert errors.afterwards(looks[:20], 1000, 5, 0.05).value > 1000


def test_errors_closer_than_the_gap_are_one_burst_and_others_are_two() -> None:
    error = _look((10, 0), (10, 1))
    near = _look((10, 0), (10, 0), GAP_SECONDS - 2.0)
    far = _look((10, 0), (10, 0), GAP_SECONDS)
    assert errors.together([error, near, error]).bursts == 1
    assert errors.together([error, far, error]).bursts == 2


def test_one_who_tries_alone_proves_nothing_by_going_wrong() -> None:
    looks = [_look((0, 0), (10, 1), GAP_SECONDS + 1) for _ in range(100)]
    assert errors.together(looks).value == pytest.approx(1.0)


def test_no_evidence_is_too_large_for_a_number() -> None:
    looks = [_look((10, 0), (10, 10), 60.0) for _ in range(5000)]
    assert math.isfinite(errors.together(looks).value)
    assert math.isfinite(errors.afterwards(looks, 1000, 5, 0.05).value)


def test_all_tests_together_spend_no_more_than_alpha() -> None:
    idle = IDLE_SHARE * (sum(SHARES.values()) - SHARES["latency"])
    assert sum(SHARES.values()) + idle <= 1
