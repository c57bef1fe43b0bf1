import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.contract import http
from bot.health.background import Checker, Checks, Damped, Known
from bot.health.startup import Startup
from bot.serving.http import build_app
from bot.serving.metrics import Metrics
from tests.bot.health.test_health import WELL, WHO
from tests.support.fakes import FakeTime, until
from tests.support.plain import NO_TLS


@dataclass
class Asked:
    """Something outside that answers, fails or hangs as told, and counts who asks."""

    problem: str | None = None
    error: BaseException | None = None
    hangs: bool = False
    stubborn: bool = False
    """Hangs and swallows its cancellation."""
    count: int = 0
    at_once: int = 0
    most_at_once: int = 0
    free: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self) -> str | None:
        self.count += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self._trouble()
        finally:
            self.at_once -= 1
        if self.error:
            raise self.error
        return self.problem

    async def _trouble(self) -> None:
        while self.stubborn and not self.free.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await self.free.wait()
        if self.hangs:
            await self.free.wait()


def checker(outside: Asked, name: str = "database", **more: float | bool) -> Checker:
    quick: dict[str, float | bool] = {"period_seconds": 0.005, "timeout_seconds": 0.02}
    return Checker(name, outside.ask, **quick | more)  # pyright: ignore[reportArgumentType] - numbers of a test


@contextlib.asynccontextmanager
async def running(*checkers: Checker, passing: FakeTime) -> AsyncGenerator[Checks, None]:
    checks = Checks(checkers, passing.clock)
    task = asyncio.create_task(checks.run())
    try:
        yield checks
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=5)


@pytest.fixture
def passing() -> FakeTime:
    return FakeTime()


def test_before_the_first_answer_nothing_passes(passing: FakeTime) -> None:
    checks = Checks([checker(Asked(), critical=True)], passing.clock)
    assert checks.results() == {
        "database": Known(passed=False, reason="not answered yet", critical=True)
    }


async def test_an_answer_is_known_with_its_age_and_duration(passing: FakeTime) -> None:
    outside = Asked()
    async with running(checker(outside, period_seconds=5), passing=passing) as checks:
        await until(lambda: checks.results()["database"].passed)
        passing.seconds += 3
        assert checks.results()["database"] == Known(passed=True, age_seconds=3, duration_seconds=0)


async def test_what_is_wrong_is_told_in_its_own_words(passing: FakeTime) -> None:
    unroutable, raised = Asked(problem="no route"), Asked(error=ValueError("bad answer"))
    mute, ended = Asked(error=TimeoutError()), Asked(error=asyncio.CancelledError())
    async with running(
        checker(unroutable),
        checker(raised, "exchange"),
        checker(mute, "cache"),
        checker(ended, "feed"),
        passing=passing,
    ) as checks:
        await until(lambda: bool(unroutable.count and raised.count and mute.count and ended.count))
        await until(lambda: "not answered yet" not in {k.reason for k in checks.results().values()})
        assert {name: known.reason for name, known in checks.results().items()} == {
            "database": "no route",
            "exchange": "ValueError: bad answer",
            "cache": "TimeoutError",
            "feed": "was cancelled",
        }


async def test_a_check_that_hangs_fails_and_is_asked_again(passing: FakeTime) -> None:
    outside = Asked()
    async with running(checker(outside), passing=passing) as checks:
        await until(lambda: checks.results()["database"].passed)
        outside.hangs = True
        await until(lambda: not checks.results()["database"].passed)
        assert checks.results()["database"].reason == "no answer within 0.02 s"
        outside.hangs = False
        await until(lambda: checks.results()["database"].passed)
    assert outside.most_at_once == 1


async def test_a_check_that_cannot_be_cancelled_is_told_and_never_doubled(
    passing: FakeTime,
) -> None:
    outside, other = Asked(stubborn=True), Asked()
    async with running(checker(outside), checker(other, "exchange"), passing=passing) as checks:
        await until(lambda: other.count > 20)
        passing.seconds += 7
        assert checks.results()["database"].reason == "no answer for 7.0 s"
        assert outside.count == 1
        outside.stubborn = False
        outside.free.set()
        await until(lambda: checks.results()["database"].passed)
    assert outside.most_at_once == 1


async def test_no_rate_of_probes_asks_more_often(passing: FakeTime) -> None:
    outside = Asked()
    async with running(checker(outside, period_seconds=10), passing=passing) as checks:
        await until(lambda: checks.results()["database"].passed)
        for _ in range(10_000):
            checks.results()
        await asyncio.sleep(0)
    assert outside.count == 1


