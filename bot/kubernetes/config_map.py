"""One ConfigMap, watched through the Kubernetes API: a change takes milliseconds.

It knows nothing of what the ConfigMap says: a `Viewer` is told each edition, in order. Only where a
watch was lost are editions left out, and then `fail` comes before the next `show`.

Least rights: `list` and `watch` on that one name (a field selector on `metadata.name` is what lets
a role with `resourceNames` grant them). Watches are short: a connection that died without a word is
noticed when the server's own end of the watch stays out: after seconds, not the kernel's hours.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal, Protocol

import httpx2
from pydantic import BaseModel, Field, JsonValue

from bot.config.settings import KUBERNETES_HOST
from bot.process.clock import Clock

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
ANSWER_BYTES_MAX = 4 << 20
"""Larger than any ConfigMap (1 MiB), escaped and with its managed fields."""
GONE = 410


@dataclass(frozen=True, slots=True)
class Timings:
    """How long things may take, in seconds."""

    watch: int = 5
    """After this the server ends a watch by itself, and the next one begins."""
    silence: float = 2.0
    """How much later than that a silent connection counts as dead."""
    connect: float = 2.0
    pause: float = 0.2
    """Between the starts of two watches at least, for a server that ends them at once."""
    backoff_min: float = 0.1
    backoff_max: float = 2.0

    def __post_init__(self) -> None:
        """Hold the ones that depend on each other."""
        assert self.pause < self.watch  # noqa: S101 - a mistake of a programmer, not of a user
        assert 0 < self.backoff_min <= self.backoff_max  # noqa: S101 - a programming error


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach the API server, and what to watch there."""

    base_url: str
    namespace: str
    name: str
    token_file: Path = SERVICE_ACCOUNT / "token"
    ca_file: Path | None = SERVICE_ACCOUNT / "ca.crt"

    @classmethod
    def in_cluster(cls, environ: Mapping[str, str], namespace: str, name: str) -> "Access":
        """Return what every pod is given."""
        host = environ[KUBERNETES_HOST]
        port = environ.get("KUBERNETES_SERVICE_PORT", "443")
        return cls(f"https://{f'[{host}]' if ':' in host else host}:{port}", namespace, name)


class Viewer(Protocol):
    """Who is told what the ConfigMap says. `generation`, uid and version, is for equality only."""

    def show(self, data: Mapping[str, str], generation: str) -> None:
        """Take what it says now."""
        ...

    def refuse(self, reason: str, generation: str) -> None:
        """Note that there is none, and why."""
        ...

    def confirm(self) -> None:
        """Note that the API server was reached and nothing changed."""
        ...

    def fail(self, reason: str) -> None:
        """Note that the API server cannot be followed, and why."""
        ...


class WatchError(Exception):
    """The API server answered something that cannot be followed; list again."""


class _Meta(BaseModel):
    name: str = ""
    uid: str = ""
    resource_version: str = Field("", alias="resourceVersion")


class _ConfigMap(BaseModel):
    metadata: _Meta
    data: dict[str, str] | None = None

    @property
    def generation(self) -> str:
        return f"{self.metadata.uid}/{self.metadata.resource_version}"


class _List(BaseModel):
    metadata: _Meta
    items: list[_ConfigMap]


class _Event(BaseModel):
    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]
    object: dict[str, JsonValue]


