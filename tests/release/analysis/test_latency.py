"""Slowness that lasts is found, one slow burst is not, and equal versions are left alone."""

import math
import statistics

import pytest

from release.analysis.latency import median
from release.analysis.tested import SHARES
from tests.release.analysis.slow_canaries import Pace, alarm_after


def _share(old: Pace, new: Pace, runs: int) -> float:
    return sum(alarm_after(old, new, seed) is not None for seed in range(runs)) / runs


SAME = {
    "20 a minute": (Pace(), Pace()),
    "100 a minute": (Pace(100.0), Pace(100.0)),
    "canary of 10 %": (Pace(90.0), Pace(10.0)),
    "venue slow now and then": (Pace(shared_slow_per_hour=12.0), Pace()),
}


@pytest.mark.model
@pytest.mark.parametrize("scenario", SAME)
def test_a_version_as_quick_is_hardly_ever_called_slower(scenario: str) -> None:
    assert _share(*SAME[scenario], 100) <= 0.05 * SHARES["latency"] + 0.01


@pytest.mark.parametrize(("per_minute", "minutes"), [(20.0, 6.0), (100.0, 3.0)])
def test_three_times_as_slow_is_found(per_minute: float, minutes: float) -> None:
    slow = Pace(per_minute, times=3.0)
    alarms = [alarm_after(Pace(per_minute), slow, seed) or math.inf for seed in range(7)]
    assert statistics.median(alarms) <= 60 * minutes, alarms


@pytest.mark.parametrize("burst_seconds", [10, 30, 60])
def test_one_slow_burst_is_no_proof(burst_seconds: int) -> None:
    burst = Pace(100.0, times=20.0, begin=300.0, end=300.0 + burst_seconds)
    assert [alarm_after(Pace(100.0), burst, seed, 600) for seed in range(5)] == [None] * 5


def test_a_median_is_linear_inside_its_bucket() -> None:
    assert median(((0.1, 0.0), (0.2, 10.0), (math.inf, 10.0))) == pytest.approx(0.15)


def test_few_answers_have_no_median() -> None:
    assert median(((0.1, 4.0), (math.inf, 4.0))) is None
    assert median(()) is None


def test_a_median_beyond_the_last_bound_is_that_bound() -> None:
    assert median(((0.1, 1.0), (math.inf, 10.0))) == pytest.approx(0.1)
