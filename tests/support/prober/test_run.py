"""The prober against a local server: every planted loss is seen, and nothing else is called one."""

import asyncio

import pytest

from bot.contract.color import Color
from tests.support.prober.plan import Plan
from tests.support.prober.rows import NEVER_SENT, Row
from tests.support.prober.run import run
from tests.support.prober.server import LOOPBACK, Act, Script, serving

pytestmark = pytest.mark.slow

LOSSES = [
    (Act.RESET, "Connection reset by peer"),
    (Act.HANG, "no answer within 0.3 s"),
    (Act.WRONG_BODY, "body is no JSON"),
    (Act.OTHER_COLOR_IN_HEADER, "header and body name different colors"),
    (Act.STATUS_500, "status 500"),
    (Act.CLOSE, "closed without an answer"),
    (Act.CLOSE_MIDWAY, "closed in the middle of its answer"),
]


async def probe(
    script: Script, *, new_rate: float = 0, lanes: int = 0, seconds: float = 0.5
) -> list[Row]:
    async with serving(script) as port:
        plan = Plan(
            LOOPBACK,
            port,
            new_rate=new_rate,
            lanes=lanes,
            lane_rate=20,
            seconds=seconds,
            timeout_seconds=0.3,
        )
        records = await run(plan, asyncio.Event())
    return sorted(records.rows)


def once(act: Act, *, number: int = 4) -> Script:
    return lambda request: act if request == number else Act.ANSWER


@pytest.mark.parametrize(("act", "reason"), LOSSES)
async def test_a_planted_loss_on_a_new_connection_is_seen(act: Act, reason: str) -> None:
    rows = await probe(once(act), new_rate=20)
    assert len(rows) == 10
    assert [row.error for row in rows if row.lost] == [reason]


@pytest.mark.parametrize(("act", "reason"), LOSSES)
async def test_a_planted_loss_on_a_kept_connection_is_seen(act: Act, reason: str) -> None:
    rows = await probe(once(act), lanes=1)
    assert len(rows) == 10
    assert [row.error for row in rows if row.lost] == [reason]
    assert {row.connection for row in rows} == {1, 2}


@pytest.mark.parametrize("act", [Act.ANSWER_AND_SAY_CLOSE, Act.ANSWER_AND_CLOSE])
async def test_a_close_between_two_requests_is_no_loss(act: Act) -> None:
    rows = await probe(once(act), lanes=1)
    assert not any(row.lost for row in rows)
    assert [row.connection for row in rows] == [1] * 5 + [2] * 5


async def test_a_kept_connection_is_kept() -> None:
    rows = await probe(lambda _: Act.ANSWER, lanes=3)
    assert {(row.lane, row.connection) for row in rows} == {(0, 1), (1, 1), (2, 1)}


async def test_the_next_request_of_a_client_waits_for_the_answer_but_is_due_all_the_same() -> None:
    rows = await probe(once(Act.HANG, number=0), lanes=1)
    assert rows[0].error
    assert rows[1].due < rows[0].done <= rows[1].sent


async def test_what_waited_too_long_for_its_turn_is_lost_and_does_not_hold_up_the_end() -> None:
    rows = await probe(lambda _: Act.HANG, lanes=1, seconds=1)
    assert len(rows) == 20
    assert all(row.lost for row in rows)
    assert any(row.error == NEVER_SENT for row in rows)
    assert max(row.done for row in rows) - rows[0].due < 2


async def test_nobody_listening_is_a_loss() -> None:
    async with serving(lambda _: Act.ANSWER) as port:
        pass
    plan = Plan(LOOPBACK, port, new_rate=20, lanes=1, lane_rate=20, seconds=0.2)
    rows = (await run(plan, asyncio.Event())).rows
    assert len(rows) == 8
    assert all(row.lost and "Connect call failed" in row.error for row in rows)


async def test_a_change_of_color_is_recorded() -> None:
    rows = await probe(lambda number: Act.ANSWER if number < 5 else Act.ANSWER_GREEN, lanes=1)
    assert [row.color for row in rows] == [Color.BLUE] * 5 + [Color.GREEN] * 5


async def test_a_run_ends_when_told_and_waits_for_what_is_under_way() -> None:
    stop = asyncio.Event()
    async with serving(lambda _: Act.HANG) as port:
        plan = Plan(LOOPBACK, port, new_rate=100, lanes=1, timeout_seconds=0.3)
        asyncio.get_running_loop().call_later(0.2, stop.set)
        rows = (await run(plan, stop)).rows
    assert 15 <= len([row for row in rows if row.lane is None]) <= 25
    assert all(row.lost for row in rows)
