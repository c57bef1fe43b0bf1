"""The API server of the one cluster that the stack config names, and the pods behind it.

Pods are asked through the API server's proxy: no port is forwarded, no Prometheus is needed, and it
works from a laptop and from CI alike. Every question has a deadline as a whole: time-outs per phase
do not stop a pod that answers byte by byte.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import httpx2
from lightkube.config import client_adapter
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.core.async_client import AsyncClient
from lightkube.core.exceptions import ApiError, ConfigError

from bot.contract import kubeconfig
from bot.contract.addresses import is_loopback
from bot.contract.http import PORT
from release.drive.ports import PortError

BODY_BYTES_MAX = 8 << 20
_CLIENT_ERROR = 400
_LOG_BYTES = 16 << 10
_ERROR_CHARACTERS = 300


class ClusterError(PortError):
    """The cluster, or a pod in it, cannot be asked; the text says which and what to set."""


@dataclass(frozen=True, slots=True)
class Timings:
    """How long things may take, in seconds."""

    connect: float = 2.0
    answer: float = 4.0
    """From the question to the last byte."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a pod said."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class Kube:
    """One namespace of one cluster."""

    def __init__(
        self,
        config: SingleConfig,
        namespace: str,
        timings: Timings | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            config: cluster and user.
            namespace: where the stack lives.
            timings: how long things may take.
            transport: replaces the network in tests.
        """
        self.namespace = namespace
        self.server = config.cluster.server
        self._timings = timings or Timings()
        timeout = httpx2.Timeout(self._timings.answer, connect=self._timings.connect)
        # A proxy of the environment must not stand before a cluster on this machine.
        direct = is_loopback(urlsplit(self.server).hostname or "")
        self.api = AsyncClient(
            config, namespace=namespace, timeout=timeout, trust_env=not direct, transport=transport
        )
        self._http = client_adapter.AsyncClient(
            config,
            client_adapter.ConnectionParams(
                timeout=timeout,
                trust_env=not direct,
                transport=cast("httpx2.BaseTransport", transport),  # its one type is for both kinds
            ),
        )

    @classmethod
    def connect(cls, context: str, namespace: str, env: Mapping[str, str]) -> "Kube":
        """Prepare to ask the cluster of this context; the files' current context never counts.

        Raises:
            ClusterError: no kubeconfig has it; names those that there are.
        """
        return cls(
            find_context(context, env.get("KUBECONFIG") or kubeconfig.DEFAULT_PATHS), namespace
        )

    async def close(self) -> None:
        """Close the connections."""
        await self.api.aclose()
        await self._http.aclose()

    async def ask_pod(self, pod: str, path: str) -> Answer:
        """Ask a pod's HTTP port.

        Raises:
            ClusterError: there was no answer; what the pod says with 4xx or 5xx is one.
        """
        return await self._ask(f"pod {pod}", f"pods/http:{pod}:{PORT}", path)

    async def ask_service(self, service: str, port: str, path: str) -> Answer:
        """Ask whichever pod a Service selects; each question may reach another one.

        Raises:
            ClusterError: there was no answer, or no pod.
        """
        return await self._ask(f"Service {service}", f"services/http:{service}:{port}", path)

    @asynccontextmanager
    async def bounded(self, what: str) -> AsyncGenerator[None]:
        """Put a deadline on what is asked inside, and say what failed in words for people.

        Raises:
            ClusterError: it failed, or took too long.
        """
        try:
            async with asyncio.timeout(self._timings.answer + self._timings.connect):
                yield
        except TimeoutError as error:
            raise ClusterError(f"{what}: no answer in time from {self.server}") from error
        except ApiError as error:
            status = error.status
            raise ClusterError(
                f"{what}: {status.code} {status.message or status.reason}"
            ) from error
        except (httpx2.HTTPError, ConfigError, OSError) as error:
            why = str(error)[:_ERROR_CHARACTERS] or type(error).__name__
            raise ClusterError(f"{what}: {self.server} cannot be asked: {why}") from error

    async def log_lines(self, pod: str, lines: int, *, previous: bool) -> tuple[str, ...]:
        """Return the end of a pod's log, of the container before the present one if so asked.

        Raises:
            ClusterError: there is none.
        """
        params = {"tailLines": lines, "limitBytes": _LOG_BYTES, "previous": previous}
        path = f"pods/{pod}/log?{httpx2.QueryParams(params)}"
        answer = await self._get(f"log of pod {pod}", path)
        if answer.status >= _CLIENT_ERROR:
            raise ClusterError(f"log of pod {pod}: {answer.status}")
        return tuple(answer.body.decode(errors="replace").splitlines()[-lines:])

    async def _ask(self, what: str, target: str, path: str) -> Answer:
        answer = await self._get(f"{what} {path}", f"{target}/proxy{path}")
        if (why := _api_server_error(answer)) is not None:
            raise ClusterError(f"{what} {path}: {answer.status} from the API server: {why}")
        return answer

    async def _get(self, what: str, path: str) -> Answer:
        url = f"/api/v1/namespaces/{self.namespace}/{path}"
        async with self.bounded(what), self._http.stream("GET", url) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > BODY_BYTES_MAX:
                    raise ClusterError(f"{what}: answers more than {BODY_BYTES_MAX} bytes")
            return Answer(response.status_code, dict(response.headers), bytes(body))


def _api_server_error(answer: Answer) -> str | None:
    """Return what the API server says in the place of a pod that did not answer, or None."""
    if answer.status < _CLIENT_ERROR:
        return None
    try:
        payload: object = json.loads(answer.body)
    except ValueError:
        return None
    known = cast("Mapping[str, object]", payload if isinstance(payload, dict) else {})
    if known.get("kind") != "Status":
        return None
    return str(known.get("message") or known.get("reason"))[:_ERROR_CHARACTERS]


def find_context(context: str, paths: str) -> SingleConfig:
    """Find the context in one or several kubeconfig files, given as in KUBECONFIG.

    Raises:
        ClusterError: no file has it.
    """

    def contexts(file: Path) -> dict[str, SingleConfig | None]:
        config = KubeConfig.from_file(file)
        return {name: config.get(context_name=name) for name in config.contexts}

    try:
        return kubeconfig.find_context(context, paths, contexts)
    except kubeconfig.UnknownContextError as error:
        raise ClusterError(str(error)) from None
