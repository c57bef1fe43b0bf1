"""What runs, asked from the cluster and from the pods themselves: the port `Cluster`.

A pod that does not answer is a value here, never an exception: a release must be able to look at a
broken version. Only a cluster that cannot be asked at all is an error.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import cast

from lightkube.resources.core_v1 import Pod as KubePod
from typing_extensions import override

from bot.contract import http
from bot.contract.color import Color
from bot.contract.shards import SHARD_COUNT
from infra.outputs import StackOutputs
from release.adapters import exposition
from release.adapters.kube import Answer, ClusterError, Kube
from release.adapters.pods import Seen, read_pod, selector_labels
from release.decide.model import Pod
from release.drive.ports import Cluster

SERVICE_PORT = "http"
"""Name of the port of the stack's Services."""
LOG_LINES = 12
_LINE_CHARACTERS = 300
_FAIL = "fail"
"""Status of a health report (draft-inadarei-api-health-check)."""


class KubernetesCluster(Cluster):
    """The objects of one stack."""

    def __init__(self, kube: Kube, stack: StackOutputs) -> None:
        self._kube = kube
        self._stack = stack

    @override
    async def pods(self, color: Color) -> Sequence[Pod]:
        return await asyncio.gather(*map(self._asked, await self._seen(color)))

    @override
    async def migrations(self, color: Color) -> Sequence[Pod]:
        if not self._stack.migrations:
            return []
        return [s.pod for s in await select_pods(self._kube, self._stack.migrations, color)]

    @override
    async def smoke(self, color: Color) -> Sequence[str]:
        service = self._stack.color(color).service
        problems: list[str] = []
        for path in (http.READYZ, http.HEALTH, http.VERSION):
            try:
                answer = await self._kube.ask_service(service, SERVICE_PORT, path)
            except ClusterError as error:
                problems.append(str(error))
            else:
                problems += _faults(path, answer, color)
        return problems

    @override
    async def live_color(self) -> Color:
        service = self._stack.live_service
        answer = await self._kube.ask_service(service, SERVICE_PORT, http.VERSION)
        named = answer.headers.get(http.COLOR_HEADER.lower(), "")
        if named not in list(Color):
            raise ClusterError(
                f"Service {service}: an answer ({answer.status}) of no color: {named!r}"
            )
        return Color(named)

    @override
    async def shards(self) -> Mapping[Color, int]:
        """Return how many shards the pods of each color hold, by their own clocks.

        A pod that does not say counts as holding none: what matters is who does.
        """
        held = await asyncio.gather(*map(self._held, Color))
        return dict(zip(Color, held, strict=True))

    async def _seen(self, color: Color) -> list[Seen]:
        return await list_pods(self._kube, self._stack, color)

    async def _asked(self, seen: Seen) -> Pod:
        """Add what only the pod, or its log, can tell."""
        pod = seen.pod
        version, revision = await self._version(pod.name) if seen.running else ("", "")
        lines = () if pod.ready else await self._last_lines(seen)
        return replace(pod, version=version, revision=revision, last_lines=lines)

    async def _version(self, pod: str) -> tuple[str, str]:
        try:
            payload = _object(await self._kube.ask_pod(pod, http.VERSION))
        except ClusterError:
            return "", ""
        version, revision = payload.get("version"), payload.get("revision")
        return (
            version if isinstance(version, str) else "",
            revision if isinstance(revision, str) else "",
        )

    async def _last_lines(self, seen: Seen) -> tuple[str, ...]:
        previous = seen.crashed and not seen.running
        try:
            lines = await self._kube.log_lines(seen.pod.name, LOG_LINES, previous=previous)
        except ClusterError:  # there is no log where nothing ever ran
            return ()
        return tuple(line[:_LINE_CHARACTERS] for line in lines)

    async def _held(self, color: Color) -> int:
        running = [seen.pod.name for seen in await self._seen(color) if seen.running]
        held = await asyncio.gather(*map(self._held_by, running))
        return min(sum(held), SHARD_COUNT)

    async def _held_by(self, pod: str) -> int:
        try:
            answer = await self._kube.ask_pod(pod, http.METRICS)
            return exposition.shards_held(exposition.parse(answer.body.decode()))
        except (ClusterError, ValueError):
            return 0


async def list_pods(kube: Kube, stack: StackOutputs, color: Color) -> list[Seen]:
    """Return a color's pods as the API server knows them.

    Raises:
        ClusterError: it cannot be asked.
    """
    return await select_pods(kube, stack.color(color).selector, color)


async def select_pods(kube: Kube, selector: str, color: Color) -> list[Seen]:
    """Return the pods that a selector selects, told as this color's.

    Raises:
        ClusterError: the API server cannot be asked.
    """
    labels = selector_labels(selector)
    async with kube.bounded(f"pods of {color}"):
        listed = kube.api.list(KubePod, labels={**labels})  # pyright: ignore[reportUnknownMemberType]  # its label type is loose
        pods = [read_pod(each, color) async for each in listed]
    return [each for each in pods if each is not None]


def _faults(path: str, answer: Answer, color: Color) -> list[str]:
    """Return what is wrong with an answer of a color that shall take over."""
    faults: list[str] = []
    named = answer.headers.get(http.COLOR_HEADER.lower(), "")
    if named != color:
        faults.append(f"{path}: answered by {named or 'no color'}, not by {color}")
    if answer.status != HTTPStatus.OK:
        message = answer.body.decode(errors="replace")[:_LINE_CHARACTERS]
        faults.append(f"{path}: {answer.status}: {message}")
    elif path == http.HEALTH and _object(answer).get("status", _FAIL) == _FAIL:
        faults.append(f"{path}: says {_object(answer).get('status', 'nothing')}")
    elif path == http.VERSION and not _object(answer).get("version"):
        faults.append(f"{path}: names no version")
    return faults


def _object(answer: Answer) -> Mapping[str, object]:
    """Return a JSON object; an empty one when it is none."""
    try:
        parsed: object = json.loads(answer.body)
    except ValueError:
        return {}
    return cast("Mapping[str, object]", parsed if isinstance(parsed, dict) else {})
