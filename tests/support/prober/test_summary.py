"""The verdict over the rows of a run."""

from pathlib import Path

import pytest

from bot.contract.color import Color
from tests.support.prober.rows import NEVER_SENT, Row, load, write
from tests.support.prober.summary import Spread, Verdict, first_answers, summarize

LIMIT = 0.25
GOOD = Row(None, 1, 10.0, 10.001, 10.003, Color.BLUE, "pod-1", "")
KEPT = Row(3, 1, 10.5, 10.5, 10.6, Color.BLUE, "pod-1", "")
LOST = Row(3, 1, 11.0, 11.0, 11.2, None, "", "reset")
UNSENT = Row(3, 1, 11.0, 16.1, 16.1, None, "", NEVER_SENT)


@pytest.mark.parametrize(
    ("rows", "lag", "verdict"),
    [
        ([GOOD, KEPT], 0.001, Verdict.CLEAN),
        ([GOOD, KEPT, LOST], 0.001, Verdict.LOST),
        ([GOOD, KEPT, UNSENT], 0.001, Verdict.VOID),
        ([GOOD, KEPT, LOST, UNSENT], 0.001, Verdict.LOST),
        ([GOOD, KEPT], LIMIT + 0.001, Verdict.VOID),
        ([GOOD, LOST], LIMIT + 0.001, Verdict.VOID),
        ([], 0.0, Verdict.VOID),
    ],
)
def test_the_verdict_is_clean_only_without_loss_and_in_time(
    rows: list[Row], lag: float, verdict: Verdict
) -> None:
    assert summarize(rows, [lag], LIMIT).verdict is verdict


def test_both_kinds_are_counted_apart() -> None:
    summary = summarize([GOOD, KEPT, LOST], [0.0], LIMIT)
    assert (summary.new.requests, summary.new.lost) == (1, 0)
    assert (summary.kept.requests, summary.kept.lost) == (2, 1)
    assert summary.kept.reasons == {"reset": 1}
    assert summary.losses == [(1.0, "reset")]


def test_latency_counts_from_when_a_request_was_due() -> None:
    assert summarize([GOOD], [0.0], LIMIT).new.latency_seconds.median == pytest.approx(0.003)


def test_the_first_answer_of_a_color_is_told_per_client() -> None:
    rows = [
        KEPT,
        KEPT._replace(done=12.0, color=Color.GREEN),
        KEPT._replace(done=13.0, color=Color.GREEN),
        KEPT._replace(lane=4, done=12.5, color=Color.GREEN),
        GOOD._replace(done=11.9, color=Color.GREEN),
    ]
    assert first_answers(rows, Color.GREEN, 11.5) == {3: 0.5, 4: 1.0}


def test_a_spread_of_nothing_is_zero() -> None:
    assert Spread.of([]) == Spread(0, 0, 0)


def test_rows_come_back_from_their_file(tmp_path: Path) -> None:
    write(tmp_path / "rows", [GOOD, KEPT, LOST])
    assert load(tmp_path / "rows") == [GOOD, KEPT, LOST]
