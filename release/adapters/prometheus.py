"""The same counters from Prometheus: the port `Metrics` where a cluster's pods may not be asked.

Prometheus answers a query with the last value for minutes after a pod was last scraped, so the time
of the scrape is asked for, too, and what is older than a few scrapes is told as stale, not counted.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import httpx2
from pydantic import BaseModel, ValidationError
from typing_extensions import override

from bot.contract import metrics as names
from bot.contract.color import Color
from release.adapters import exposition
from release.adapters.exposition import Families, Labels
from release.adapters.kube import BODY_BYTES_MAX
from release.decide.model import Counters, Snapshot
from release.drive.ports import Metrics

_SAMPLES = (
    exposition.PROCESS_START,
    names.HTTP_REQUESTS_TOTAL,
    names.ORDERS_TOTAL,
    f"{names.INTENT_TO_ACK_SECONDS}_bucket",
    f"{names.INTENT_TO_ACK_SECONDS}_count",
    names.UNKNOWN_ORDERS,
    names.HEARTBEAT_TIMESTAMP_SECONDS,
    names.UNREALIZED_PROFIT_QUOTE,
)
_EXCERPT_CHARACTERS = 300

Sample = tuple[Labels, float]


class _Element(BaseModel):
    metric: dict[str, str]
    value: tuple[float, str]


class _Vector(BaseModel):
    resultType: Literal["vector"]  # noqa: N815 -- Prometheus's name
    result: list[_Element]


class _Answer(BaseModel):
    status: Literal["success"]
    data: _Vector


class PrometheusError(RuntimeError):
    """Prometheus did not answer, or not with a vector; the text says how."""


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Where it is, and how its series name our pods."""

    url: str = field(repr=False)
    """Base address; may hold a user and password, so it is never shown."""
    namespace: str
    pod_label: str = "pod"
    namespace_label: str = "namespace"
    token: str = field(default="", repr=False)
    timeout_seconds: float = 5.0
    stale_seconds: float = 45.0
    """Three scrapes of the usual 15 s; older than that, a value says nothing of now."""


class PrometheusMetrics(Metrics):
    """Asks Prometheus's HTTP API."""

    def __init__(
        self,
        where: Prometheus,
        now: Callable[[], float],
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """Prepare.

        Args:
            where: Prometheus.
            now: seconds since 1970.
            transport: replaces the network in tests.
        """
        self._where = where
        self._now = now
        headers = {"Authorization": f"Bearer {where.token}"} if where.token else {}
        self._http = httpx2.AsyncClient(
            base_url=where.url, headers=headers, timeout=where.timeout_seconds, transport=transport
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    @override
    async def snapshot(self, color: Color) -> Snapshot:
        """Ask for every pod of a color. What is stale, odd or missing is a failure."""
        where = self._where
        build = f"{names.BUILD_INFO}{{{where.namespace_label}={_quoted(where.namespace)}"
        build += f",color={_quoted(color)}}}"
        named = f'{{__name__=~"{"|".join(_SAMPLES)}"}}'
        same_pod = f"on({where.namespace_label},{where.pod_label})"
        try:
            scraped, samples = await asyncio.gather(
                self._query(f"timestamp({build})"), self._query(f"{named} and {same_pod} {build}")
            )
        except PrometheusError as error:
            return Snapshot(color, self._now(), (), (str(error),))
        return self._snapshot(color, scraped, samples)

    def _snapshot(self, color: Color, scraped: list[Sample], samples: list[Sample]) -> Snapshot:
        at = self._now()
        pods: list[Counters] = []
        failures: list[str] = [] if scraped else [f"Prometheus knows no pod of {color}"]
        label = self._where.pod_label
        for series, time in scraped:
            pod = series.get(label, "")
            age = at - time
            if not pod or not age <= self._where.stale_seconds:  # NaN is no age either
                failures.append(f"{pod or f'a series without {label}'}: scraped {age:.0f} s ago")
                continue
            own = [sample for sample in samples if sample[0].get(label) == pod]
            counters, odd = exposition.counters_of(pod, time, _families(own))
            pods.append(counters)
            failures += odd
        return Snapshot(color, at, tuple(pods), tuple(failures))

    async def _query(self, query: str) -> list[Sample]:
        """Run an instant query.

        Raises:
            PrometheusError: there is no whole answer.
        """
        try:
            async with asyncio.timeout(self._where.timeout_seconds):
                response = await self._http.get("/api/v1/query", params={"query": query})
        except (httpx2.HTTPError, OSError, TimeoutError) as error:
            raise PrometheusError(f"Prometheus cannot be asked: {type(error).__name__}") from None
        text = response.text[:BODY_BYTES_MAX]
        try:
            answer = _Answer.model_validate_json(text)
        except ValidationError:
            raise PrometheusError(
                f"Prometheus answers {response.status_code} and no vector: "
                f"{text[:_EXCERPT_CHARACTERS]!r}"
            ) from None
        return [(each.metric, float(each.value[1])) for each in answer.data.result]


def _families(samples: list[Sample]) -> Families:
    """Return one pod's samples. A counter that never counted has no series here.

    Where the histogram of answers says 0, no order was ever counted; elsewhere nothing is assumed.
    """
    by_name: dict[str, list[Sample]] = {}
    for series, value in samples:
        by_name.setdefault(series.get("__name__", ""), []).append((series, value))
    answered = by_name.get(f"{names.INTENT_TO_ACK_SECONDS}_count", ())
    none_yet = len(answered) == 1 and answered[0][1] == 0
    announced = frozenset({names.ORDERS_TOTAL} if none_yet else ())
    return Families({name: tuple(each) for name, each in by_name.items()}, announced)


def _quoted(text: str) -> str:
    return json.dumps(text)
