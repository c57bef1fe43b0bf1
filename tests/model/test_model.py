import pytest

from tests.model.broken import BROKEN, SEEDS, SOUND
from tests.model.search import smallest, story, violations
from tests.model.world import Outcome, run

QUICK, MODEL, SOAK = 200, 10_000, 1_000_000
SEARCHED = 200_000
HARD = sorted({4660, *(seed for seeds in SEEDS.values() for seed in seeds)})
"""What broke a promise once, with a rule less or while the protocol was made."""


def _stories(locks: str, runs: int) -> list[str]:
    return [story(outcome) for outcome in violations(SOUND[locks], (*HARD, *range(runs)))]


@pytest.mark.parametrize("locks", SOUND)
def test_no_promise_is_broken_in_a_few_runs(locks: str) -> None:
    assert _stories(locks, QUICK) == []


@pytest.mark.model
def test_no_promise_is_broken_in_ten_thousand_runs() -> None:
    assert _stories("all", MODEL) == []


@pytest.mark.model
@pytest.mark.parametrize("locks", ["lease-only", "row-only"])
def test_each_lock_is_complete_by_itself(locks: str) -> None:
    assert _stories(locks, MODEL // 5) == []


@pytest.mark.soak
def test_no_promise_is_broken_in_a_million_runs() -> None:
    assert _stories("all", SOAK) == []


def _marked(name: str) -> object:
    """What no known seed shows takes too long to search for in every run."""
    return pytest.param(name, marks=pytest.mark.model if SEEDS[name] else pytest.mark.soak)


@pytest.mark.parametrize("name", [_marked(name) for name in BROKEN])
def test_a_rule_switched_off_is_found(name: str) -> None:
    outcome = smallest(BROKEN[name].setting, SEEDS[name], SEARCHED)
    assert outcome is not None, f"no run needs the rule: {BROKEN[name].rule}"
    print(f"\nwithout: {BROKEN[name].rule}\n{story(outcome)}")  # noqa: T201 - shown with -rP


def test_the_runs_try_what_they_are_for() -> None:
    outcomes = [run(seed, SOUND["all"]) for seed in range(QUICK)]
    assert sum(outcome.accepted for outcome in outcomes) > 4 * QUICK
    assert sum(outcome.epochs for outcome in outcomes) > 1.2 * QUICK


def test_a_seed_is_replayed_to_the_letter() -> None:
    assert _lines(run(11, SOUND["all"], trace=True)) == _lines(run(11, SOUND["all"], trace=True))


def test_a_trace_does_not_change_a_run() -> None:
    traced, bare = run(11, SOUND["all"], trace=True), run(11, SOUND["all"])
    assert (traced.accepted, traced.epochs) == (bare.accepted, bare.epochs)


def _lines(outcome: Outcome) -> tuple[str, ...]:
    assert outcome.lines
    return outcome.lines
