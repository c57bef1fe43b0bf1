"""The metrics, in their own registry. What a snapshot knows is computed when someone asks."""

import time
from collections.abc import Callable, Iterator, Mapping

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from bot.contract import metrics as names
from bot.health.checks import ALL, READY, Outcome, judged, worst
from bot.health.snapshot import Snapshot
from bot.process.identity import Identity
from bot.serving.metric_families import FAMILIES
from bot.trading.orders import State
from bot.trading.signals import Fate

CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
ORDER_BUCKETS = (*LATENCY_BUCKETS, 5.0, 10.0)


class Metrics:
    """What is counted as it happens, and the text that a scrape gets."""

    def __init__(self, identity: Identity, snapshot: Callable[[], Snapshot]) -> None:
        prometheus_client.disable_created_metrics()
        self._registry = CollectorRegistry(auto_describe=False)
        self._requests = self._counter(names.HTTP_REQUESTS_TOTAL)
        self._duration = self._histogram(names.HTTP_REQUEST_DURATION_SECONDS, LATENCY_BUCKETS)
        self._orders = self._counter(names.ORDERS_TOTAL)
        self._signals = self._counter(names.SIGNALS_TOTAL)
        self._intent_to_ack = self._histogram(names.INTENT_TO_ACK_SECONDS, ORDER_BUCKETS)
        self._pauses = self._histogram(names.HANDOVER_PAUSE_SECONDS, ORDER_BUCKETS)
        self._late = self._counter(names.LATE_ORDERS_TOTAL)
        self._lost_filled = self._counter(names.LOST_ORDERS_FILLED_TOTAL)
        self._tick_to_intent = self._histogram(names.TICK_TO_INTENT_SECONDS, ORDER_BUCKETS)
        for fate in Fate:
            self._signals.labels(fate.value)  # a rate needs the 0 before the first
        for who in ("venue", "ledger"):
            self._late.labels(who)
        self._registry.register(_SnapshotCollector(identity, snapshot))
        prometheus_client.ProcessCollector(registry=self._registry)

    def _counter(self, name: str) -> Counter:
        family = FAMILIES[name]
        return Counter(name, family.text, family.labels, registry=self._registry)

    def _histogram(self, name: str, buckets: tuple[float, ...]) -> Histogram:
        family = FAMILIES[name]
        return Histogram(name, family.text, family.labels, buckets=buckets, registry=self._registry)

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count an answered request. `path` must be one of a few: each makes a time series."""
        self._requests.labels(path, str(status)).inc()
        self._duration.labels(path).observe(seconds)

    def order(self, side: str, result: str) -> None:
        """Count an order that was sent. `result`: a word of `State`, or `refused`."""
        self._orders.labels(side, result).inc()

    def signal(self, fate: Fate) -> None:
        """Count a signal that got its fate."""
        self._signals.labels(fate.value).inc()

    def pause(self, seconds: float, *, handed_over: bool) -> None:
        """Note how long nobody decided in a shard that was taken."""
        self._pauses.labels("handover" if handed_over else "expiry").observe(seconds)

    def late(self, refused_by: str) -> None:
        """Count an order that was refused for being late. `refused_by`: `venue` or `ledger`."""
        self._late.labels(refused_by).inc()

    def lost_order_filled(self) -> None:
        """Count an order that was called lost and has been filled."""
        self._lost_filled.inc()

    def intent_to_ack(self, seconds: float) -> None:
        """Note how long an order took from its committed intent to the venue's answer."""
        self._intent_to_ack.observe(seconds)

    def tick_to_intent(self, seconds: float) -> None:
        """Note how long it took from market data or signal to the order's committed intent."""
        self._tick_to_intent.observe(seconds)

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
        build = GaugeMetricFamily(
            names.BUILD_INFO, FAMILIES[names.BUILD_INFO].text, labels=list(info)
        )
        build.add_metric(list(info.values()), 1)
        yield build
        for name, value in _gauges(now).items():
            yield GaugeMetricFamily(name, FAMILIES[name].text, value=value)
        for name, count in _counters(now).items():
            yield CounterMetricFamily(name, FAMILIES[name].text, value=count)
        yield _labelled(
            names.ORDERS_BY_STATE,
            {state.value: now.orders_by_state.get(state, 0) for state in State},
        )
        held = {symbol: float(quantity) for symbol, quantity in now.positions.items()}
        yield _labelled(names.POSITION_QUANTITY, held)
        yield _labelled(names.SHARD_HELD, {str(s.shard): s.held for s in now.shards})
        yield _labelled(names.SHARD_EPOCH, {str(s.shard): s.epoch for s in now.shards})
        refused = {now.authority_refused: 1.0} if now.authority_refused else {}
        yield _labelled(names.AUTHORITY_REFUSED, refused)
        yield from _checks(now)


