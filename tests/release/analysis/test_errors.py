"""False alarms and power of the test for errors, against scipy and by simulation."""

import statistics
from random import Random

import pytest
from scipy import stats  # pyright: ignore[reportMissingTypeStubs] - it has none

from release.analysis import errors
from release.analysis.judge import SHARES
from release.analysis.streams import Pair, Step
from tests.release.analysis.streams_of import simulated

ALPHA = 0.05
BAR = 1 / (ALPHA * SHARES["orders"])
NULLS, MANY = 1000, 10_000
HALF_HOUR = 1800
WORLDS = {
    "20 a minute": {"per_minute": 20.0, "old_rate": 0.005, "new_rate": 0.005},
    "few": {"per_minute": 2.0, "old_rate": 0.02, "new_rate": 0.02},
    "often wrong": {"per_minute": 60.0, "old_rate": 0.05, "new_rate": 0.05},
    "shared bursts": {
        "per_minute": 20.0,
        "old_rate": 0.005,
        "new_rate": 0.005,
        "bursts_per_hour": 12.0,
    },
    "a look every second": {
        "per_minute": 20.0,
        "old_rate": 0.005,
        "new_rate": 0.005,
        "every": 1.0,
    },
}


def found_after(steps: "list[Pair] | tuple[Pair, ...]") -> float | None:
    """Return the seconds until the evidence reaches the bar, looking at every step."""
    seconds, seen = 0.0, list[Pair]()
    for step in steps:
        seconds += step.new.seconds
        seen.append(step)
        # Evidence changes at errors only.
        if (step.new.wrong or step.old.wrong) and errors.together(seen).value >= BAR:
            return seconds
    return None


def false_alarms(world: str, runs: int) -> float:
    alarms = 0
    for seed in range(runs):
        steps = simulated(Random(seed), seconds=HALF_HOUR, **WORLDS[world])  # noqa: S311 - replayable
        alarms += found_after(list(steps)) is not None
    return alarms / runs


@pytest.mark.model
@pytest.mark.parametrize("world", WORLDS)
def test_a_healthy_version_is_sent_back_at_most_as_often_as_was_allowed(world: str) -> None:
    assert false_alarms(world, NULLS // len(WORLDS)) <= ALPHA


@pytest.mark.soak
@pytest.mark.parametrize("world", WORLDS)
def test_ten_thousand_healthy_versions(world: str) -> None:
    assert false_alarms(world, MANY // len(WORLDS)) <= ALPHA


@pytest.mark.model
@pytest.mark.parametrize(("per_minute", "minutes"), [(20.0, 10.0), (100.0, 3.0)])
def test_a_bad_version_is_found_in_time(per_minute: float, minutes: float) -> None:
    times = [
        found_after(
            list(
                simulated(
                    Random(seed),  # noqa: S311 - replayable
                    seconds=3600,
                    per_minute=per_minute,
                    old_rate=0.005,
                    new_rate=0.05,
                )
            )
        )
        for seed in range(200)
    ]
    found = [seconds for seconds in times if seconds is not None]
    assert len(found) >= 0.95 * len(times)
    assert statistics.median(found) <= 60 * minutes


def test_the_bound_covers_the_true_rate_at_least_as_often_as_the_exact_one() -> None:
    for tried, wrong in ((50, 0), (200, 1), (1000, 5), (5000, 40)):
        exact = float(stats.beta.ppf(0.975, wrong + 1, tried - wrong))  # pyright: ignore[reportUnknownMemberType, reportArgumentType]
        assert exact <= errors.upper_bound(tried, wrong, 0.025) <= 2.5 * exact


def test_the_evidence_is_a_martingale_under_equal_rates() -> None:
    """The mean of the factor of one error, over whose it is, is 1 for each ratio and share."""
    for share in (0.1, 0.5, 0.9):
        quiet = Step(10.0, 1000 * share, 0), Step(10.0, 1000 * (1 - share), 0)
        new = Pair(quiet[1], Step(10.0, quiet[0].tried, 1))
        old = Pair(Step(10.0, quiet[1].tried, 1), quiet[0])
        mean = share * errors.together([new]).value + (1 - share) * errors.together([old]).value
        assert mean == pytest.approx(1.0)
