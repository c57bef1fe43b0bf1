"""The label of a digest, from a registry as the distribution specification has it."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from release.adapters.registry import Registries, RegistryError
from release.adapters.registry_login import Logins, split

HOST = "registry.example"
TOKEN = "a-token"  # noqa: S105 - of tests


@dataclass
class FakeRegistry:
    """Holds blobs and manifests by digest; may want a token, or a login for it."""

    content: dict[str, bytes] = field(default_factory=dict[str, bytes])
    wants: str = ""
    login: str = ""
    asked: list[httpx2.Request] = field(default_factory=list[httpx2.Request])

    def put(self, document: Mapping[str, Any]) -> str:
        body = json.dumps(document).encode()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self.content[digest] = body
        return digest

    def image(self, labels: Mapping[str, str] | None) -> str:
        config = self.put({"config": {"Labels": labels}})
        return self.put({"config": {"digest": config}})

    def index(self, image: str) -> str:
        attestation = {"digest": "sha256:0", "platform": {"os": "unknown"}}
        own = {"digest": image, "platform": {"os": "linux", "architecture": "amd64"}}
        return self.put({"manifests": [attestation, own]})

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        given = request.headers.get("authorization", "")
        if request.url.path == "/token":
            assert request.url.params["scope"] == "repository:team/bot:pull"
            return httpx2.Response(200 if given == self.login else 401, json={"token": TOKEN})
        if self.wants and given != f"Bearer {TOKEN}":
            return httpx2.Response(401, headers={"WWW-Authenticate": self.wants})
        content = self.content.get(request.url.path.rpartition("/")[2])
        return httpx2.Response(404) if content is None else httpx2.Response(200, content=content)

    def registries(self, env: Mapping[str, str] | None = None) -> Registries:
        nowhere = {"HOME": "/nowhere"}
        return Registries(Logins(env or nowhere), httpx2.MockTransport(self.answer))


VERSION = {"org.opencontainers.image.version": "1.2.3"}
BEARER = f'Bearer realm="https://{HOST}/token",service="s",scope="repository:team/bot:pull"'


def _reference(digest: str) -> str:
    return f"{HOST}/team/bot@{digest}"


@pytest.mark.parametrize("many", [False, True])
async def test_the_label_of_a_digest_is_read_once(*, many: bool) -> None:
    registry = FakeRegistry()
    digest = registry.image(VERSION)
    reference = _reference(registry.index(digest) if many else digest)
    registries = registry.registries()
    assert await registries.labels(reference) == VERSION
    asked = len(registry.asked)
    assert await registries.labels(reference) == VERSION
    assert len(registry.asked) == asked


@pytest.mark.parametrize("labels", [None, {}, {"other": "x"}])
async def test_an_image_has_the_labels_that_it_has(labels: Mapping[str, str] | None) -> None:
    registry = FakeRegistry()
    actual = await registry.registries().labels(_reference(registry.image(labels)))
    assert actual == (labels or {})


async def test_a_tag_is_told_by_what_it_has_now() -> None:
    registry = FakeRegistry()
    digest = registry.image(VERSION)
    registry.content["1.2.3"] = registry.content[digest]
    registries = registry.registries()
    assert await registries.digest(_reference("sha256:0"), "1.2.3") == digest
    assert await registries.digest(_reference("sha256:0"), "1.2.4") == ""


async def test_a_token_is_got_as_the_registry_says() -> None:
    registry = FakeRegistry(wants=BEARER)
    assert await registry.registries().labels(_reference(registry.image(VERSION))) == VERSION


async def test_the_login_of_docker_is_used(tmp_path: Path) -> None:
    login = base64.b64encode(b"ada:secret").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {HOST: {"auth": login}}}))
    registry = FakeRegistry(wants=BEARER, login=f"Basic {login}")
    registries = registry.registries({"DOCKER_CONFIG": str(tmp_path)})
    assert await registries.labels(_reference(registry.image(VERSION))) == VERSION


async def test_a_credential_helper_of_docker_is_used(tmp_path: Path) -> None:
    helper = tmp_path / "docker-credential-test"
    helper.write_text('#!/bin/sh\nread -r host\necho \'{"Username": "ada", "Secret": "s"}\'\n')
    helper.chmod(0o755)
    (tmp_path / "config.json").write_text(json.dumps({"credHelpers": {HOST: "test"}}))
    env = {"DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"}
    login = base64.b64encode(b"ada:s").decode()
    assert await Logins(env).basic(HOST) == f"Basic {login}"


async def test_other_content_than_the_digest_names_is_an_error() -> None:
    registry = FakeRegistry()
    digest = registry.image(VERSION)
    registry.content[digest] = b'{"config": {}}'
    with pytest.raises(RegistryError, match="something else"):
        await registry.registries().labels(_reference(digest))


@pytest.mark.parametrize(
    ("registry", "message"),
    [
        (FakeRegistry(), "404"),
        (FakeRegistry(wants=BEARER, login="Basic other"), f"docker login {HOST}"),
        (FakeRegistry(wants='Basic realm="x"'), f"docker login {HOST}"),
        (FakeRegistry(wants="nonsense"), "wants a login"),
    ],
)
async def test_what_the_registry_does_not_tell_is_an_error(
    registry: FakeRegistry, message: str
) -> None:
    with pytest.raises(RegistryError, match=message):
        await registry.registries().labels(_reference("sha256:" + "1" * 64))


@pytest.mark.parametrize(
    ("reference", "host", "repository"),
    [
        ("127.0.0.1:5000/bot@sha256:0", "127.0.0.1:5000", "bot"),
        ("localhost/a/b@sha256:0", "localhost", "a/b"),
        ("ghcr.example/a/b:1.2@sha256:0", "ghcr.example", "a/b"),
        ("team/bot:1@sha256:0", "registry-1.docker.io", "team/bot"),
        ("bot@sha256:0", "registry-1.docker.io", "library/bot"),
    ],
)
def test_a_reference_names_registry_and_repository(
    reference: str, host: str, repository: str
) -> None:
    assert split(reference) == (host, repository)


async def test_a_registry_on_this_machine_is_asked_in_plain() -> None:
    registry = FakeRegistry()
    reference = f"127.0.0.1:5000/team/bot@{registry.image(VERSION)}"
    assert await registry.registries().labels(reference) == VERSION
    assert {request.url.scheme for request in registry.asked} == {"http"}
