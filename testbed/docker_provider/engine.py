"""The Docker Engine API: build, inspect, push; over a Unix or TCP socket, each wait bounded.

It knows nothing of Pulumi: what is worth telling goes to a callback.
"""

import base64
import json
import os
import socket
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, cast

import docker
import requests
from docker import auth, errors
from docker.utils import kwargs_from_env

from testbed.docker_provider import ProviderError, names, trace
from testbed.docker_provider.inputs import Image

Tell = Callable[[str], None]
Params = dict[str, str | list[str]]

CALL_TIMEOUT_SECONDS = 20
BUILD_SILENCE_SECONDS = 1200
"""A step may compile for long without a word; after this the engine is taken for hung."""
PUSH_SILENCE_SECONDS = 120
TAIL_LINES = 25
"""How much of a failed build's output goes into the error."""

_START_HINT = (
    "Start the engine (`.venv/bin/testbed up` on the local platform), or say where it is: "
    "DOCKER_HOST, or `pulumi config set docker:host`"
)


class Engine:
    """One engine; safe to use from several threads."""

    def __init__(self, host: str | None) -> None:
        """Connect.

        Args:
            host: such as `unix:///run/docker.sock`; None means what the environment says.

        Raises:
            ProviderError: no engine answers there.
        """
        environment = dict(os.environ) | ({"DOCKER_HOST": host} if host else {})
        self.address = environment.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
        self._running: set[str] = set()
        self._cancelled = threading.Event()
        try:
            _probe(self.address)
            self._client = docker.APIClient(
                version="auto", timeout=CALL_TIMEOUT_SECONDS, **kwargs_from_env(environment)
            )
        except (errors.DockerException, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ProviderError(
                f"no Docker engine answers at {self.address}: {reason}. {_START_HINT}"
            ) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def build(self, image: Image, tar: IO[bytes], dockerfile: str, tell: Tell) -> None:
        """Build and tag an image.

        Raises:
            ProviderError: the build failed (with the last lines of its output), or the engine.
        """
        build_id = uuid.uuid4().hex
        self._running.add(build_id)
        try:
            self._build(image, tar, _build_params(image, dockerfile, build_id), tell)
        finally:
            self._running.discard(build_id)

    def _build(self, image: Image, tar: IO[bytes], params: Params, tell: Tell) -> None:
        tail: deque[str] = deque(maxlen=TAIL_LINES)
        built = False
        headers = {"Content-Type": "application/x-tar"}
        for message in self._stream(
            "/build", BUILD_SILENCE_SECONDS, params=params, data=tar, headers=headers
        ):
            if error := _error_of(message):
                raise ProviderError(_build_failure(image, error, list(tail)))
            # Both builders name the image in a record of their own.
            aux = message.get("aux")
            built = built or (isinstance(aux, dict) and "ID" in aux)
            for line in _lines_of(message):
                tell(line.text)
                if line.is_output:
                    tail.append(line.text)
        if not built:
            raise ProviderError(
                f"the build of {image.name} ended without an image: the Docker engine at "
                f"{self.address} broke off. Look at its log, then run again"
            )

    def image_id(self, name: str) -> str:
        """Return the id of a local image: `sha256:…`."""
        return str(self._inspect(name)["Id"])

    def push(self, image: Image, tell: Tell) -> str:
        """Push an image that was built; return `repository@sha256:…`.

        Raises:
            ProviderError: the registry did not take it, or the engine failed.
        """
        name = names.parse(image.name)
        registry = names.registry_host(image.registry.server) or name.registry
        stream = self._stream(
            f"/images/{name.repository}/push",
            PUSH_SILENCE_SECONDS,
            params={"tag": name.tag},
            headers={"X-Registry-Auth": _auth_header(image, registry)},
        )
        digest = ""
        for message in stream:
            if error := _error_of(message):
                raise ProviderError(_push_failure(image, registry, error))
            digest = message.get("aux", {}).get("Digest", digest)
            # Progress ticks by the hundred are of no use to anyone.
            if message.get("status") and not message.get("progressDetail"):
                tell(f"{message['status']} {message.get('id', '')}".strip())
        if digest:
            return f"{name.repository}@{digest}"
        return self._digest_of(image.name, name.repository)

    def cancel(self) -> None:
        """End the running builds, and pushes at their next message; nothing new begins."""
        self._cancelled.set()
        for build_id in tuple(self._running):
            self._send(
                "POST", "/build/cancel", CALL_TIMEOUT_SECONDS, params={"id": build_id}
            ).close()

    def _digest_of(self, name: str, repository: str) -> str:
        for digest in cast("list[str]", self._inspect(name).get("RepoDigests") or []):
            if digest.startswith(f"{repository}@"):
                return digest
        raise ProviderError(f"{name} was pushed, but the engine at {self.address} told no digest")

    def _inspect(self, name: str) -> Mapping[str, Any]:
        with self._send("GET", f"/images/{name}/json", CALL_TIMEOUT_SECONDS) as response:
            return response.json()

    def _stream(self, path: str, silence: float, **request: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - handed on to requests
        self._check_not_cancelled()
        with self._send("POST", path, silence, **request) as response:
            try:
                for line in response.iter_lines():
                    self._check_not_cancelled()
                    if line:
                        yield json.loads(line)
            except requests.RequestException as error:
                raise self._failure(error) from error

    def _send(self, method: str, path: str, silence: float, **request: Any) -> requests.Response:  # noqa: ANN401 - handed on to requests
        url = f"{self._client.base_url}/v{self._client.api_version}{path}"
        try:
            response = self._client.request(
                method, url, stream=True, timeout=(CALL_TIMEOUT_SECONDS, silence), **request
            )
        except requests.RequestException as error:
            raise self._failure(error) from error
        if response.ok:
            return response
        with response:
            raise ProviderError(f"the Docker engine at {self.address} refused: {_reason(response)}")

    def _check_not_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise ProviderError("cancelled, because Pulumi was told to stop")

    def _failure(self, error: Exception) -> ProviderError:
        return ProviderError(
            f"the Docker engine at {self.address} stopped answering: {error}. {_START_HINT}"
        )


def _probe(address: str) -> None:
    """Try the socket, for an error that a person can read: docker-py wraps it in three others."""
    path = address.removeprefix("unix://")
    if path != address:
        with socket.socket(socket.AF_UNIX) as tried:
            tried.settimeout(CALL_TIMEOUT_SECONDS)
            tried.connect(path)


def _build_params(image: Image, dockerfile: str, build_id: str) -> Params:
    params: Params = {
        "version": image.builder,
        "buildid": build_id,
        "t": image.name,
        "dockerfile": dockerfile,
        "platform": image.platform,
        "target": image.target,
        "networkmode": image.network,
        "extrahosts": list(image.extra_hosts),
        "buildargs": json.dumps(dict(image.args)) if image.args else "",
        "cachefrom": json.dumps(list(image.cache_from)) if image.cache_from else "",
        "rm": "1",
    }
    return {key: value for key, value in params.items() if value}


def _lines_of(message: Mapping[str, Any]) -> Iterator[trace.Line]:
    if message.get("id") == trace.TRACE_ID:
        yield from trace.decode(str(message.get("aux", "")))
    # The classic builder writes plain text.
    text = str(message.get("stream", ""))
    yield from (trace.Line(line, is_output=True) for line in text.splitlines() if line.strip())


def _auth_header(image: Image, registry: str) -> bytes:
    given = image.registry
    if given.username and given.password:
        login = {"username": given.username, "password": given.password, "serveraddress": registry}
    else:
        config = auth.load_config()  # pyright: ignore[reportUnknownMemberType] - docker-py is partly typed
        login = cast("object", config.resolve_authconfig(registry))  # pyright: ignore[reportUnknownMemberType] - docker-py is partly typed
    return base64.urlsafe_b64encode(json.dumps(login or {}).encode())


def _error_of(message: Mapping[str, Any]) -> str:
    detail = cast("Mapping[str, Any]", message.get("errorDetail") or {})
    return str(detail.get("message") or message.get("error") or "")


def _build_failure(image: Image, error: str, tail: list[str]) -> str:
    text = f"building {image.name} from {image.dockerfile} failed: {error}"
    if not tail:
        return text
    output = "\n".join(f"  {line}" for line in tail)
    return f"{text}\nThe build's last lines:\n{output}"


def _push_failure(image: Image, registry: str, error: str) -> str:
    return (
        f"pushing {image.name} to the registry {registry} failed: {error}. See that it runs and "
        "that the engine reaches it; if it asks for a login, set registry.username and "
        f"registry.password, or run `docker login {registry}`"
    )


def _reason(response: requests.Response) -> str:
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {response.status_code} {response.reason}"
