"""Asks the cluster what runs, through the one context that the config names.

Imported only when something is asked: a preview must not pay for the client.
"""

import os
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
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

from bot.contract.color import Color
from bot.contract.release import (
    QUARANTINE_CONFIGMAP,
    UNDER_WAY_CONFIGMAP,
    UnderWay,
    read_quarantine,
)
from infra import names
from infra.guard.readiness import Pod, Rollout
from infra.guard.release_mark import Standing
from infra.names import Names

_TIMEOUT_SECONDS = 5.0
_DETAIL_CHARACTERS = 800
_DEFAULT_KUBECONFIG = "~/.kube/config"


class ClusterError(RuntimeError):
    """The cluster cannot be asked; the text says what to set."""


@dataclass(frozen=True, slots=True)
class KubeCluster:
    """What `infra.guard.watch` wants to know, from the API server."""

    client: Client
    stack: Names

    @classmethod
    def connect(cls, context: str, stack: Names) -> "KubeCluster":
        """Prepare to ask the cluster of this context; nothing is sent yet."""
        config = find_context(context, os.environ.get("KUBECONFIG") or _DEFAULT_KUBECONFIG)
        client = Client(
            config,
            namespace=stack.namespace,
            timeout=Timeout(_TIMEOUT_SECONDS),
            trust_env=not _is_loopback(config.cluster.server),
        )
        return cls(client, stack)

    def look(self, color: Color) -> tuple[list[Pod], Rollout]:
        """Return the pods of both colors, and how far this color's Deployment has come."""
        return self._pods(), self._rollout(color)

    def standing(self) -> Standing:
        """Return what releases wrote down: two ConfigMaps that nobody else declares."""
        return Standing(
            read_quarantine(self._data(QUARANTINE_CONFIGMAP)),
            UnderWay.from_data(self._data(UNDER_WAY_CONFIGMAP)),
        )

    def _data(self, name: str) -> dict[str, str]:
        """Return what a ConfigMap says; nothing when there is none."""
        try:
            found = self.client.get(ConfigMap, name)
        except ApiError as error:
            if error.status.code == HTTPStatus.NOT_FOUND:
                return {}
            raise
        return cast(
            "dict[str, str]",
            found.data or {},  # pyright: ignore[reportUnknownMemberType]  # a bare dict there
        )

    def _pods(self) -> list[Pod]:
        found = self.client.list(  # pyright: ignore[reportUnknownMemberType]  # its label type is loose
            KubePod, labels={**self.stack.labels}
        )
        return [pod for one in found for pod in read_pods(one)]

    def _rollout(self, color: Color) -> Rollout:
        found = self.client.get(Deployment, self.stack.deployment(color))
        status, metadata = found.status, found.metadata
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
    known: list[str] = []
    for path in paths.split(os.pathsep):
        file = Path(path).expanduser()
        if not file.is_file():
            continue
        config = KubeConfig.from_file(file)
        if context in config.contexts and (found := config.get(context_name=context)):
            return found
        known += config.contexts
    raise ClusterError(
        f"context: {context!r} is not in the kubeconfig ({paths}), which knows: "
        f"{', '.join(known) or 'none'}; set KUBECONFIG, or `pulumi config set context …`"
    )


def _is_loopback(server: str) -> bool:
    """A proxy of the environment must not stand before a cluster on this machine."""
    host = urlsplit(server).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_pods(found: KubePod) -> list[Pod]:
    """Translate one pod; none comes back when it is not of a color, or has no bot in it."""
    metadata, spec, status = found.metadata, found.spec, found.status
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
