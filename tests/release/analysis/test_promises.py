"""False alarms and power, by simulation: the figures that `docs/analysis.md` shows."""

import statistics
from collections.abc import Callable

import pytest

from release.analysis.errors import together
from tests.release.analysis.alarms import (
    ALPHA,
    HEALTHY,
    alarm_after,
    alarm_after_swap,
    share_of_alarms,
)
from tests.release.analysis.simulator import Scenario, looks, looks_with_errors

NULLS, MANY = 1000, 10_000
BAD = 200


@pytest.mark.parametrize("scenario", HEALTHY)
def test_the_simulator_may_leave_quiet_looks_out(scenario: str) -> None:
    every, short = (
        together(looks(HEALTHY[scenario], 1)),
        together(looks_with_errors(HEALTHY[scenario], 1)),
    )
    assert every.value == pytest.approx(short.value)


@pytest.mark.model
@pytest.mark.parametrize("scenario", HEALTHY)
def test_a_healthy_version_is_rolled_back_at_most_as_often_as_was_allowed(scenario: str) -> None:
    assert share_of_alarms(HEALTHY[scenario], NULLS) <= ALPHA


@pytest.mark.soak
@pytest.mark.parametrize("scenario", HEALTHY)
def test_ten_thousand_healthy_versions(scenario: str) -> None:
    assert share_of_alarms(HEALTHY[scenario], MANY) <= ALPHA


@pytest.mark.model
def test_after_a_swap_a_healthy_version_stays() -> None:
    alarms = [alarm_after_swap(Scenario(), seed) for seed in range(NULLS)]
    assert sum(each is not None for each in alarms) <= ALPHA * NULLS


@pytest.mark.model
@pytest.mark.parametrize(("per_minute", "minutes"), [(20.0, 10.0), (100.0, 3.0)])
@pytest.mark.parametrize("after", [alarm_after, alarm_after_swap], ids=["beside", "after"])
def test_ten_times_as_many_errors_are_found_in_time(
    per_minute: float, minutes: float, after: Callable[[Scenario, int], float | None]
) -> None:
    scenario = Scenario(per_minute, per_minute, times_as_bad=10.0, seconds=3600.0)
    alarms = [seconds for seed in range(BAD) if (seconds := after(scenario, seed)) is not None]
    assert len(alarms) >= 0.95 * BAD
    assert statistics.median(alarms) <= 60 * minutes


@pytest.mark.model
def test_what_fails_nearly_always_is_found_in_two_minutes() -> None:
    scenario = Scenario(100.0, 100.0, times_as_bad=190.0)
    alarms = [alarm_after(scenario, seed) or scenario.seconds for seed in range(20)]
    assert max(alarms) <= 180
    assert statistics.median(alarms) <= 120
