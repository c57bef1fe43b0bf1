"""What a reviewer reads, for each kind of change: golden files, and five answers without the diff.

After a change that is meant: `UPDATE_GOLDEN=1 pytest tests/infra/review`, and read the diff.
"""

import os
from pathlib import Path

import pytest

from infra.review.preview import Preview
from infra.review.text import needs_attention, render
from tests.infra.review.cases import CASES, Case, of

GOLDEN = Path(__file__).parent / "golden"
BASIS = "Compared with what was deployed last."
QUESTIONS = (
    "What moves?",
    "What restarts?",
    "What is replaced?",
    "What is risky?",
    "How to undo?",
)
REFUSED = Preview(
    errors=["the stack config has 1 problem; nothing was changed:\n  - activeColor: 'gren'"]
)
QUIET = {"more-pods", "nothing"}


def _reviewed(name: str, text: str) -> str:
    file = GOLDEN / f"{name}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return file.read_text()


def answers(text: str) -> dict[str, str]:
    """The table's rows, from what is to be seen without opening the diff."""
    seen = text.partition("<details>")[0]
    rows = [line.strip("| ").split(" | ", 1) for line in seen.splitlines() if line[:1] == "|"]
    return {row[0]: row[1] for row in rows if len(row) == 2}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_text_of_a_change_is_the_one_that_was_reviewed(case: Case) -> None:
    text = render("production", of(case), BASIS)
    assert text == _reviewed(case.name, text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_five_questions_are_answered_without_the_diff(case: Case) -> None:
    answered = answers(render("production", of(case), BASIS))
    for question, expected in zip(QUESTIONS, case.expected, strict=True):
        assert expected in answered[question], question


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_attention_is_asked_for_unless_nothing_that_trades_is_touched(case: Case) -> None:
    assert needs_attention(of(case)) is (case.name not in QUIET)


def test_a_refused_preview_says_why_and_answers_the_same_questions() -> None:
    text = render("production", REFUSED, BASIS)
    assert text == _reviewed("refused", text)
    assert set(QUESTIONS) <= answers(text).keys()
    assert needs_attention(REFUSED)


def test_every_golden_file_belongs_to_a_case() -> None:
    files = {file.stem for file in GOLDEN.iterdir()}
    assert files == {case.name for case in CASES} | {"refused"}
