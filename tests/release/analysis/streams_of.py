"""Made-up counters of two colors."""

from dataclasses import replace

from bot.contract.color import Color
from release.decide.model import Counters, Look, Snapshot

THRESHOLDS = {
    "alpha": 0.05,
    "min_attempts": 20.0,
    "heartbeat_age_seconds": 10.0,
    "unresolved_orders": 5.0,
    "latency_ratio": 1.5,
}
BUCKETS = (0.01, 0.05, 0.1, 0.5, float("inf"))


def pod(at: float, tried: float, wrong: float = 0.0, **changes: object) -> Counters:
    """Counters of a pod that answers half its orders within 10 ms and all within 50 ms."""
    answered = tuple((bound, tried / 2 if bound == BUCKETS[0] else tried) for bound in BUCKETS)
    made = Counters(
        pod="p",
        at=at,
        started=0.5,
        requests=tried,
        request_errors=0.0,
        orders=tried,
        order_errors=wrong,
        rejections=0.0,
        latency_buckets=answered,
        unresolved_orders=0.0,
        heartbeat_age_seconds=0.2,
    )
    return replace(made, **changes)  # pyright: ignore[reportArgumentType] - fields of a test


def look(at: float, old: Counters, new: Counters) -> Look:
    return Look(Snapshot(Color.BLUE, at, (old,)), Snapshot(Color.GREEN, at, (new,)))


def healthy(seconds: int = 120, per_second: float = 1.0, base: float = 200.0) -> list[Look]:
    """Both colors go wrong as seldom, from a long past on."""
    return [
        look(100.0 + t, pod(100.0 + t, base + per_second * t), pod(100.0 + t, 5 + per_second * t))
        for t in range(0, seconds, 2)
    ]
