"""Counters of a color's pods, scraped through the API server: the port `Metrics`.

No Prometheus is needed. A pod that cannot be scraped, or whose numbers are none, is a failure in
the snapshot; its other numbers stay.
"""

import asyncio
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from typing_extensions import override

from bot.contract import http
from bot.contract.color import Color
from infra.outputs import StackOutputs
from release.adapters import exposition
from release.adapters.cluster import list_pods
from release.adapters.kube import Answer, ClusterError, Kube
from release.decide.model import Counters, Snapshot
from release.drive.ports import Metrics

_DATE = "date"
_HTTP_OK = 200
_WHOLE_SECONDS = 1.5
"""What the date of an answer is rounded to, and the way."""


class PodMetrics(Metrics):
    """Asks each pod itself."""

    def __init__(self, kube: Kube, stack: StackOutputs, now: Callable[[], float]) -> None:
        """Prepare.

        Args:
            kube: the cluster.
            stack: what is deployed.
            now: seconds since 1970.
        """
        self._kube = kube
        self._stack = stack
        self._now = now

    @override
    async def snapshot(self, color: Color) -> Snapshot:
        """Scrape every pod of a color that runs. One that does not answer is a failure."""
        try:
            seen = await list_pods(self._kube, self._stack, color)
        except ClusterError as error:
            return Snapshot(color, self._now(), (), (str(error),))
        running = [each.pod.name for each in seen if each.running]
        if not running:
            return Snapshot(color, self._now(), (), (f"no pod of {color} runs",))
        scraped = await asyncio.gather(*map(self._scrape, running))
        return Snapshot(
            color,
            self._now(),
            tuple(counters for counters, _ in scraped if counters is not None),
            tuple(failure for _, failures in scraped for failure in failures),
        )

    async def _scrape(self, pod: str) -> tuple[Counters | None, tuple[str, ...]]:
        try:
            answer = await self._kube.ask_pod(pod, http.METRICS)
            if answer.status != _HTTP_OK:
                return None, (f"{pod}: {http.METRICS} answers {answer.status}",)
            families = exposition.parse(answer.body.decode())
        except ClusterError as error:
            return None, (f"{pod}: {error}",)
        except ValueError as error:
            return None, (f"{pod}: {http.METRICS} is no exposition: {error}",)
        at = self._now()
        return exposition.counters_of(pod, at, families, _ahead(answer, at))


def _ahead(answer: Answer, at: float) -> float:
    """Return how many seconds the pod's clock is ahead of ours, by its answer; 0 if unsaid.

    A heartbeat's age is told by two readings of one clock: ours may be off by more than that age.
    """
    try:
        pod_time = parsedate_to_datetime(answer.headers[_DATE]).timestamp()
    except (KeyError, ValueError):
        return 0.0
    ahead = pod_time - at
    return ahead if abs(ahead) > _WHOLE_SECONDS else 0.0
