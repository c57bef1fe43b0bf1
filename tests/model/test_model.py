import pytest

from tests.model.broken import BROKEN, SEEDS, SOUND
from tests.model.search import smallest, story, violations
from tests.model.simulation import FOREIGN, HOME, Outcome, run

QUICK, MODEL = 40, 10_000
SEARCHED = 20_000
HARD = sorted({seed for seeds in SEEDS.values() for seed in seeds})
"""What broke a promise with a rule less: in these runs the rule has something to do."""


def _stories(locks: str, runs: int) -> list[str]:
    return [story(outcome) for outcome in violations(SOUND[locks], range(runs))]


@pytest.mark.parametrize("locks", SOUND)
def test_no_promise_is_broken_in_a_few_runs(locks: str) -> None:
    assert _stories(locks, QUICK) == []


@pytest.mark.model
@pytest.mark.parametrize("locks", SOUND)
def test_no_promise_is_broken_where_each_rule_is_needed(locks: str) -> None:
    assert [story(outcome) for outcome in violations(SOUND[locks], HARD)] == []


@pytest.mark.model
def test_no_promise_is_broken_in_ten_thousand_runs() -> None:
    assert _stories("all", MODEL) == []


@pytest.mark.model
@pytest.mark.parametrize("locks", ["lease-only", "row-only"])
def test_each_lock_is_complete_by_itself(locks: str) -> None:
    assert _stories(locks, MODEL // 2) == []


@pytest.mark.model
@pytest.mark.parametrize("name", BROKEN)
def test_a_rule_switched_off_is_found(name: str) -> None:
    outcome = smallest(BROKEN[name].setting, SEEDS[name], SEARCHED)
    assert outcome is not None, f"no run needs the rule: {BROKEN[name].rule}"
    print(f"\nwithout: {BROKEN[name].rule}\n{story(outcome)}")  # noqa: T201 - shown with -rP


def test_the_runs_try_what_they_are_for() -> None:
    outcomes = [run(seed, SOUND["all"]) for seed in range(QUICK)]
    assert sum(outcome.accepted for outcome in outcomes) > 6 * QUICK
    assert sum(outcome.epochs for outcome in outcomes) > 2 * QUICK
    assert {outcome.ruling for outcome in outcomes} == {HOME, FOREIGN}


def test_a_seed_is_replayed_to_the_letter() -> None:
    assert _lines(run(11, SOUND["all"], trace=True)) == _lines(run(11, SOUND["all"], trace=True))


def test_a_trace_does_not_change_a_run() -> None:
    traced, bare = run(11, SOUND["all"], trace=True), run(11, SOUND["all"])
    assert (traced.accepted, traced.epochs) == (bare.accepted, bare.epochs)


def _lines(outcome: Outcome) -> tuple[str, ...]:
    assert outcome.lines
    return outcome.lines