async def test_an_old_answer_is_none(passing: FakeTime) -> None:
    outside = Asked()
    async with running(checker(outside, period_seconds=10), passing=passing) as checks:
        await until(lambda: checks.results()["database"].passed)
        passing.seconds += 15.5
        assert checks.results()["database"].reason == "no answer for 15.5 s"
        assert not checks.results()["database"].passed


def answers(*problems: str | None, fail_after: int = 2, pass_after: int = 3) -> Damped:
    subject = checker(Asked(), fail_after=fail_after, pass_after=pass_after)
    verdict = Damped()
    for problem in problems:
        verdict = verdict.after(problem, subject)
    return verdict


@pytest.mark.parametrize(
    ("problems", "passed"),
    [
        ((None,), True),
        (("x",), False),
        ((None, "x"), True),
        ((None, "x", "x"), False),
        ((None, "x", None, "x"), True),
        (("x", None), True),
        ((None, "x", "x", None, None), False),
        ((None, "x", "x", None, None, None), True),
        ((None, "x", "x", None, None, "x", None, None), False),
    ],
)
def test_a_verdict_needs_several_answers_to_turn(
    problems: tuple[str | None, ...],
    passed: bool,  # noqa: FBT001 - a table
) -> None:
    assert answers(*problems).passed is passed


async def test_a_check_that_never_passed_is_asked_again_soon(passing: FakeTime) -> None:
    outside = Asked("not connected")
    async with running(checker(outside, period_seconds=10), passing=passing) as checks:
        await until(lambda: outside.count == 1)
        outside.problem = None
        await until(lambda: checks.results()["database"].passed)


def test_a_passing_check_shows_the_failure_that_does_not_count_yet() -> None:
    assert answers(None, "lost packet").reason == "lost packet"


@given(st.lists(st.sampled_from([None, "x"]), min_size=1), st.integers(1, 4), st.integers(1, 4))
def test_a_verdict_never_turns_without_as_many_answers_in_a_row(
    problems: list[str | None], fail_after: int, pass_after: int
) -> None:
    before = answers(*problems[:-1], fail_after=fail_after, pass_after=pass_after).passed
    after = answers(*problems, fail_after=fail_after, pass_after=pass_after).passed
    needed = pass_after if after else fail_after
    first_pass = after and None not in problems[:-1]
    if before is not None and before is not after and not first_pass:
        tail = problems[-needed:]
        assert len(tail) == needed
        assert all((problem is None) is after for problem in tail)


def test_numbers_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="age_limit_seconds"):
        checker(Asked(), age_limit_seconds=0.01)
    with pytest.raises(ValueError, match="fail_after"):
        checker(Asked(), fail_after=0)
    with pytest.raises(ValueError, match="each name once"):
        Checks([checker(Asked()), checker(Asked())], FakeTime().clock)


def test_a_start_says_which_step_it_is_in(passing: FakeTime) -> None:
    startup = Startup(60, passing.clock)
    startup.step("restoring the ledger")
    passing.seconds += 3
    assert startup.state().reason == "restoring the ledger (3.0 s)"
    startup.step("reconciling")
    startup.trouble("the venue is down")
    passing.seconds += 60
    assert startup.state().late
    assert startup.state().reason == "reconciling (63.0 s, longer than 60 s): the venue is down"
    startup.done()
    passing.seconds += 100
    assert startup.state().done
    assert not startup.state().late
    assert startup.state().reason == ""
    assert startup.state().elapsed_seconds == 63


async def test_a_hanging_database_takes_the_pod_out_and_leaves_it_alive(passing: FakeTime) -> None:
    expected = {
        http.LIVEZ: 200,
        http.STARTUPZ: 200,
        http.READYZ: 503,
        http.HEALTH: 503,
        http.VERSION: 200,
        http.METRICS: 200,
    }
    database = Asked(stubborn=True)
    async with running(checker(database, critical=True), passing=passing) as checks:
        await until(lambda: "no answer" in checks.results()["database"].reason)
        now = replace(WELL, checks=checks.results())
        metrics = Metrics(WHO, lambda: now)
        transport = httpx2.ASGITransport(build_app(WHO, lambda: now, metrics, lambda: False))
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://bot", verify=NO_TLS
        ) as client:
            answers = {path: (await client.get(path)).status_code for path in expected}
            health = (await client.get(http.HEALTH)).json()
        database.free.set()
    assert answers == expected
    assert health["database"] == "disconnected"
    assert health["checks"]["database:connection"][0]["critical"] is True
    assert database.count == 1
