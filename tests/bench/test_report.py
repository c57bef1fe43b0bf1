"""The table of docs/benchmarks.md."""

import pytest

from tests.bench.report import Figure, Pair, document


@pytest.mark.parametrize(
    ("value", "goal", "met"), [(2.0, 2.0, True), (2.1, 2.0, False), (9.9, None, True)]
)
def test_a_goal_is_met_up_to_its_value(value: float, goal: float | None, *, met: bool) -> None:
    assert Figure("time", value, "s", goal).met is met


def test_a_goal_that_was_missed_stands_out() -> None:
    line = Figure("time", 2.1, "s", 2, "why").line
    assert line == "| time | 2.10 s | ≤ 2 s | **no** | why |"


def test_a_ratio_is_that_of_the_medians() -> None:
    ratio, ours, bare = Pair.of([(3, 2), (9, 8), (4, 2)]).figures("swap", 1.25)
    assert (ours.value, bare.value, ratio.value) == (4, 2, 2)
    assert not ratio.met


def test_the_document_names_machine_date_and_revision() -> None:
    text = document([Figure("time", 1, "s")], "2 cores", "2026-01-02", "abc1234")
    assert "2 cores" in text
    assert "2026-01-02" in text
    assert "abc1234" in text
    assert "| time | 1.00 s |  |  |  |\n" in text
    assert "mermaid" not in text


def test_what_replicas_bring_is_plotted() -> None:
    figures = [
        Figure("1 replica: signals", 90, "/s"),
        Figure("2 replicas: signals", 100, "/s"),
        Figure("replica: odd", 1, "s"),
    ]
    text = document(figures, "2 cores", "2026-01-02", "abc1234")
    assert 'x-axis ["1 replica", "2 replicas"]' in text
    assert 'y-axis "/s" 0 --> 110' in text
    assert "bar [90.0, 100.0]" in text
