"""The report for people and for releases: `application/health+json`.

Format: draft-inadarei-api-health-check-06; what it has no field for is added at the top level.
"""

from collections.abc import Mapping
from datetime import datetime

from bot.health.checks import ALL, EXCHANGE, HEARTBEAT, INTENT, Check, Outcome, worst
from bot.health.snapshot import Snapshot
from bot.identity import Identity

WORDS: Mapping[Outcome, str] = {
    Outcome.PASS: "healthy",
    Outcome.WARN: "degraded",
    Outcome.FAIL: "unhealthy",
}
"""What each status of the draft is called here."""

Json = Mapping[str, object]


def report(identity: Identity, now: Snapshot) -> tuple[Outcome, Json]:
    """Return the outcome and the body of `/health`."""
    results = {check.name: check.judge(now) for check in ALL}
    outcome = worst(list(results.values()))
    return outcome, {
        "status": outcome.value,
        "state": WORDS[outcome],
        "version": identity.version,
        "releaseId": identity.revision,
        "serviceId": "bot",
        "description": f"{identity.color} in {identity.environment}",
        "environment": identity.environment,
        "color": identity.color,
        "pod": identity.pod,
        "active": now.intent_active,
        "trading": now.trading_enabled and now.intent_active and not now.draining,
        "draining": now.draining,
        "uptimeSeconds": round(now.uptime_seconds, 3),
        "openPositions": now.open_positions,
        "unrealizedProfit": str(now.unrealized_profit),
        "lastHeartbeat": _utc(now.last_beat),
        "exchange": "disconnected" if now.venue_error else "connected",
        "database": "not configured",
        "notes": [f"{name}: {r.reason}" for name, r in results.items() if r.reason],
        "checks": _checks(now),
    }


def _checks(now: Snapshot) -> Json:
    time = {"time": _utc(now.now)}
    age, intent_age = now.beat_age_seconds, now.intent_age_seconds
    profit = str(now.unrealized_profit)
    parts: dict[str, Json] = {
        "uptime": _measured("system", round(now.uptime_seconds, 3), "s"),
        "heartbeat:age": _measured("component", age, "s") | _judged(HEARTBEAT, now),
        "intent:age": _measured("component", intent_age, "s") | _judged(INTENT, now),
        "exchange:connection": {"componentId": now.venue, "componentType": "component"}
        | _judged(EXCHANGE, now),
        # A bot without a database is whole: no warning, and the words say which case it is.
        "database:connection": {
            "componentType": "datastore",
            "status": "pass",
            "output": "not configured",
        },
        "positions:open": _measured("component", now.open_positions, "positions"),
        "positions:unrealizedProfit": _measured("component", profit, "quote currency"),
    }
    return {name: [{**part, **time}] for name, part in parts.items()}


def _measured(kind: str, value: float | str | None, unit: str) -> dict[str, object]:
    return {"componentType": kind, "observedValue": value, "observedUnit": unit, "status": "pass"}


def _judged(check: Check, now: Snapshot) -> dict[str, object]:
    result = check.judge(now)
    return {"status": result.outcome.value, "output": result.reason}


def _utc(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
