"""Client order ids: short enough for every venue, and recognised by who made them alone."""

from hypothesis import given
from hypothesis import strategies as st

from bot.authority.client_ids import (
    CLIENT_ID_MAX,
    SIGNAL_ID_PLAIN_MAX,
    client_order_id,
    is_ours,
    parse_client_order_id,
)
from bot.authority.protocol import ATTEMPTS_MAX, Rules
from bot.contract.environment import ORDER_MARK_DEFAULT, ORDER_MARK_PATTERN
from bot.intake.body import ID_PATTERN

marks = st.from_regex(ORDER_MARK_PATTERN, fullmatch=True)
signals = st.from_regex(f"^{ID_PATTERN}$", fullmatch=True)
attempts = st.integers(1, ATTEMPTS_MAX)


@given(marks, signals, attempts)
def test_an_id_is_never_too_long_and_says_whose_it_is(mark: str, signal: str, attempt: int) -> None:
    made = client_order_id(mark, signal, attempt)
    assert len(made) <= CLIENT_ID_MAX
    assert is_ours(made, mark)
    parsed = parse_client_order_id(made, mark)
    assert parsed is not None
    assert parsed[1] == attempt
    if len(signal) <= SIGNAL_ID_PLAIN_MAX:
        assert parsed[0] == signal


@given(marks, marks, signals, attempts)
def test_no_stack_takes_the_order_of_another_one(
    mark: str, other: str, signal: str, attempt: int
) -> None:
    made = client_order_id(other, signal, attempt)
    assert is_ours(made, mark) is (mark == other)


@given(st.text(max_size=CLIENT_ID_MAX))
def test_what_an_exchange_makes_up_is_not_ours(made_up: str) -> None:
    assert not is_ours(made_up.replace(".", "-"), "7f3a90")


def test_an_id_of_the_time_before_marks_bears_none() -> None:
    assert not is_ours("cross.BTC-USDT.60.buy-1", "7f3a90")
    assert not is_ours("s-1-1", "s")


def test_two_long_signals_have_two_ids() -> None:
    first, second = (client_order_id("7f3a90", "x" * 60 + last, 1) for last in "ab")
    assert first != second


def test_the_rules_name_an_order_by_their_mark() -> None:
    assert Rules(mark="7f3a90").order_id("s", 2) == "7f3a90.s-2"
    assert Rules().order_id("s", 2) == f"{ORDER_MARK_DEFAULT}.s-2"
