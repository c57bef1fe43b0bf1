"""Asks the cluster what runs, through the one context that the config names.

Imported only when something is asked: a preview must not pay for the client.
"""

import os
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from httpx2 import Timeout
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.core.client import Client
from lightkube.core.exceptions import ApiError
from lightkube.models.core_v1 import ContainerStatus
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap
from lightkube.resources.core_v1 import Pod as KubePod
from typing_extensions import override

from bot.contract import kubeconfig
from bot.contract.addresses import is_loopback
from bot.contract.color import Color
from bot.contract.ledger import is_ledger_name
from bot.contract.release import (
    QUARANTINE_CONFIGMAP,
    UNDER_WAY_CONFIGMAP,
    UnderWay,
    read_quarantine,
)
from infra import names
from infra.guard.readiness import Pod, Rollout
from infra.guard.release_mark import ReleaseMarks
from infra.guard.watch import Cluster
from infra.names import Names

JOB_LABEL = "job-name"
"""Kubernetes gives it to the pods of a Job."""
_TIMEOUT_SECONDS = 5.0
_DETAIL_CHARACTERS = 800


class ClusterError(RuntimeError):
    """The cluster cannot be asked; the text says what to set."""


@dataclass(frozen=True, slots=True)
class KubeCluster(Cluster):
    """What `infra.guard.watch` must know, from the API server."""

    client: Client
    stack: Names

    @classmethod
    def connect(cls, context: str, stack: Names) -> "KubeCluster":
        """Prepare to ask the cluster of this context; nothing is sent yet."""
        config = find_context(context, os.environ.get("KUBECONFIG") or kubeconfig.DEFAULT_PATHS)
        client = Client(
            config,
            namespace=stack.namespace,
            timeout=Timeout(_TIMEOUT_SECONDS),
            trust_env=not is_loopback(urlsplit(config.cluster.server).hostname or ""),
        )
        return cls(client, stack)

    @override
    def look(self, color: Color) -> tuple[list[Pod], Rollout]:
        return self._pods(), self._rollout(color)

    @override
    def release_marks(self) -> ReleaseMarks:
        """Return what releases wrote down: two ConfigMaps that nobody else declares."""
        return ReleaseMarks(
            read_quarantine(self._data(QUARANTINE_CONFIGMAP)),
            UnderWay.from_data(self._data(UNDER_WAY_CONFIGMAP)),
        )

    @override
    def ledger(self, job: str) -> str:
        pods = self.client.list(  # pyright: ignore[reportUnknownMemberType]  # its label type is loose
            KubePod, labels={JOB_LABEL: job}
        )
        return next((word for pod in pods for word in last_words(pod) if is_ledger_name(word)), "")

    def _data(self, name: str) -> dict[str, str]:
        """Return what a ConfigMap says; nothing when there is none."""
        try:
            config_map = self.client.get(ConfigMap, name)
        except ApiError as error:
            if error.status.code == HTTPStatus.NOT_FOUND:
                return {}
            raise
        return cast(
            "dict[str, str]",
            config_map.data or {},  # pyright: ignore[reportUnknownMemberType]  # a bare dict there
        )

    def _pods(self) -> list[Pod]:
        pods = self.client.list(  # pyright: ignore[reportUnknownMemberType]  # its label type is loose
            KubePod, labels={**self.stack.labels}
        )
        return [pod for one in pods for pod in read_pods(one)]

    def _rollout(self, color: Color) -> Rollout:
        deployment = self.client.get(Deployment, self.stack.deployment(color))
        status, metadata = deployment.status, deployment.metadata
        if status is None or metadata is None:
            return Rollout(observed=False, updated_replicas=0)
        return Rollout(
            observed=(status.observedGeneration or 0) >= (metadata.generation or 0),
            updated_replicas=status.updatedReplicas or 0,
        )


def find_context(context: str, paths: str) -> SingleConfig:
    """Find the context in one or several kubeconfig files.

    Args:
        context: its name; the files' own current context does not count.
        paths: as in KUBECONFIG.

    Raises:
        ClusterError: no file has it; names those that there are.
    """

    def contexts(file: Path) -> dict[str, SingleConfig | None]:
        config = KubeConfig.from_file(file)
        return {name: config.get(context_name=name) for name in config.contexts}

    try:
        return kubeconfig.find_context(context, paths, contexts)
    except kubeconfig.UnknownContextError as error:
        raise ClusterError(str(error)) from None


def last_words(pod: KubePod) -> list[str]:
    """Return what the containers of a pod left behind when they ended."""
    states = [status.state for status in (pod.status and pod.status.containerStatuses) or []]
    return [state.terminated.message or "" for state in states if state and state.terminated]


def read_pods(pod: KubePod) -> list[Pod]:
    """Translate one pod; none comes back when it is not of a color, or has no bot in it."""
    metadata, spec, status = pod.metadata, pod.spec, pod.status
    if metadata is None or spec is None or status is None:
        return []
    labels = cast(
        "dict[str, str]",
        metadata.labels or {},  # pyright: ignore[reportUnknownMemberType]  # a bare dict there
    )
    color = labels.get(names.COLOR_LABEL)
    images = [container.image for container in spec.containers if container.name == names.CONTAINER]
    if color not in list(Color) or not images:
        return []
    conditions = {condition.type: condition for condition in status.conditions or []}
    ready = "Ready" in conditions and conditions["Ready"].status == "True"
    reason, detail = _why(status.containerStatuses or [])
    scheduled = conditions.get("PodScheduled")
    if not reason and scheduled is not None and scheduled.status != "True":
        reason, detail = scheduled.reason or "", scheduled.message or ""
    return [
        Pod(
            name=metadata.name or "",
            color=Color(color),
            image=images[0] or "",
            ready=ready,
            terminating=metadata.deletionTimestamp is not None,
            reason=reason,
            detail=detail[:_DETAIL_CHARACTERS],
        )
    ]


def _why(statuses: list[ContainerStatus]) -> tuple[str, str]:
    """Return why the bot's container does not run; how it ended last is the better detail."""
    for status in statuses:
        if status.name != names.CONTAINER or status.state is None:
            continue
        last = status.lastState.terminated if status.lastState else None
        ended = f"exit code {last.exitCode}; {status.restartCount} restarts" if last else ""
        if waiting := status.state.waiting:
            return waiting.reason or "", ended or waiting.message or ""
        if terminated := status.state.terminated:
            return terminated.reason or "Terminated", f"exit code {terminated.exitCode}"
    return "", ""
