"""The report for people and for releases: `application/health+json`.

Format: draft-inadarei-api-health-check-06; what it has no field for is added at the top level.
"""

from collections.abc import Mapping
from datetime import datetime

from bot.contract import http
from bot.health.checks import ALL, Outcome, Result, judged, worst
from bot.health.snapshot import Shard, Snapshot
from bot.process.identity import Identity

WORDS: Mapping[Outcome, str] = {
    Outcome.PASS: "healthy",
    Outcome.WARN: "degraded",
    Outcome.FAIL: "unhealthy",
}
"""What each status of the draft is called here."""

NOT_CONFIGURED = "not configured"
DATASTORES = ("database", "cache")

Json = Mapping[str, object]


def report(identity: Identity, now: Snapshot) -> tuple[Outcome, Json]:
    """Return the outcome and the body of `/health`."""
    results = judged(ALL, now)
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
        "trading": now.trading_enabled and now.lease_held and not (now.draining or now.stops),
        "draining": now.draining,
        "uptimeSeconds": round(now.uptime_seconds, 3),
        "openPositions": now.open_positions,
        "unrealizedProfit": str(now.unrealized_profit),
        "lastHeartbeat": _utc(now.last_beat),
        "exchange": _connection(results["exchange"]),
        "database": _connection(results.get("database")),
        "startup": now.startup.reason if now.startup else "",
        "stopped": list(now.stops),
        "role": _role(now),
        "lease": {
            "held": now.lease_held,
            "epoch": now.lease_epoch,
            "leases": now.leases_held,
            "refused": now.authority_refused,
            "recovery": now.recovery,
        },
        "ledger": now.ledger,
        "shards": [_shard(shard) for shard in now.shards],
        "orders": {state.value: count for state, count in now.orders_by_state.items()},
        "unknownOrders": now.unknown_orders,
        "pendingSignals": now.signals_pending,
        "positions": {symbol: str(quantity) for symbol, quantity in now.positions.items()},
        "lastReconcile": _utc(now.last_reconcile),
        "reconcileDifferences": list(now.reconcile_differences or ()),
        "configGeneration": now.config_generation,
        http.CONFIG_HASH: now.config_hash,
        http.CONFIG_REFUSED: now.config_refused,
        http.CONFIG_INVALID: now.config_invalid or "",
        "notes": [f"{name}: {r.reason}" for name, r in results.items() if r.reason],
        "checks": _checks(now, results),
    }


def _role(now: Snapshot) -> str:
    """Say what the intent makes of this pod's color, in the words of a release."""
    if now.intent is None:
        return "unknown"
    if now.intent_active:
        return "active"
    return "canary" if now.intent.canary_percent else "standby"


def _shard(shard: Shard) -> Json:
    return {
        "shard": shard.shard,
        "symbols": list(shard.symbols),
        "epoch": shard.epoch,
        "held": shard.held,
        "holder": shard.holder,
        "color": shard.color,
        "secondsLeft": round(shard.seconds_left, 3),
    }


def _connection(result: Result | None) -> str:
    if result is None:
        return NOT_CONFIGURED
    return "connected" if result.outcome is Outcome.PASS else "disconnected"


def _checks(now: Snapshot, results: Mapping[str, Result]) -> Json:
    age, intent_age = now.beat_age_seconds, now.intent_age_seconds
    profit = str(now.unrealized_profit)
    parts: dict[str, Json] = {
        "uptime": _measured("system", round(now.uptime_seconds, 3), "s"),
        "heartbeat:age": _measured("component", age, "s") | _judged(results["heartbeat"]),
        "intent:age": _measured("component", intent_age, "s") | _judged(results["intent"]),
        "exchange:connection": {"componentId": now.venue}
        | _outside(now, "exchange")
        | _judged(results["exchange"]),
        # A bot without a database is whole: no warning, and the words say which case it is.
        "database:connection": {
            "componentType": "datastore",
            "status": "pass",
            "output": NOT_CONFIGURED,
        },
        "loop:lag": _measured("system", round(now.loop_lag_seconds, 4), "s"),
        "positions:open": _measured("component", now.open_positions, "positions"),
        "positions:unrealizedProfit": _measured("component", profit, "quote currency"),
        "orders:unknown": _measured("component", now.unknown_orders, "orders")
        | _judged(results["orders"]),
        "config:generation": _measured("component", now.config_generation, "generations")
        | _judged(results["config"]),
        "reconcile:differences": _measured(
            "component", len(now.reconcile_differences or ()), "differences"
        )
        | _judged(results["reconcile"]),
    }
    for name in now.checks:
        parts[f"{name}:connection"] = {
            **parts.get(f"{name}:connection", {}),
            **_outside(now, name),
            **_judged(results[name]),
        }
    if now.startup:
        elapsed = round(now.startup.elapsed_seconds, 3)
        parts["startup:duration"] = _measured("system", elapsed, "s") | _judged(results["startup"])
    time = {"time": _utc(now.now)}
    return {name: [{**part, **time}] for name, part in parts.items()}


def _outside(now: Snapshot, name: str) -> dict[str, object]:
    """How old the last answer is, and whether a pod's readiness hangs on it."""
    kind = {"componentType": "datastore" if name in DATASTORES else "component"}
    known = now.checks.get(name)
    if known is None:
        return {**kind}
    age = None if known.age_seconds is None else round(known.age_seconds, 3)
    return {**kind, "critical": known.critical, "observedValue": age, "observedUnit": "s"}


def _measured(kind: str, value: float | str | None, unit: str) -> dict[str, object]:
    return {"componentType": kind, "observedValue": value, "observedUnit": unit, "status": "pass"}


def _judged(result: Result) -> dict[str, object]:
    return {"status": result.outcome.value, "output": result.reason}


def _utc(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
