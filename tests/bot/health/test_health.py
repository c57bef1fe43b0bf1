from dataclasses import replace
from typing import Any, cast

import pytest

from bot.health.background import Known
from bot.health.checks import ALL, LIVE, READY, STARTED, Check, Outcome
from bot.health.probes import probe
from bot.health.report import report
from bot.health.snapshot import Snapshot
from bot.health.startup import StartupState
from bot.process.identity import Identity
from bot.trading.orders import State
from tests.support.snapshot import WELL

STANDBY = replace(WELL, intent_active=False)
NEW = replace(WELL, beat_age_seconds=None, last_beat=None, intent=None, intent_age_seconds=None)
HUNG = replace(WELL, beat_age_seconds=31.0)
DRAINING = replace(WELL, draining=True)
CUT_OFF = replace(WELL, intent_age_seconds=99.0, intent_source_error="no route")
MISLED = replace(WELL, intent_invalid="activeColor: 'red'")
VENUE_DOWN = replace(WELL, venue_error="down")
BLIND = replace(WELL, intent=None, intent_active=False, intent_source_error="HTTP 403")
UP = Known(passed=True, age_seconds=0.5, duration_seconds=0.01)
OUTSIDE = replace(
    WELL, checks=dict.fromkeys(("database", "exchange", "lease", "feed", "cache"), UP)
)


def failing(name: str, *, critical: bool) -> Snapshot:
    down = Known(passed=False, reason="no answer for 9.0 s", critical=critical, age_seconds=9.0)
    return replace(OUTSIDE, checks={**OUTSIDE.checks, name: down})


def starting(*, critical: bool = True, done: bool = False) -> Snapshot:
    state = StartupState(
        done=done,
        step="reconciling",
        late=False,
        elapsed_seconds=3,
        limit_seconds=60,
        critical=critical,
    )
    return replace(WELL, startup=state)


UNRESOLVED = replace(WELL, orders_by_state={State.UNKNOWN: 1, State.INTENT: 1, State.ACKED: 5})
REFUSED = replace(WELL, config_invalid="riskLimitPct: '200'")
DIFFERENT = replace(WELL, reconcile_differences=("order 7: the venue does not have it",))
MOMENTS = (
    *(WELL, NEW, HUNG, DRAINING, CUT_OFF, MISLED, VENUE_DOWN, BLIND),
    *(OUTSIDE, failing("lease", critical=True), starting(), UNRESOLVED, REFUSED, DIFFERENT),
)
WHO = Identity("1.2.3", "abc", "2026-01-01T00:00:00Z", "blue", "bot-blue-1", "r@sha256:1", "local")


@pytest.mark.parametrize(
    ("now", "failing", "outcome"),
    [
        (WELL, "", Outcome.PASS),
        (STANDBY, "", Outcome.PASS),
        (NEW, "startupz readyz", Outcome.FAIL),
        (HUNG, "livez", Outcome.FAIL),
        (DRAINING, "readyz", Outcome.FAIL),
        (CUT_OFF, "", Outcome.WARN),
        (MISLED, "", Outcome.WARN),
        (VENUE_DOWN, "", Outcome.WARN),
        (BLIND, "readyz", Outcome.FAIL),
        (OUTSIDE, "", Outcome.PASS),
        (failing("database", critical=True), "readyz", Outcome.FAIL),
        (failing("database", critical=False), "", Outcome.WARN),
        (failing("exchange", critical=True), "readyz", Outcome.FAIL),
        (failing("exchange", critical=False), "", Outcome.WARN),
        (failing("lease", critical=False), "", Outcome.WARN),
        (failing("feed", critical=False), "", Outcome.WARN),
        (failing("cache", critical=False), "", Outcome.WARN),
        (starting(), "readyz startupz", Outcome.FAIL),
        (starting(critical=False), "startupz", Outcome.WARN),
        (starting(done=True), "", Outcome.PASS),
        (UNRESOLVED, "", Outcome.WARN),
        (REFUSED, "", Outcome.WARN),
        (DIFFERENT, "", Outcome.WARN),
    ],
)
def test_each_probe_judges_what_it_is_for(now: Snapshot, failing: str, outcome: Outcome) -> None:
    probes = {"livez": LIVE, "startupz": STARTED, "readyz": READY}
    failed = [n for n, checks in probes.items() if not probe(n, checks, now, verbose=False).passed]
    assert sorted(failed) == sorted(failing.split())
    assert report(WHO, now)[0] is outcome


