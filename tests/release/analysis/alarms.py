"""When the tests of errors sound the alarm in a scenario, looking at every look."""

from dataclasses import replace

from release.analysis.errors import Afterwards, Together
from release.analysis.tested import SHARES
from tests.release.analysis.simulator import Scenario, counts, looks, looks_with_errors

ALPHA = 0.05
BAR = 1 / (ALPHA * SHARES["orders"])
HEALTHY = {
    "20 orders a minute and color, 0.5 % wrong": Scenario(),
    "the same, a look every second": Scenario(look_seconds=1.0),
    "few: 2 a minute, 2 % wrong": Scenario(2.0, 2.0, rate=0.02),
    "many: 100 a minute": Scenario(100.0, 100.0),
    "often wrong: 60 a minute, 5 %": Scenario(60.0, 60.0, rate=0.05),
    "shared bursts, 12 an hour": Scenario(shared_bursts_per_hour=12.0),
    "shared bursts, canary of 10 % of 200 a minute": Scenario(
        180.0, 20.0, shared_bursts_per_hour=12.0
    ),
    "canary of 10 %, later 50 %, 2 % wrong": Scenario(
        90.0, 10.0, new_per_minute_later=90.0, rate=0.02
    ),
    "bursts of each color's own, 4 an hour": Scenario(own_bursts_per_hour=4.0),
}
"""Worlds in which the new version is as good as the old one, half an hour each."""


def alarm_after(scenario: Scenario, seed: int, bar: float = BAR) -> float | None:
    """Return the seconds until the evidence reaches the bar while both trade."""
    test, seconds = Together(), 0.0
    for step in looks_with_errors(scenario, seed):
        seconds += step.new.seconds
        test.add(step)
        if step.new.wrong and test.value >= bar:
            return seconds
    return None


def alarm_after_swap(scenario: Scenario, seed: int, history: int = 3600) -> float | None:
    """Return the same when only the new one trades, and the old one did for so many seconds."""
    past, _ = counts(replace(scenario, seconds=float(history)), seed + 10**6)
    tried, wrong = past.sum(axis=1).tolist()
    test, seconds = Afterwards(tried, wrong, 1 / BAR), 0.0
    for step in looks(scenario, seed):
        seconds += step.new.seconds
        test.add(step)
        if step.new.wrong and test.value >= BAR:
            return seconds
    return None


def share_of_alarms(scenario: Scenario, runs: int) -> float:
    """Return the share of canaries that are rolled back."""
    return sum(alarm_after(scenario, seed) is not None for seed in range(runs)) / runs
