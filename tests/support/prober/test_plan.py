"""The schedule is fixed before the first request is sent."""

import pytest

from tests.support.prober.plan import Plan, parse


def test_requests_are_due_at_fixed_times() -> None:
    plan = Plan("127.0.0.1", 1, new_rate=10, lanes=0, seconds=1)
    assert [due.offset for due in plan.schedule()] == [number / 10 for number in range(10)]


def test_lanes_are_never_in_step() -> None:
    plan = Plan("127.0.0.1", 1, new_rate=0, lanes=4, lane_rate=10, seconds=10)
    offsets = [due.offset for due in plan.schedule()]
    assert len(set(offsets)) == len(offsets) == 400


def test_the_schedule_is_in_the_order_of_time() -> None:
    offsets = [due.offset for due in Plan("127.0.0.1", 1, seconds=3).schedule()]
    assert offsets == sorted(offsets)


def test_the_defaults_ask_more_than_the_goal_of_300_and_8() -> None:
    plan = Plan("127.0.0.1", 1)
    assert plan.new_rate >= 300
    assert plan.lanes >= 8


def test_the_command_line_says_the_plan() -> None:
    plan, rows = parse(["127.0.0.1", "80", "--lanes", "3", "--seconds", "1.5"])
    assert plan == Plan("127.0.0.1", 80, lanes=3, seconds=1.5)
    assert rows is None


def test_a_host_name_is_refused() -> None:
    with pytest.raises(ValueError, match="localhost"):
        parse(["localhost", "80"])
