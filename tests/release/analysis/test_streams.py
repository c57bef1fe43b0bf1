"""What is counted between looks, when pods come, go, begin anew or tell nothing for a while."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.contract.color import Color
from release.analysis import streams
from release.decide.model import Counters, Look, Snapshot

EMPTY = Snapshot(Color.BLUE, 0.0, ())


def _pod(
    name: str, tried: float | None, wrong: float | None = 0.0, started: float = 1.0
) -> Counters:
    return Counters(name, 0.0, started=started, orders=tried, order_errors=wrong)


def _tried(*snapshots: tuple[Counters, ...]) -> float:
    return sum(step.tried for step in _steps(*snapshots))


def _steps(*snapshots: tuple[Counters, ...]) -> list[streams.Step]:
    looks = [
        Look(replace(EMPTY, at=10.0 + 2 * n), Snapshot(Color.GREEN, 10.0 + 2 * n, pods))
        for n, pods in enumerate(snapshots)
    ]
    return [pair.new for pair in streams.pairs(looks, lambda c: c.orders, lambda c: c.order_errors)]


def test_what_was_counted_before_the_first_look_is_not_counted() -> None:
    assert _tried((_pod("a", 100),), (_pod("a", 107),)) == 7


def test_a_pod_that_is_seen_late_but_began_early_brings_no_past() -> None:
    assert _tried((), (_pod("a", 1000),), (_pod("a", 1003),)) == 3


def test_a_process_that_began_in_this_phase_counts_from_zero() -> None:
    assert _tried((_pod("a", 100),), (_pod("a", 5, started=11.0),)) == 5


def test_counters_that_fall_in_one_process_began_anew() -> None:
    assert _tried((_pod("a", 100),), (_pod("a", 110),), (_pod("a", 4),)) == 14


def test_a_pod_that_goes_takes_nothing_back() -> None:
    both = (_pod("a", 100), _pod("b", 50))
    assert _tried(both, (_pod("a", 110), _pod("b", 60)), (_pod("a", 111),)) == 21


@pytest.mark.parametrize("lost", [None, math.nan, math.inf, -math.inf, -1.0])
def test_a_gap_loses_nothing_and_invents_nothing(lost: float | None) -> None:
    steps = _steps((_pod("a", 100),), (_pod("a", lost),), (_pod("a", 110),))
    assert [step.tried for step in steps] == [0, 10]
    steps = _steps((_pod("a", 100, lost),), (_pod("a", 105, lost),), (_pod("a", 110, 3),))
    assert [(step.tried, step.wrong) for step in steps] == [(0, 0), (0, 0)]


def test_an_error_that_is_told_before_its_attempt_is_an_attempt() -> None:
    assert _steps((_pod("a", 100, 0),), (_pod("a", 100, 2),)) == [streams.Step(2.0, 2, 2)]


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=30))
def test_whatever_goes_missing_never_more_is_counted_than_happened(
    happened: list[tuple[int, bool]],
) -> None:
    total, snapshots = 0, list[tuple[Counters, ...]]()
    for count, reported in happened:
        total += count
        snapshots.append((_pod("a", total if reported else None),))
    assert _tried(*snapshots) <= total - happened[0][0]


def test_resets_are_counted_by_start_and_by_falls() -> None:
    def look(tried: float, started: float) -> Look:
        return Look(EMPTY, Snapshot(Color.GREEN, 0.0, (_pod("a", tried, started=started),)))

    assert streams.resets([look(1, 1.0), look(2, 1.0)]) == 0
    assert streams.resets([look(5, 1.0), look(2, 1.0), look(1, 2.0), look(0, 3.0)]) == 3
