"""Checks that ask something outside: in the background, each at its own pace, never twice at once.

Probes read what is known; they start nothing and wait for nothing. What makes a check flap (one
lost packet) is damped; what makes it hang is told as such, with its age.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from bot.process.clock import Clock

FIRST_PERIOD_SECONDS = 0.1
"""Until a check passes for the first time it asks this soon, then twice as late each time."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Checker:
    """One thing to ask, and how patiently."""

    name: str
    """One of `bot.contract.environment.CHECK_NAMES`."""
    ask: Callable[[], Awaitable[str | None]]
    """Returns what is wrong, or None; an exception is wrong, too."""
    period_seconds: float = 2.0
    """From the end of one question to the next."""
    timeout_seconds: float = 2.0
    critical: bool = False
    """Whether a failure makes the pod unready; otherwise it is degraded."""
    age_limit_seconds: float = 15.0
    """An older answer is none."""
    fail_after: int = 2
    """Failures in a row before a passing check fails."""
    pass_after: int = 2
    """Passes in a row before a failing check passes. The first answer ever counts at once, and so
    does the first pass: what is not up yet does not flap."""

    def __post_init__(self) -> None:
        """Refuse numbers under which the check would flap or never speak."""
        if not 0 < self.period_seconds + self.timeout_seconds < self.age_limit_seconds:
            raise ValueError(
                f"{self.name}: age_limit_seconds={self.age_limit_seconds:g} must be more than a"
                f" period and a time-out ({self.period_seconds + self.timeout_seconds:g})"
            )
        if min(self.fail_after, self.pass_after) < 1:
            raise ValueError(f"{self.name}: fail_after and pass_after must be at least 1")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one check at this moment."""

    passed: bool
    reason: str = ""
    """Why it failed; also why it still passes although the last answer was a failure."""
    critical: bool = False
    age_seconds: float | None = None
    """Since the last answer; None before the first."""
    duration_seconds: float | None = None
    """Of the last question that was answered."""


@dataclass(frozen=True, slots=True)
class Damped:
    """A verdict that needs several answers to turn. Pure."""

    passed: bool | None = None
    against: int = 0
    """Answers in a row that contradict the verdict."""
    reason: str = ""
    """Of the last failure."""
    ever: bool = False
    """Whether it ever passed."""

    def after(self, problem: str | None, checker: Checker) -> "Damped":
        """Return the verdict once this answer is in."""
        passed, reason = problem is None, problem or ""
        ever = self.ever or passed
        if self.passed is None or passed is self.passed or ever is not self.ever:
            return Damped(passed, 0, reason, ever)
        against = self.against + 1
        if against >= (checker.pass_after if passed else checker.fail_after):
            return Damped(passed, 0, reason, ever)
        return Damped(self.passed, against, reason or self.reason, ever)


class _Watched:
    """One check and what is known of it."""

    def __init__(self, checker: Checker, clock: Clock) -> None:
        self.checker = checker
        self._clock = clock
        self._verdict = Damped()
        self._begun_at = clock.monotonic()
        self._asked_at: float | None = None
        self._answered_at: float | None = None
        self._duration: float | None = None

    async def run(self) -> None:
        soon = FIRST_PERIOD_SECONDS
        while True:
            await self._ask()
            period = self.checker.period_seconds
            await asyncio.sleep(period if self._verdict.ever else min(soon, period))
            soon *= 2

    async def _ask(self) -> None:
        """Ask once. Returns only when the question has really ended, however long that takes."""
        checker = self.checker
        self._asked_at = started = self._clock.monotonic()
        question = asyncio.ensure_future(self._answer())
        try:
            done, _ = await asyncio.wait({question}, timeout=checker.timeout_seconds)
            if done:
                problem = "was cancelled" if question.cancelled() else question.result()
                self._answered(problem, started)
            else:
                self._fold(f"no answer within {checker.timeout_seconds:g} s")
                question.cancel()
                await asyncio.wait({question})
        finally:
            question.cancel()
            self._asked_at = None

    async def _answer(self) -> str | None:
        try:
            return await self.checker.ask()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
            return f"{type(error).__name__}: {error}".removesuffix(": ")

    def _answered(self, problem: str | None, started: float) -> None:
        now = self._clock.monotonic()
        self._answered_at, self._duration = now, now - started
        self._fold(problem)

    def _fold(self, problem: str | None) -> None:
        before = self._verdict
        self._verdict = before.after(problem, self.checker)
        if self._verdict.passed is not before.passed:
            level = _log.info if self._verdict.passed else _log.warning
            level(
                "check passes" if self._verdict.passed else "check fails",
                check=self.checker.name,
                reason=self._verdict.reason,
            )

    def known(self) -> Known:
        """Return what is known now. Pure read."""
        now, checker, verdict = self._clock.monotonic(), self.checker, self._verdict
        answered_at = self._answered_at
        age = None if answered_at is None else now - answered_at
        silent = now - (self._begun_at if answered_at is None else answered_at)
        passed, reason = bool(verdict.passed), verdict.reason
        if silent > checker.age_limit_seconds or self._hangs(now):
            passed, reason = False, f"no answer for {silent:.1f} s"
        elif verdict.passed is None:
            reason = "not answered yet"
        return Known(passed, reason, checker.critical, age, self._duration)

    def _hangs(self, now: float) -> bool:
        """Whether a question outlives its time-out although it was cancelled."""
        checker, asked_at = self.checker, self._asked_at
        patience = checker.timeout_seconds * checker.fail_after
        return asked_at is not None and now - asked_at > patience


class Checks:
    """All background checks of one process."""

    def __init__(self, checkers: Sequence[Checker], clock: Clock) -> None:
        names = [checker.name for checker in checkers]
        if len(set(names)) < len(names):
            raise ValueError(f"checks {', '.join(names)}: each name once")
        self._watched = [_Watched(checker, clock) for checker in checkers]

    async def run(self) -> None:
        """Ask until cancelled, one task per check: a slow one delays no other."""
        async with asyncio.TaskGroup() as group:
            for watched in self._watched:
                group.create_task(watched.run(), name=f"check {watched.checker.name}")
            await asyncio.Event().wait()

    def results(self) -> Mapping[str, Known]:
        """Return what is known of each check; asks nothing."""
        return {watched.checker.name: watched.known() for watched in self._watched}
