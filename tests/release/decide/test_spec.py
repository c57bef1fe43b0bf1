import pytest

from release.decide.spec import SpecError, Strategy, from_journal, parse


def test_a_stack_that_says_nothing_is_released_blue_green() -> None:
    spec = parse({"trading-bot:activeColor": "blue"})
    assert spec.strategy is Strategy.BLUE_GREEN
    assert spec.steps == ()


def test_the_keys_are_read_as_a_person_writes_them() -> None:
    spec = parse(
        {
            "release:strategy": "canary",
            "release:canarySteps": [5, 25],
            "release:deadlines": {"cutover": 30},
        }
    )
    assert spec.steps == (5, 25)
    assert spec.deadlines.cutover == 30


def test_what_the_journal_keeps_reads_back_the_same() -> None:
    spec = parse({"release:strategy": "canary", "release:canarySteps": [5, 25]})
    assert type(spec).model_validate(spec.to_json()) == spec


def test_a_journal_of_another_version_of_this_program_can_still_be_read() -> None:
    stored = parse({"release:strategy": "canary"}).to_json()
    stored |= {"sinceRemoved": 1, "bakeSeconds": "long", "deadlines": {"ancient": 3}}
    spec = from_journal(stored)
    assert spec.strategy is Strategy.CANARY
    assert spec.bake_seconds == 300
    assert from_journal(None) == from_journal({}) == from_journal([1])


def test_every_problem_comes_at_once_with_key_value_and_what_is_right() -> None:
    with pytest.raises(SpecError) as caught:
        parse(
            {
                "release:strategy": "rainbow",
                "release:canarySteps": [50, 10],
                "release:bakeSeconds": 0,
                "release:deadlines": {"swaping": 3},
                "release:sped": 1,
            }
        )
    text = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 5
    assert "release:strategy: 'rainbow': must be 'blue-green' or 'canary'" in text
    assert "release:canarySteps: [50, 10]: must rise from step to step" in text
    assert "release:bakeSeconds: 0: must be greater than or equal to 1" in text
    assert "release:deadlines.swaping: unknown key; known: preflight, rollout" in text
    assert "release:sped: unknown key; known: strategy" in text


def test_a_watch_that_cannot_end_in_time_is_refused() -> None:
    with pytest.raises(SpecError, match=r"bakeSeconds = 99 must be less than deadlines.bake"):
        parse({"release:bakeSeconds": 99, "release:deadlines": {"bake": 50}})
