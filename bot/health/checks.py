"""The checks, and which probe asks which. Liveness never looks at anything outside this process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.health.background import Known
from bot.health.snapshot import Snapshot

HEARTBEAT_LIMIT_SECONDS = 30.0
"""An older beat means that the loop hangs. The watchdog ends a stuck process much sooner."""
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
    applies: Callable[[Snapshot], bool] = lambda _: True
    """Whether there is such a thing to judge in this process."""


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
    if known := now.checks.get("exchange"):
        return _judged(known)
    # Down means degraded, not unready: taking every pod out of the Service helps no one.
    return Result(Outcome.WARN, now.venue_error) if now.venue_error else PASSED


def _judged(known: Known) -> Result:
    """A critical check fails the pod, any other only degrades it."""
    if known.passed:
        return PASSED  # also after a single failure: damping would be for nothing
    return Result(Outcome.FAIL if known.critical else Outcome.WARN, known.reason)


def _background(name: str) -> Check:
    """A check that runs in the background; where it does not, it is not configured."""

    def judge(now: Snapshot) -> Result:
        known = now.checks.get(name)
        return PASSED if known is None else _judged(known)

    return Check(name, judge, lambda now: name in now.checks)


def _started(now: Snapshot) -> Result:
    startup = now.startup
    return PASSED if startup is None or startup.done else Result(Outcome.FAIL, startup.reason)


def _startup(now: Snapshot) -> Result:
    result = _started(now)
    if now.startup and not now.startup.critical and result is not PASSED:
        return Result(Outcome.WARN, result.reason)
    return result


def _starts(now: Snapshot) -> bool:
    return now.startup is not None


def _config(now: Snapshot) -> Result:
    if now.config_invalid:
        return Result(Outcome.WARN, f"refused, the old one stays: {now.config_invalid}")
    if now.config_watch_error:
        return Result(
            Outcome.WARN,
            f"comes by the mounted file alone, minutes late: {now.config_watch_error}",
        )
    return PASSED


def _orders(now: Snapshot) -> Result:
    if now.unknown_orders:
        return Result(Outcome.WARN, f"{now.unknown_orders} that only the venue can tell about")
    return PASSED


def _reconcile(now: Snapshot) -> Result:
    if now.reconcile_differences:
        return Result(Outcome.WARN, "; ".join(now.reconcile_differences))
    return PASSED


PING = Check("ping", _ping)
HEARTBEAT = Check("heartbeat", _heartbeat)
ENGINE = Check("engine", _engine)
INTENT = Check("intent", _intent)
SHUTDOWN = Check("shutdown", _shutdown)
EXCHANGE = Check("exchange", _exchange)

DATABASE = _background("database")
LEASE = _background("lease")
FEED = _background("feed")
CACHE = _background("cache")
RESTORED = Check("startup", _started, _starts)
"""Start-up as its own probe sees it: done or not, whatever is critical for readiness."""
STARTUP = Check("startup", _startup, _starts)
CONFIG = Check("config", _config)
ORDERS = Check("orders", _orders)
RECONCILE = Check("reconcile", _reconcile)

LIVE = (PING, HEARTBEAT)
STARTED = (PING, ENGINE, RESTORED)
READY = (
    *(PING, ENGINE, STARTUP, INTENT, SHUTDOWN),
    # Which of these a pod's readiness hangs on, the configuration says.
    *(DATABASE, _background("exchange"), LEASE, FEED, CACHE),
)
ALL = (
    *(PING, HEARTBEAT, ENGINE, STARTUP, INTENT, SHUTDOWN),
    *(DATABASE, EXCHANGE, LEASE, FEED, CACHE),
    *(CONFIG, ORDERS, RECONCILE),
)


def judged(checks: Sequence[Check], now: Snapshot) -> dict[str, Result]:
    """Return what each check found, of those that apply."""
    return {check.name: check.judge(now) for check in checks if check.applies(now)}


def worst(results: list[Result]) -> Outcome:
    """Return the worst outcome; a pass when there is nothing to judge."""
    order = list(Outcome)
    return max((result.outcome for result in results), key=order.index, default=Outcome.PASS)
