"""Reads what a pod exports into counters. Pure.

What was not reported is None, never zero: a family that is announced and has no sample counted
nothing, one that is not announced was not measured. A value that is not a number makes its counter
None and is told.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from prometheus_client.parser import text_string_to_metric_families

from bot.contract import http, order_results
from bot.contract import metrics as names
from bot.contract.shards import SHARD_COUNT
from release.decide.model import Counters

PROCESS_START = "process_start_time_seconds"
"""Of the Prometheus client library: when the process began."""
_BUCKET, _COUNT = "_bucket", "_count"
_UNJUDGED_PATHS = frozenset(
    {http.LIVEZ, http.READYZ, http.STARTUPZ, http.HEALTH, http.METRICS, http.VERSION, http.OPENAPI}
)
"""Probes and reports: they answer 503 by design or never fail, and would thin out what clients ask.

Measured: of a version that refused every signal a test saw nothing in three minutes, because
somebody asked it for its version seventy times a second.
"""
_SERVER_ERROR = 500

Labels = Mapping[str, str]
LabelFilter = Callable[[Labels], bool]


@dataclass(frozen=True, slots=True)
class Families:
    """The samples of one pod at one time, by the name of the sample."""

    samples: Mapping[str, tuple[tuple[Labels, float], ...]]
    announced: frozenset[str] = frozenset()
    """Names of families that this pod exports, with or without samples."""

    def has(self, name: str) -> bool:
        """Tell whether it was measured."""
        return name in self.announced or name in self.samples


@dataclass(slots=True)
class _Reader:
    """Takes numbers out and notes what is none."""

    families: Families
    odd: list[str] = field(default_factory=list[str])

    def total(self, name: str, matches: LabelFilter | None = None) -> float | None:
        """Return the sum over the samples whose labels match; None when it was not measured."""
        if not self.families.has(name):
            return None
        total = 0.0
        for labels, value in self.families.samples.get(name, ()):
            if matches is not None and not matches(labels):
                continue
            if (known := self._known(name, value)) is None:
                return None
            total += known
        return self._known(name, total)

    def gauge(self, name: str, *, signed: bool = False) -> float | None:
        """Return the value of a family with one sample; None when there is not one."""
        samples = self.families.samples.get(name, ())
        return self._known(name, samples[0][1], signed=signed) if len(samples) == 1 else None

    def buckets(self, name: str) -> tuple[tuple[float, float], ...]:
        """Return upper bounds and cumulative counts, in order; empty when they are not whole."""
        counts: dict[float, float] = {}
        for labels, value in self.families.samples.get(name + _BUCKET, ()):
            bound, known = _number(labels.get("le", "")), self._known(name, value)
            if known is None or bound is None or bound in counts:
                return ()
            counts[bound] = known
        whole = tuple(sorted(counts.items()))
        rising = all(before[1] <= after[1] for before, after in pairwise(whole))
        return whole if math.inf in counts and rising else ()

    def _known(self, name: str, value: float, *, signed: bool = False) -> float | None:
        if math.isfinite(value) and (signed or value >= 0):
            return value
        self.odd.append(f"{name} is {value}")
        return None


def parse(text: str) -> Families:
    """Parse an exposition.

    Raises:
        ValueError: it is none.
    """
    samples: dict[str, list[tuple[Labels, float]]] = {}
    announced: set[str] = set()
    for family in text_string_to_metric_families(text):
        total = f"{family.name}_total" if family.type == "counter" else family.name
        announced.add(total)
        for sample in family.samples:
            samples.setdefault(sample.name, []).append((sample.labels, sample.value))
    return Families({name: tuple(each) for name, each in samples.items()}, frozenset(announced))


def counters_of(
    pod: str, at: float, families: Families, clock_offset_seconds: float = 0.0
) -> tuple[Counters, tuple[str, ...]]:
    """Return a pod's counters, and what was odd about them.

    Args:
        pod: its name.
        at: seconds since 1970 by our clock.
        families: what it exports.
        clock_offset_seconds: how much the pod's clock is ahead of ours.
    """
    read = _Reader(families)
    answered = read.total(names.INTENT_TO_ACK_SECONDS + _COUNT)
    unanswered = read.total(names.ORDERS_TOTAL, _unanswered)
    beat = read.gauge(names.HEARTBEAT_TIMESTAMP_SECONDS)
    counters = Counters(
        pod=pod,
        at=at,
        started=read.gauge(PROCESS_START),
        requests=read.total(names.HTTP_REQUESTS_TOTAL, _judged),
        request_errors=read.total(names.HTTP_REQUESTS_TOTAL, _failed),
        orders=None if answered is None or unanswered is None else answered + unanswered,
        order_errors=unanswered,
        rejections=read.total(names.ORDERS_TOTAL, _rejected),
        latency_buckets=read.buckets(names.INTENT_TO_ACK_SECONDS),
        unresolved_orders=read.gauge(names.UNKNOWN_ORDERS),
        heartbeat_age_seconds=None if beat is None else max(0.0, at + clock_offset_seconds - beat),
        profit_quote=read.gauge(names.UNREALIZED_PROFIT_QUOTE, signed=True),
    )
    return counters, tuple(f"{pod}: {odd}" for odd in dict.fromkeys(read.odd))


def shards_held(families: Families) -> int:
    """Return how many shards a pod says it holds; the account's lease is none."""
    (held,) = [value for _, value in families.samples.get(names.LEASES_HELD, ())] or [0.0]
    return min(int(held), SHARD_COUNT)


def _judged(labels: Labels) -> bool:
    return labels.get("path") not in _UNJUDGED_PATHS


def _failed(labels: Labels) -> bool:
    status = labels.get("status", "")
    return _judged(labels) and not (status.isdigit() and int(status) < _SERVER_ERROR)


def _rejected(labels: Labels) -> bool:
    return labels.get("result") == order_results.REJECTED


def _unanswered(labels: Labels) -> bool:
    """Tell whether the venue did not say what became of it; a word that nobody knows is no good."""
    return labels.get("result") not in order_results.ANSWERED


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number
