"""The checks, and which probe asks which. Liveness never looks at anything outside this process."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bot.engine import HEARTBEAT_LIMIT_SECONDS
from bot.health.snapshot import Snapshot

INTENT_STALE_SECONDS = 30.0
"""An older confirmation means that a change of the intent may have been missed."""


class Outcome(StrEnum):
    """In the words of draft-inadarei-api-health-check."""

    PASS = "pass"  # noqa: S105 - a word of the format
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Result:
    """What a check found, and in words why it is not a pass."""

    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A named judgement."""

    name: str
    judge: Callable[[Snapshot], Result]


PASSED = Result(Outcome.PASS)


def _ping(_: Snapshot) -> Result:
    return PASSED


def _heartbeat(now: Snapshot) -> Result:
    age = now.beat_age_seconds
    if age is not None and age > HEARTBEAT_LIMIT_SECONDS:
        limit = HEARTBEAT_LIMIT_SECONDS
        return Result(Outcome.FAIL, f"the last beat is {age:.1f} s old, more than {limit:g} s")
    return PASSED


def _engine(now: Snapshot) -> Result:
    if now.beat_age_seconds is None:
        return Result(Outcome.FAIL, "no first beat yet")
    return PASSED


def _intent(now: Snapshot) -> Result:
    if now.intent is None:
        return Result(Outcome.FAIL, _why_no_intent(now))
    if now.intent_invalid:
        return Result(Outcome.WARN, f"the last good one stays: {now.intent_invalid}")
    age = now.intent_age_seconds or 0.0
    if age > INTENT_STALE_SECONDS:
        why = now.intent_source_error or "the source is silent"
        return Result(Outcome.WARN, f"not confirmed for {age:.0f} s: {why}")
    return PASSED


def _why_no_intent(now: Snapshot) -> str:
    return now.intent_invalid or now.intent_source_error or "not seen yet"


def _shutdown(now: Snapshot) -> Result:
    return Result(Outcome.FAIL, "the pod is draining") if now.draining else PASSED


def _exchange(now: Snapshot) -> Result:
    # Down means degraded, not unready: taking every pod out of the Service helps no one.
    return Result(Outcome.WARN, now.venue_error) if now.venue_error else PASSED


PING = Check("ping", _ping)
HEARTBEAT = Check("heartbeat", _heartbeat)
ENGINE = Check("engine", _engine)
INTENT = Check("intent", _intent)
SHUTDOWN = Check("shutdown", _shutdown)
EXCHANGE = Check("exchange", _exchange)

LIVE = (PING, HEARTBEAT)
STARTED = (PING, ENGINE)
READY = (PING, ENGINE, INTENT, SHUTDOWN)
ALL = (PING, HEARTBEAT, ENGINE, INTENT, SHUTDOWN, EXCHANGE)


def worst(results: list[Result]) -> Outcome:
    """Return the worst outcome; a pass when there is nothing to judge."""
    order = list(Outcome)
    return max((result.outcome for result in results), key=order.index, default=Outcome.PASS)