def _gauges(now: Snapshot) -> dict[str, float | None]:
    """Return each gauge without labels; None leaves it without a sample."""
    differences = now.reconcile_differences
    return {
        names.ACTIVE: now.intent_active,
        names.READY: worst(list(judged(READY, now).values())) is not Outcome.FAIL,
        names.STARTED: now.startup is None or now.startup.done,
        names.DRAINING: now.draining,
        names.STOPPED: len(now.stops),
        names.HEARTBEAT_TIMESTAMP_SECONDS: now.last_beat and now.last_beat.timestamp(),
        names.LOOP_LAG_SECONDS: now.loop_lag_seconds,
        names.INTENT_AGE_SECONDS: now.intent_age_seconds,
        names.INTENT_INVALID: now.intent_invalid is not None,
        names.LEASE_HELD: now.lease_held,
        names.LEASE_EPOCH: now.lease_epoch,
        names.LEASES_HELD: now.leases_held,
        names.FEED_AGE_SECONDS: now.feed_age_seconds,
        names.SIGNALS_PENDING: now.signals_pending,
        names.UNKNOWN_ORDERS: now.unknown_orders,
        names.OPEN_POSITIONS: now.open_positions,
        names.UNREALIZED_PROFIT_QUOTE: float(now.unrealized_profit),
        names.RECONCILE_DIFFERENCES: None if differences is None else len(differences),
        names.RECONCILE_TIMESTAMP_SECONDS: now.last_reconcile and now.last_reconcile.timestamp(),
        names.CONFIG_GENERATION: now.config_generation,
        names.CONFIG_INVALID: now.config_invalid is not None,
    }


def _counters(now: Snapshot) -> dict[str, int]:
    return {
        names.INTENT_CHANGES_TOTAL: now.intent_changes,
        names.INTENT_SOURCE_ERRORS_TOTAL: now.intent_source_errors,
    }


def _labelled(name: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    """Return a family with one label."""
    gauge = GaugeMetricFamily(name, FAMILIES[name].text, labels=FAMILIES[name].labels)
    for label, value in values.items():
        gauge.add_metric([label], value)
    return gauge


def _checks(now: Snapshot) -> Iterator[Metric]:
    up: dict[str, float] = {}
    took: dict[str, float] = {}
    age: dict[str, float] = {}
    for check in ALL:
        if not check.applies(now):
            continue
        started = time.perf_counter()
        up[check.name] = check.judge(now).outcome is not Outcome.FAIL
        took[check.name] = time.perf_counter() - started
    for name, known in now.checks.items():
        up[name] = known.passed
        took.pop(name, None)
        if known.age_seconds is not None:
            age[name] = known.age_seconds
        if known.duration_seconds is not None:
            took[name] = known.duration_seconds
    yield _labelled(names.CHECK_UP, up)
    yield _labelled(names.CHECK_AGE_SECONDS, age)
    yield _labelled(names.CHECK_DURATION_SECONDS, took)
