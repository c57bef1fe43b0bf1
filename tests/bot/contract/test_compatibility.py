"""Which versions get on: a table of pairs, and what keeps the stated ranges true."""

import contextlib
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.contract import compatibility, environment, labels, secrets
from bot.contract.color import Color
from bot.contract.compatibility import OURS, Range, Schemas, UnstatedError, conflicts
from bot.contract.intent import Intent
from bot.contract.parameters import PARAMETERS, RELOADABLE
from bot.ledger.sqlite import connect
from tests.support.checkout import ROOT

GOLDEN = Path(__file__).parent / "golden" / "config-schema.txt"
RANGES = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda two: Range(*sorted(two)))

PAIRS = {
    # ledger of the candidate, of the live one, words of the refusal
    "the same": ("2..2", "2..2", ""),
    "a migration that only adds": ("2..3", "2..2", ""),
    "two of them at once": ("2..4", "2..2", ""),
    "one that shuts the live version out": ("3..3", "2..2", "live one knows 2 and would stop"),
    "one that shuts out the version before": ("3..4", "3..3", ""),
    "a long way in one step": ("4..6", "2..3", "first release a version that knows 4"),
    "back over a migration that only added": ("2..2", "2..3", ""),
    "back over one that took away": ("2..2", "3..3", "the candidate knows 2; take one that"),
    "back over two, the last of which took away": ("2..3", "4..5", "knows 4, or restore a backup"),
    "one that lets everyone in": ("0..9", "2..2", ""),
}
WRITERS = {
    # config of the candidate, of the live version, of the program; the side that is refused
    "all the same": ("1..1", "1..1", "1..1", ""),
    "a new key that the live version does not know": ("1..2", "1..1", "1..2", ""),
    "a key gone that the live version needs": ("2..2", "1..1", "2..2", "the live version knows 1"),
    "an older digest under a newer program": ("1..1", "2..2", "2..3", "the candidate knows 1"),
    "a newer digest under an older program": ("2..2", "1..1", "1..1", "candidate reads 2 and can"),
    "a newer digest that can do with less": ("1..2", "1..1", "1..1", ""),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_migration_may_come_only_while_the_live_version_can_trade_on(name: str) -> None:
    candidate, live, words = PAIRS[name]
    same = Range.parse("1..1")
    sides = (Schemas(Range.parse(text), same) for text in (candidate, live))
    problems = conflicts(*sides, program=Schemas(same, same))
    assert len(problems) == bool(words)
    assert not words or words in problems[0]


@pytest.mark.parametrize("name", WRITERS)
def test_what_one_program_writes_must_suit_both_versions(name: str) -> None:
    *texts, words = WRITERS[name]
    same = Range.parse("2..2")
    candidate, live, program = (Schemas(same, Range.parse(text)) for text in texts)
    problems = conflicts(candidate, live, program)
    assert len(problems) == bool(words)
    assert not words or words in problems[0]


def test_all_conflicts_come_at_once() -> None:
    new, old = Schemas(Range(5, 5), Range(5, 5)), Schemas(Range(1, 1), Range(1, 1))
    assert len(conflicts(new, old, new)) == 2


@given(RANGES, RANGES)
def test_never_do_two_sides_judge_differently(one: Range, other: Range) -> None:
    assert one.agrees(other) == other.agrees(one)


@given(RANGES)
def test_a_version_always_gets_on_with_itself(one: Range) -> None:
    assert one.agrees(one)


@given(RANGES, RANGES)
def test_what_never_takes_away_never_clashes(one: Range, other: Range) -> None:
    assert Range(0, one.newest).agrees(Range(0, other.newest))


@given(st.text("0123456789. -", max_size=8))
def test_a_range_reads_back_as_it_was_spelt_or_not_at_all(text: str) -> None:
    with contextlib.suppress(UnstatedError):
        parsed = Range.parse(text)
        assert text == f"{parsed.oldest}..{parsed.newest}"


@pytest.mark.parametrize("text", ["", "2", "2..", "2...3", "3..2", "-1..2", "02..3", "2..x", "2-3"])
def test_what_is_no_range_is_named_with_its_key(text: str) -> None:
    with pytest.raises(UnstatedError) as refused:
        Schemas.of_labels({labels.LEDGER_SCHEMA: text, labels.CONFIG_SCHEMA: "1..1"})
    assert str(refused.value) == (
        f"label bot-handover.ledger-schema={text!r} must be OLDEST..NEWEST like 2..3"
    )


def test_every_label_that_is_missing_is_named() -> None:
    with pytest.raises(UnstatedError) as refused:
        Schemas.of_labels({})
    assert "bot-handover.ledger-schema is missing" in str(refused.value)
    assert "bot-handover.config-schema is missing" in str(refused.value)


def test_another_commit_is_read_by_its_text_alone() -> None:
    source = Path(compatibility.__file__).read_text()
    assert Schemas.of_source(source) == OURS
    with pytest.raises(UnstatedError, match="LEDGER_SCHEMA is missing"):
        Schemas.of_source("")


def test_the_image_says_what_the_source_says() -> None:
    text = (ROOT / "bot" / "Dockerfile").read_text()
    values = dict(re.findall(r'(bot-handover\.[\w-]+)="([^"]*)"', text))
    assert Schemas.of_labels(values) == OURS


def test_the_ledgers_range_is_what_the_newest_migration_leaves() -> None:
    with contextlib.closing(connect(":memory:")) as database:
        (row,) = database.execute("SELECT compatible_since, version FROM ledger_schema")
    assert Range(*row) == OURS.ledger


def test_the_configs_range_moves_with_what_is_shared() -> None:
    """A name more raises the newest; one less, or another meaning, raises the oldest, too."""
    shared = {
        *(f"environment {name}" for name in _texts(environment) if name.isupper()),
        *(f"environment {row.variable}" for row in PARAMETERS.values()),
        *(f"reloadable {row.key}" for row in RELOADABLE),
        *(f"intent {key}" for key in Intent(Color.BLUE).to_data()),
        *(f"secret {name}" for name in _texts(secrets)),
    }
    snapshot = "\n".join([f"schema {compatibility.CONFIG_SCHEMA}", *sorted(shared), ""])
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(snapshot)
    assert snapshot == GOLDEN.read_text(), (
        "bot and Pulumi program share other names than before: raise the newest of CONFIG_SCHEMA "
        "(bot/contract/compatibility.py, bot/Dockerfile), the oldest too when a name is gone or "
        "means something else; then UPDATE_GOLDEN=1"
    )


def _texts(module: object) -> list[str]:
    return [
        value
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str) and not name.endswith(("DEFAULT", "PATTERN"))
    ]