def test_liveness_asks_nothing_outside_the_process() -> None:
    down = failing("database", critical=True).checks
    worst = replace(
        BLIND,
        venue_error="down",
        draining=True,
        intent_age_seconds=1e6,
        checks=dict.fromkeys(down, down["database"]),
        startup=starting().startup,
    )
    assert probe("livez", LIVE, worst, verbose=False).passed


def test_a_passing_probe_says_ok() -> None:
    assert probe("livez", LIVE, WELL, verbose=False).text == "ok"


def test_verbose_lists_each_check_as_kubernetes_does() -> None:
    assert probe("readyz", READY, WELL, verbose=True).text == (
        "[+]ping ok\n[+]engine ok\n[+]intent ok\n[+]shutdown ok\nreadyz check passed\n"
    )


def test_a_failing_probe_says_why_without_being_asked() -> None:
    assert probe("readyz", READY, DRAINING, verbose=False).text == (
        "[+]ping ok\n[+]engine ok\n[+]intent ok\n[-]shutdown failed: the pod is draining\n"
        "readyz check failed\n"
    )


def test_the_probes_name_the_checks_that_are_configured() -> None:
    assert probe("startupz", STARTED, starting(), verbose=True).text == (
        "[+]ping ok\n[+]engine ok\n[-]startup failed: reconciling (3.0 s)\nstartupz check failed\n"
    )
    text = probe("readyz", READY, failing("feed", critical=False), verbose=True).text
    assert text.endswith(
        "[+]database ok\n[+]exchange ok\n[+]lease ok\n[+]feed ok (no answer for 9.0 s)\n"
        "[+]cache ok\nreadyz check passed\n"
    )


@pytest.mark.parametrize(
    ("now", "word"),
    [
        (WELL, "not configured"),
        (OUTSIDE, "connected"),
        (failing("database", critical=True), "disconnected"),
        (failing("database", critical=False), "disconnected"),
    ],
)
def test_the_report_says_how_it_stands_with_the_database(now: Snapshot, word: str) -> None:
    _, body = report(WHO, now)
    assert body["database"] == word
    checks = cast("dict[str, list[dict[str, Any]]]", body["checks"])
    (detail,) = checks["database:connection"]
    assert detail["componentType"] == "datastore"
    assert (detail["status"] == "pass") is (word != "disconnected")


def test_the_report_tells_what_stops_the_bot_from_trading() -> None:
    _, body = report(WHO, replace(WELL, stops=("kill switch",)))
    assert body["stopped"] == ["kill switch"]
    assert body["trading"] is False


def test_only_who_holds_the_lease_trades() -> None:
    _, body = report(WHO, replace(WELL, lease_held=False))
    assert (body["active"], body["trading"]) == (True, False)


def test_a_warning_passes_and_is_told() -> None:
    answer = probe("readyz", READY, MISLED, verbose=True)
    assert answer.passed
    assert "[+]intent ok (the last good one stays: activeColor: 'red')" in answer.text


def test_the_report_contains_all_that_the_mission_lists() -> None:
    _, body = report(WHO, WELL)
    expected: dict[str, object] = {
        "status": "pass",
        "state": "healthy",
        "version": "1.2.3",
        "environment": "local",
        "uptimeSeconds": 12.346,
        "openPositions": 2,
        "unrealizedProfit": "-1.50",
        "lastHeartbeat": "2026-01-02T03:04:05.000Z",
        "exchange": "connected",
        "database": "not configured",
        "active": True,
        "trading": True,
        "notes": [],
    }
    assert expected.items() <= body.items()


@pytest.mark.parametrize(
    ("now", "status", "state"),
    [(WELL, "pass", "healthy"), (VENUE_DOWN, "warn", "degraded"), (HUNG, "fail", "unhealthy")],
)
def test_the_words_of_the_draft_and_ours_agree(now: Snapshot, status: str, state: str) -> None:
    _, body = report(WHO, now)
    assert (body["status"], body["state"]) == (status, state)
    assert bool(body["notes"]) is (status != "pass")


@pytest.mark.parametrize("now", MOMENTS)
def test_every_detail_has_the_fields_of_the_draft(now: Snapshot) -> None:
    checks = cast("dict[str, list[dict[str, Any]]]", report(WHO, now)[1]["checks"])
    for details in checks.values():
        for detail in details:
            assert detail["componentType"] in {"component", "datastore", "system"}
            assert detail["status"] in {"pass", "warn", "fail"}
            assert detail["time"].endswith("Z")


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.name)
def test_a_failure_always_has_a_reason(check: Check) -> None:
    for now in MOMENTS:
        result = check.judge(now)
        assert bool(result.reason) is (result.outcome is not Outcome.PASS)
