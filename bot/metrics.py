"""The metrics, in their own registry. What a snapshot knows is computed when someone asks."""

import time
from collections.abc import Callable, Iterator

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from bot.contract import metrics as names
from bot.health.checks import ALL, READY, Outcome
from bot.health.snapshot import Snapshot
from bot.identity import Identity

CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """What is counted as it happens, and the text that a scrape gets."""

    def __init__(self, identity: Identity, snapshot: Callable[[], Snapshot]) -> None:
        prometheus_client.disable_created_metrics()
        self._registry = CollectorRegistry(auto_describe=False)
        self._requests = Counter(
            names.HTTP_REQUESTS_TOTAL,
            "Requests answered.",
            ["path", "status"],
            registry=self._registry,
        )
        self._duration = Histogram(
            names.HTTP_REQUEST_DURATION_SECONDS,
            "From the request's head to the end of the answer.",
            ["path"],
            buckets=LATENCY_BUCKETS,
            registry=self._registry,
        )
        self._orders = Counter(
            names.ORDERS_TOTAL,
            "Orders sent, by what became of them.",
            ["side", "result"],
            registry=self._registry,
        )
        self._registry.register(_SnapshotCollector(identity, snapshot))
        prometheus_client.ProcessCollector(registry=self._registry)

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count an answered request. `path` must be one of a few: each makes a time series."""
        self._requests.labels(path, str(status)).inc()
        self._duration.labels(path).observe(seconds)

    def order(self, side: str, result: str) -> None:
        """Count an order."""
        self._orders.labels(side, result).inc()

    def text(self) -> bytes:
        """Return what a scrape gets."""
        return generate_latest(self._registry)


class _SnapshotCollector(Collector):
    def __init__(self, identity: Identity, snapshot: Callable[[], Snapshot]) -> None:
        self._identity = identity
        self._snapshot = snapshot

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        now = self._snapshot()
        info = self._identity.to_dict()
        build = GaugeMetricFamily(names.BUILD_INFO, "Who this is; always 1.", labels=list(info))
        build.add_metric(list(info.values()), 1)
        yield build
        for name, text, value in _gauges(now):
            if value is not None:
                yield GaugeMetricFamily(name, text, value=value)
        yield CounterMetricFamily(
            names.INTENT_CHANGES_TOTAL,
            "How often another intent followed the first.",
            value=now.intent_changes,
        )
        yield CounterMetricFamily(
            names.INTENT_SOURCE_ERRORS_TOTAL,
            "How often the intent's source could not be read.",
            value=now.intent_source_errors,
        )
        yield from _checks(now)


def _gauges(now: Snapshot) -> Iterator[tuple[str, str, float | None]]:
    ready = all(check.judge(now).outcome is not Outcome.FAIL for check in READY)
    beat = now.last_beat.timestamp() if now.last_beat else None
    yield names.ACTIVE, "Whether the intent names this color.", now.intent_active
    yield names.READY, "Whether the readiness probe passes.", ready
    yield names.DRAINING, "Whether the pod is on its way out.", now.draining
    yield names.HEARTBEAT_TIMESTAMP_SECONDS, "When the trading loop last beat.", beat
    yield names.INTENT_AGE_SECONDS, "Since the intent was confirmed.", now.intent_age_seconds
    yield names.INTENT_INVALID, "The source holds no intent.", now.intent_invalid is not None
    yield names.OPEN_POSITIONS, "Positions that hold something.", now.open_positions
    profit = float(now.unrealized_profit)
    yield names.UNREALIZED_PROFIT_QUOTE, "Of all open positions, in quote currency.", profit


def _checks(now: Snapshot) -> Iterator[Metric]:
    up = GaugeMetricFamily(names.CHECK_UP, "0 when the check fails.", labels=["check"])
    took = GaugeMetricFamily(
        names.CHECK_DURATION_SECONDS, "Of the check's last run.", labels=["check"]
    )
    for check in ALL:
        started = time.perf_counter()
        result = check.judge(now)
        took.add_metric([check.name], time.perf_counter() - started)
        up.add_metric([check.name], result.outcome is not Outcome.FAIL)
    yield up
    yield took
