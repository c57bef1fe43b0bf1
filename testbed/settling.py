"""After a start in place: the API shows pods as they were, until the kubelet has told it better."""

import json
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from testbed import cluster
from testbed.paths import Paths
from testbed.shell import say

_SECONDS = 60.0
_POLL_SECONDS = 0.3


def unsettled(pods: Iterable[Mapping[str, Any]], since: datetime) -> list[str]:
    """Return the pods (as the API shows them) that do not run again since then, or are not ready.

    A pod that has ended or is being deleted is left out: nothing waits for it.
    """
    return [_name(pod) for pod in pods if _should_run(pod) and not _runs_since(pod, since)]


def _name(pod: Mapping[str, Any]) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _should_run(pod: Mapping[str, Any]) -> bool:
    ended = pod["status"].get("phase") in {"Succeeded", "Failed"}
    return not ended and "deletionTimestamp" not in pod["metadata"]


def _runs_since(pod: Mapping[str, Any], since: datetime) -> bool:
    # The API tells whole seconds.
    moment = since.replace(microsecond=0)
    containers: list[dict[str, Any]] = pod["status"].get("containerStatuses") or []
    return bool(containers) and all(
        container.get("ready") and _started(container) >= moment for container in containers
    )


def _started(container: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(container["state"]["running"]["startedAt"])


def wait_for_pods(paths: Paths, since: datetime) -> None:
    """Wait until the pods that there were run again; which do not is told, and is no failure."""
    deadline = time.monotonic() + _SECONDS
    while left := unsettled(_pods(paths), since):
        if time.monotonic() > deadline:
            say(f"  not ready after {_SECONDS:.0f} s: {', '.join(left)}; see kubectl describe pod")
            return
        time.sleep(_POLL_SECONDS)


def _pods(paths: Paths) -> list[dict[str, Any]]:
    return json.loads(cluster.kubectl(paths, "get", "pods", "-A", "-o", "json"))["items"]
