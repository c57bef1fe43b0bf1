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
from tests.release.analysis.simulator import World, looks, looks_with_errors

NULLS, MANY = 1000, 10_000
BAD = 200


@pytest.mark.parametrize("world", HEALTHY)
def test_the_simulator_may_leave_quiet_looks_out(world: str) -> None:
    every, short = (
        together(looks(HEALTHY[world], 1)),
        together(looks_with_errors(HEALTHY[world], 1)),
    )
    assert every.value == pytest.approx(short.value)


@pytest.mark.model
@pytest.mark.parametrize("world", HEALTHY)
def test_a_healthy_version_is_rolled_back_at_most_as_often_as_was_allowed(world: str) -> None:
    assert share_of_alarms(HEALTHY[world], NULLS) <= ALPHA


@pytest.mark.soak
@pytest.mark.parametrize("world", HEALTHY)
def test_ten_thousand_healthy_versions(world: str) -> None:
    assert share_of_alarms(HEALTHY[world], MANY) <= ALPHA


@pytest.mark.model
def test_after_a_swap_a_healthy_version_stays() -> None:
    found = [alarm_after_swap(World(), seed) for seed in range(NULLS)]
    assert sum(each is not None for each in found) <= ALPHA * NULLS


@pytest.mark.model
@pytest.mark.parametrize(("per_minute", "minutes"), [(20.0, 10.0), (100.0, 3.0)])
@pytest.mark.parametrize("after", [alarm_after, alarm_after_swap], ids=["beside", "after"])
def test_ten_times_as_many_errors_are_found_in_time(
    per_minute: float, minutes: float, after: Callable[[World, int], float | None]
) -> None:
    world = World(per_minute, per_minute, times_as_bad=10.0, seconds=3600.0)
    found = [seconds for seed in range(BAD) if (seconds := after(world, seed)) is not None]
    assert len(found) >= 0.95 * BAD
    assert statistics.median(found) <= 60 * minutes


@pytest.mark.model
def test_what_fails_nearly_always_is_found_in_two_minutes() -> None:
    world = World(100.0, 100.0, times_as_bad=190.0)
    found = [alarm_after(world, seed) or world.seconds for seed in range(20)]
    assert max(found) <= 180
    assert statistics.median(found) <= 120
