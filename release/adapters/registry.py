"""What an image says of itself, read from its registry: the port `Images`.

Every body is held against the digest that named it, so the label is of the very content that was
pinned, whatever stands between here and the registry. The wire format is that of the OCI
distribution specification (1.1), which every registry speaks.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

import httpx2
from typing_extensions import override

from bot.contract.release import digest_of
from release.adapters.registry_login import Logins, is_here, split
from release.drive.ports import Images, PortError

ANSWER_SECONDS = 10.0
"""For all questions about one image together."""
BODY_BYTES_MAX = 4 << 20
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')

Object = Mapping[str, object]


class RegistryError(PortError):
    """The registry did not tell; the text says which, and why."""


@dataclass
class Registries(Images):
    """Asks the registry that a reference names. What a digest says never changes: asked once."""

    logins: Logins
    transport: httpx2.AsyncBaseTransport | None = None
    """Replaces the network in tests."""
    _known: dict[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    @override
    async def labels(self, reference: str) -> Mapping[str, str]:
        if reference not in self._known:
            async with self._asking(reference, f"the labels of {reference}") as repository:
                labels = await repository.labels(digest_of(reference))
            self._known[reference] = {key: str(value) for key, value in labels.items()}
        return self._known[reference]

    @override
    async def digest(self, reference: str, tag: str) -> str:
        async with self._asking(reference, f"tag {tag}") as repository:
            return await repository.digest(tag)

    @asynccontextmanager
    async def _asking(self, reference: str, what: str) -> AsyncGenerator["_Repository"]:
        host, repository = split(reference)
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._client(host) as client:
                yield _Repository(client, self.logins, host, repository)
        except TimeoutError as error:
            raise RegistryError(f"registry {host}: no answer in time about {what}") from error
        except (httpx2.HTTPError, OSError, ValueError, KeyError, TypeError) as error:
            why = str(error) or type(error).__name__
            raise RegistryError(f"registry {host}: {what} cannot be read: {why}") from error

    def _client(self, host: str) -> httpx2.AsyncClient:
        here = is_here(host)  # plain there, as Docker has it; and no proxy stands before it
        return httpx2.AsyncClient(
            base_url=f"{'http' if here else 'https'}://{host}",
            timeout=ANSWER_SECONDS,
            trust_env=not here,
            follow_redirects=True,
            transport=self.transport,
        )


@dataclass
class _Repository:
    """One repository of one registry."""

    client: httpx2.AsyncClient
    logins: Logins
    host: str
    name: str
    authorization: str = ""

    async def labels(self, digest: str) -> Object:
        manifest = await self._object("manifests", digest)
        if manifest.get("mediaType") in _INDEXES or "manifests" in manifest:
            manifest = await self._object("manifests", _any_platform(manifest))
        config = await self._object("blobs", str(_inner(manifest, "config")["digest"]))
        return _inner(config, "config", "Labels")

    async def digest(self, tag: str) -> str:
        status, body = await self._get(f"/v2/{self.name}/manifests/{tag}")
        return (
            "" if status == HTTPStatus.NOT_FOUND else f"sha256:{hashlib.sha256(body).hexdigest()}"
        )

    async def _object(self, kind: str, digest: str) -> Object:
        path = f"/v2/{self.name}/{kind}/{digest}"
        status, body = await self._get(path)
        if status != HTTPStatus.OK:
            raise ValueError(f"{path}: {status}")
        if f"sha256:{hashlib.sha256(body).hexdigest()}" != digest:
            raise ValueError(f"what it gave for {digest} is something else")
        return _object(body)

    async def _get(self, path: str) -> tuple[int, bytes]:
        status, headers, body = await self._ask(path)
        if status == HTTPStatus.UNAUTHORIZED and not self.authorization:
            self.authorization = await self._authorized(headers.get("www-authenticate", ""))
            status, headers, body = await self._ask(path)
        if status not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
            raise ValueError(f"{path}: {status}")
        return status, body

    async def _ask(self, path: str) -> tuple[int, Mapping[str, str], bytes]:
        headers = {"Accept": ", ".join((*_INDEXES, *_MANIFESTS, "*/*"))}
        if self.authorization:
            headers["Authorization"] = self.authorization
        async with self.client.stream("GET", path, headers=headers) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > BODY_BYTES_MAX:
                    raise ValueError(f"{path}: more than {BODY_BYTES_MAX} bytes")
            return response.status_code, response.headers, bytes(body)

    async def _authorized(self, challenge: str) -> str:
        """Return the header that the registry wants, with a token got as it says."""
        basic = await self.logins.basic(self.host)
        kind, _, rest = challenge.partition(" ")
        if kind.lower() != "bearer":
            if not basic:
                raise ValueError(f"it wants a login; `docker login {self.host}`")
            return basic
        parameters = dict(_CHALLENGE.findall(rest))
        answer = await self.client.get(
            parameters["realm"],
            params={key: parameters[key] for key in ("service", "scope") if key in parameters},
            headers={"Authorization": basic} if basic else {},
        )
        if answer.status_code != HTTPStatus.OK:
            hint = "" if basic else f"; `docker login {self.host}`"
            raise ValueError(f"it gives no token: {answer.status_code}{hint}")
        got = _object(answer.content)
        return f"Bearer {got.get('token') or got['access_token']}"


def _any_platform(index: Object) -> str:
    """Return an image of the index: all of them are built with one version."""
    for each in cast("list[Object]", index["manifests"]):
        if _inner(each, "platform").get("os", "linux") != "unknown":  # that is an attestation
            return str(each["digest"])
    raise ValueError("an index without an image")


def _inner(parent: Object, *path: str) -> Object:
    for key in path:
        inner = parent.get(key)
        parent = cast("Object", inner if isinstance(inner, dict) else {})
    return parent


def _object(body: bytes) -> Object:
    parsed: object = json.loads(body)
    if not isinstance(parsed, dict):
        raise TypeError("no JSON object")
    return cast("Object", parsed)
