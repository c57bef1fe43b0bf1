"""Asks each ready pod for its limits, through the API server's proxy.

So it works from a laptop and from CI alike, with the kubeconfig of the `up`: the right to `get`
`pods/proxy`. Imported only when something is asked: a preview must not pay for the client.
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast
from urllib.parse import urlsplit

from httpx2 import Client as Http
from httpx2 import HTTPError, Response, Timeout
from lightkube.config import client_adapter
from lightkube.core.client import Client
from lightkube.core.exceptions import ApiError
from lightkube.resources.core_v1 import Pod as KubePod
from typing_extensions import override

from bot.contract import http, kubeconfig
from bot.contract.addresses import is_loopback
from infra.guard.cluster import find_context, read_pods
from infra.guard.limits import PodLimits, Pods
from infra.names import Names

_TIMEOUT_SECONDS = 3.0
_ASKED_AT_ONCE = 8
_REASON_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class KubePods(Pods):
    """The pods of one stack."""

    client: Client
    http: Http
    stack: Names

    @classmethod
    def connect(cls, context: str, stack: Names) -> "KubePods":
        """Prepare to ask the cluster of this context; nothing is sent yet."""
        config = find_context(context, os.environ.get("KUBECONFIG") or kubeconfig.DEFAULT_PATHS)
        timeout = Timeout(_TIMEOUT_SECONDS)
        proxied = not is_loopback(urlsplit(config.cluster.server).hostname or "")
        return cls(
            Client(config, namespace=stack.namespace, timeout=timeout, trust_env=proxied),
            client_adapter.Client(
                config, client_adapter.ConnectionParams(timeout=timeout, trust_env=proxied)
            ),
            stack,
        )

    @override
    def limits(self) -> list[PodLimits]:
        try:
            listed = self.client.list(  # pyright: ignore[reportUnknownMemberType]  # its label type is loose
                KubePod, labels={**self.stack.labels}
            )
            pods = [pod for one in listed for pod in read_pods(one)]
        except (ApiError, HTTPError, OSError) as error:
            return [PodLimits("pods", reason=f"cannot be listed: {error or type(error).__name__}")]
        ready = [pod.name for pod in pods if pod.ready and not pod.terminating]
        with ThreadPoolExecutor(_ASKED_AT_ONCE) as threads:
            return list(threads.map(self._ask, ready))

    def _ask(self, pod: str) -> PodLimits:
        path = f"pods/http:{pod}:{http.PORT}/proxy{http.HEALTH}"
        try:
            answer = self.http.get(f"/api/v1/namespaces/{self.stack.namespace}/{path}")
        except HTTPError as error:
            return PodLimits(pod, reason=f"cannot be asked: {str(error) or type(error).__name__}")
        return read_limits(pod, answer)


def read_limits(pod: str, answer: Response) -> PodLimits:
    """Translate a pod's report of its health, or what the API server says in its place."""
    try:
        body: object = json.loads(answer.content)
    except ValueError:
        body = None
    report = cast("dict[str, object]", body if isinstance(body, dict) else {})
    if http.CONFIG_HASH in report:
        return PodLimits(
            pod,
            content_hash=str(report[http.CONFIG_HASH]),
            refused_hash=str(report.get(http.CONFIG_REFUSED, "")),
            reason=str(report.get(http.CONFIG_INVALID, "")),
        )
    forbidden = answer.status_code == HTTPStatus.FORBIDDEN
    why = str(report.get("message") or "no report of its health")[:_REASON_CHARACTERS]
    need = "; who runs the `up` needs the right to `get` `pods/proxy`" if forbidden else ""
    return PodLimits(
        pod, reason=f"cannot be asked: {answer.status_code} {why}{need}", hopeless=forbidden
    )