class ConfigMapWatch:
    """List, then watch from there; on any trouble wait a little and list again."""

    def __init__(
        self, access: Access, clock: Clock, random: Random, timings: Timings | None = None
    ) -> None:
        self._access = access
        self._clock = clock
        self._random = random
        self._timings = timings or Timings()

    async def run(self, viewer: Viewer) -> None:
        """Follow the ConfigMap until cancelled."""
        failures = 0
        while True:
            started = self._clock.monotonic()
            try:
                await self._follow(viewer)
            except (WatchError, httpx2.HTTPError, OSError, ValueError) as error:
                lasted = self._clock.monotonic() - started
                failures = 1 if lasted >= self._timings.watch else failures + 1
                viewer.fail(
                    f"{self._access.base_url}: {type(error).__name__}: {_first_line(error)}"
                )
            await asyncio.sleep(self._backoff(failures))

    def _backoff(self, failures: int) -> float:
        timings = self._timings
        longest = min(timings.backoff_max, timings.backoff_min * 2 ** min(failures, 10))
        return self._random.uniform(longest / 2, longest)

    async def _follow(self, viewer: Viewer) -> None:
        """List and watch over one client; ends only by an error. Token and CA are read anew."""
        async with self._client() as client:
            version = await self._list(client, viewer)
            while True:
                started = self._clock.monotonic()
                version = await self._watch(client, viewer, version)
                elapsed = self._clock.monotonic() - started
                await asyncio.sleep(max(0.0, self._timings.pause - elapsed))

    def _client(self) -> httpx2.AsyncClient:
        timings = self._timings
        ca = self._access.ca_file
        return httpx2.AsyncClient(
            base_url=self._access.base_url,
            verify=ssl.create_default_context(cafile=str(ca)) if ca else True,
            timeout=httpx2.Timeout(timings.connect, read=timings.watch + timings.silence),
            trust_env=False,  # the API server is reached directly, whatever proxy trading needs
        )

    async def _list(self, client: httpx2.AsyncClient, viewer: Viewer) -> str:
        body = bytearray()
        async with self._ask(client, {}) as lines:
            async for line in lines:
                body += line
        listing = _List.model_validate_json(bytes(body))
        ours = [item for item in listing.items if item.metadata.name == self._access.name]
        if ours:
            viewer.show(ours[0].data or {}, ours[0].generation)
        else:
            viewer.refuse(f"{self._what}: no such ConfigMap", listing.metadata.resource_version)
        return listing.metadata.resource_version

    async def _watch(self, client: httpx2.AsyncClient, viewer: Viewer, version: str) -> str:
        """Follow events until the server ends the watch; return the version to go on from."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(self._timings.watch),
        }
        async with self._ask(client, query) as lines:
            viewer.confirm()
            async for line in lines:
                version = self._take(_Event.model_validate_json(line), viewer) or version
        viewer.confirm()
        return version

    def _take(self, event: _Event, viewer: Viewer) -> str:
        if event.type == "ERROR":
            if event.object.get("code") == GONE:
                raise WatchError("410 Gone: the version to go on from is too old")
            raise WatchError(f"the watch failed: {event.object.get('message')}")
        seen = _ConfigMap.model_validate(event.object)
        if event.type == "BOOKMARK":
            viewer.confirm()
        elif seen.metadata.name == self._access.name:
            if event.type == "DELETED":
                viewer.refuse(f"{self._what}: was deleted", seen.generation)
            else:
                viewer.show(seen.data or {}, seen.generation)
        return seen.metadata.resource_version

    @asynccontextmanager
    async def _ask(
        self, client: httpx2.AsyncClient, query: Mapping[str, str]
    ) -> AsyncGenerator[AsyncIterator[bytes], None]:
        """Ask, and give the lines of the answer. Bounded in time and in size."""
        url = f"/api/v1/namespaces/{self._access.namespace}/configmaps"
        params = {"fieldSelector": f"metadata.name={self._access.name}", **query}
        timings = self._timings
        async with (
            asyncio.timeout(timings.watch + timings.silence + timings.connect),
            client.stream("GET", url, params=params, headers=self._headers()) as response,
        ):
            if not response.is_success:
                raise WatchError(f"HTTP {response.status_code} for {self._what}")
            yield split_lines(response.aiter_bytes())

    def _headers(self) -> dict[str, str]:
        """Read the token for each request: Kubernetes renews the file, and old ones expire."""
        token = self._access.token_file.read_text(encoding="ascii").strip()
        return {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    @property
    def _what(self) -> str:
        return f"ConfigMap {self._access.namespace}/{self._access.name}"


async def split_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield lines without their end, the last one also when its end is missing.

    Raises:
        WatchError: a line is longer than ANSWER_BYTES_MAX.
    """
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > ANSWER_BYTES_MAX:
            raise WatchError(f"an answer of more than {ANSWER_BYTES_MAX} bytes")
        for line in lines:
            if line:
                yield line
    if rest:
        yield rest


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else "no answer in time"
