from bot.contract.color import Color
from bot.intent.state import IntentState
from tests.support.fakes import BLUE, GREEN, FakeTime


def state(color: Color = Color.BLUE, time: FakeTime | None = None) -> IntentState:
    return IntentState(color, (time or FakeTime()).clock)


def test_without_an_intent_nobody_trades() -> None:
    assert not state().active
    assert state().age_seconds is None


def test_the_named_color_trades_and_the_other_does_not() -> None:
    for color in Color:
        now = state(color)
        now.show(GREEN.to_data(), "1")
        assert now.active is (color is Color.GREEN)


def test_what_is_no_intent_keeps_the_last_good_one_and_raises_the_alarm() -> None:
    now = state()
    now.show(BLUE.to_data(), "1")
    now.show({"activeColor": "red"}, "2")
    assert now.intent == BLUE
    assert now.generation == "1"
    assert "red" in str(now.invalid)
    now.show(BLUE.to_data(), "3")
    assert now.invalid is None


def test_a_failing_source_keeps_the_last_good_intent_and_it_ages() -> None:
    time = FakeTime()
    now = state(time=time)
    now.show(BLUE.to_data(), "1")
    time.seconds += 40
    now.fail("gone")
    now.fail("gone")
    assert now.intent == BLUE
    assert now.source_errors == 2
    assert now.source_error == "gone"
    assert now.age_seconds == 40
    now.confirm()
    assert now.age_seconds == 0
    assert now.source_error is None


def test_only_another_intent_counts_as_a_change() -> None:
    now = state()
    for intent in (BLUE, BLUE, GREEN, GREEN, BLUE):
        now.show(intent.to_data(), "x")
    assert now.changes == 2
