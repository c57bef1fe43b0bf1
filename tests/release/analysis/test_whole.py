"""The whole judge, on canaries in which all is counted: healthy ones pass, bad ones do not."""

import numpy as np
import pytest

from bot.contract.color import Color
from release.analysis import judge
from release.decide.model import Counters, Look, Snapshot, Verdict
from tests.release.analysis.simulator import Counts, Scenario, counts
from tests.release.analysis.slow_canaries import BOUNDS
from tests.release.analysis.streams_of import THRESHOLDS

START = 1e6
PAST_SECONDS = 3600.0
SECONDS = 600.0
JUDGED_EACH = 5
"""Looks are two seconds apart; each fifth is judged, for the sake of time."""


def _color(
    random: np.random.Generator, color: Color, tried_and_wrong: Counts, past: Scenario
) -> list[Snapshot]:
    """Requests, rejections and latency are as usual; orders go wrong as they are told."""
    base = float(round(past.per_minute * PAST_SECONDS / 60)) if color is Color.BLUE else 0.0
    buckets = np.array([round(base * min(1.0, bound / 0.05)) for bound in BOUNDS], dtype=np.float64)
    orders, errors, rejections, requests = base, round(base * past.rate), round(base / 100), base
    snapshots: list[Snapshot] = []
    for n, (each, bad) in enumerate(tried_and_wrong.T.tolist()):
        at = START + n * past.look_seconds
        orders, errors = orders + each, errors + bad
        rejections += int(random.binomial(each, 0.01))
        requests += int(random.poisson(1.0))
        seconds = 0.03 * random.lognormal(0.0, 0.8, each)
        buckets = buckets + (seconds[:, None] <= np.array(BOUNDS)).sum(axis=0)
        pod = Counters(
            pod=f"{color}-a",
            at=at,
            started=START - PAST_SECONDS if color is Color.BLUE else START - 60,
            requests=float(requests),
            request_errors=0.0,
            orders=float(orders),
            order_errors=float(errors),
            rejections=float(rejections),
            latency_buckets=tuple(zip(BOUNDS, buckets.tolist(), strict=True)),
            unresolved_orders=0.0,
            heartbeat_age_seconds=0.5,
        )
        snapshots.append(Snapshot(color, at, (pod,)))
    return snapshots


def verdicts(scenario: Scenario, seed: int, *, concurrent: bool) -> list[Verdict]:
    """Return what is said at one look after the other, until it is rolled back."""
    random = np.random.default_rng(seed)
    old, new = counts(scenario, seed)
    if not concurrent:
        old = 0 * old
    blue = _color(random, Color.BLUE, old, scenario)
    green = _color(random, Color.GREEN, new, scenario)
    looks = [Look(*both) for both in zip(blue, green, strict=True)]
    history: list[Verdict] = []
    for end in range(1, len(looks) + 1, JUDGED_EACH):
        history.append(judge(looks[:end], THRESHOLDS, concurrent=concurrent).verdict)
        if history[-1] is Verdict.FAIL:
            break
    return history


def _rolled_back_and_passed(runs: int, *, concurrent: bool) -> tuple[float, float]:
    scenario = Scenario(seconds=SECONDS, shared_bursts_per_hour=4.0)
    histories = [verdicts(scenario, seed, concurrent=concurrent) for seed in range(runs)]
    assert not any(Verdict.ERROR in history for history in histories)
    return (
        sum(history[-1] is Verdict.FAIL for history in histories) / runs,
        sum(Verdict.PASS in history for history in histories) / runs,
    )


@pytest.mark.model
@pytest.mark.parametrize("concurrent", [True, False])
def test_healthy_versions_pass_and_are_not_rolled_back(*, concurrent: bool) -> None:
    back, passed = _rolled_back_and_passed(30, concurrent=concurrent)
    assert back <= 2 / 30
    assert passed >= 0.9


@pytest.mark.soak
@pytest.mark.parametrize("concurrent", [True, False])
def test_many_healthy_versions_pass_and_are_not_rolled_back(*, concurrent: bool) -> None:
    back, passed = _rolled_back_and_passed(500, concurrent=concurrent)
    assert back <= THRESHOLDS["alpha"]
    assert passed >= 0.95


@pytest.mark.model
@pytest.mark.parametrize("concurrent", [True, False])
def test_what_fails_half_the_time_never_passes(*, concurrent: bool) -> None:
    scenario = Scenario(60.0, 60.0, times_as_bad=100.0, seconds=300.0)
    for seed in range(10):
        history = verdicts(scenario, seed, concurrent=concurrent)
        assert history[-1] is Verdict.FAIL
        assert Verdict.PASS not in history
