"""A small API server: pods behind its proxy, their logs, and ConfigMaps with versions."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.contract.color import Color
from infra.outputs import ColorOutputs, StackOutputs
from release.adapters.kube import Kube, Timings

NAMESPACE = "trading-bot-test"
DIGEST = f"sha256:{'1' * 64}"
REVISION = "a" * 40
IMAGE = f"r.example/bot@{DIGEST}"
REFUSED, TIMEOUT, HANG = "refused", "timeout", "hang"
"""What a pod does instead of answering."""
TRUSTED = {"insecure-skip-tls-verify": True}
"""To read the machine's certificates takes longer than most tests."""
PATIENT = Timings(connect=10, answer=10)
"""Longer than any answer takes here, also on a loaded machine."""
IMPATIENT = Timings(connect=0.05, answer=0.15)
STACK = StackOutputs(
    active_color=Color.BLUE,
    canary_percent=0,
    namespace=NAMESPACE,
    live_service="bot",
    intent_config_map="bot-intent",
    blue=ColorOutputs(IMAGE, 2, "bot-blue", "bot-blue", "app=bot,color=blue"),
    green=ColorOutputs(IMAGE, 2, "bot-green", "bot-green", "app=bot,color=green"),
    migrations="app=bot,color=none",
)


def config(server: str = "http://kube.example") -> SingleConfig:
    single = KubeConfig.from_dict(  # pyright: ignore[reportUnknownMemberType]  # a bare dict there
        {
            "clusters": [{"name": "c", "cluster": {"server": server, **TRUSTED}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        }
    ).get("x")
    assert single is not None
    return single


@dataclass
class FakePod:
    """What it is, and what it answers by path; a number is a status, the words are troubles."""

    name: str
    color: str = "green"
    status: dict[str, Any] = field(default_factory=dict[str, Any])
    answers: dict[str, str | int] = field(default_factory=dict[str, str | int])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    log: str = ""
    previous_log: str = ""
    deleted: bool = False
    image: str = IMAGE

    def to_object(self) -> dict[str, Any]:
        deleted = {"deletionTimestamp": "2026-01-01T00:00:00Z"} if self.deleted else {}
        labels = {"app": "bot", "color": self.color}
        return {
            "metadata": {"name": self.name, "labels": labels, **deleted},
            "spec": {"containers": [{"name": "bot", "image": self.image}]},
            "status": self.status,
        }


def ready(**changes: object) -> dict[str, Any]:
    return state({"running": {}}, ready=True, **changes)


def state(now: Mapping[str, Any], *, ready: bool = False, **changes: object) -> dict[str, Any]:
    container = {"name": "bot", "image": IMAGE, "imageID": IMAGE, "ready": ready}
    return {
        "conditions": [{"type": "Ready", "status": str(ready)}],
        "containerStatuses": [{**container, "restartCount": 0, "state": now, **changes}],
    }


def serving(
    name: str, color: str = "green", answers: Mapping[str, str | int] | None = None
) -> FakePod:
    replies: dict[str, str | int] = {
        "/version": json.dumps({"version": "1.2.3", "revision": REVISION, "color": color}),
        "/health": json.dumps({"status": "pass"}),
        "/readyz": "ok",
        **(answers or {}),
    }
    return FakePod(name, color, ready(), replies, {"X-Bot-Color": color})


def kind_status(code: int, reason: str) -> JSONResponse:
    body = {"kind": "Status", "code": code, "reason": reason, "message": f"{reason}, it says"}
    return JSONResponse(body, code)


@dataclass
class FakeApi:
    """`broken` makes every answer that status; `conflicts` fails so many writes first."""

    pods: list[FakePod] = field(default_factory=list[FakePod])
    services: dict[str, str] = field(default_factory=dict[str, str])
    """Service → pod that answers."""
    config_maps: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    broken: int = 0
    conflicts: int = 0
    writes: int = 0
    version: int = 0

    def kube(self, timings: Timings = PATIENT) -> Kube:
        return Kube(config(), NAMESPACE, timings, httpx2.ASGITransport(self.app))

    @property
    def app(self) -> Starlette:
        base = f"/api/v1/namespaces/{NAMESPACE}"
        return Starlette(
            routes=[
                Route(f"{base}/pods", self._list),
                Route(f"{base}/pods/{{name}}/log", self._log),
                Route(f"{base}/pods/{{target}}/proxy{{path:path}}", self._pod),
                Route(f"{base}/services/{{target}}/proxy{{path:path}}", self._service),
                Route(f"{base}/configmaps", self._create, methods=["POST"]),
                Route(f"{base}/configmaps/{{name}}", self._config_map, methods=["GET"]),
                Route(f"{base}/configmaps/{{name}}", self._replace, methods=["PUT"]),
            ]
        )

    async def _list(self, request: Request) -> Response:
        if self.broken:
            return kind_status(self.broken, "Broken")
        selector = dict(p.split("=") for p in request.query_params["labelSelector"].split(","))
        objects = [pod.to_object() for pod in self.pods]
        items = [o for o in objects if selector.items() <= o["metadata"]["labels"].items()]
        return JSONResponse({"metadata": {"resourceVersion": "1"}, "items": items})

    async def _log(self, request: Request) -> Response:
        pod = self._find(request.path_params["name"])
        previous = request.query_params["previous"] == "true"
        text = pod.previous_log if previous else pod.log
        return PlainTextResponse(text) if text else kind_status(400, "BadRequest")

    async def _pod(self, request: Request) -> Response:
        scheme, name, port = request.path_params["target"].split(":")
        assert (scheme, port) == ("http", "8080")
        return await self._answer(self._find(name), request.path_params["path"])

    async def _service(self, request: Request) -> Response:
        scheme, name, port = request.path_params["target"].split(":")
        assert (scheme, port) == ("http", "http")
        if name not in self.services:
            return kind_status(503, "no endpoints available for service")
        return await self._answer(self._find(self.services[name]), request.path_params["path"])

    async def _answer(self, pod: FakePod, path: str) -> Response:
        answer = pod.answers.get(path, REFUSED)
        if answer == REFUSED:
            return kind_status(503, "error trying to reach service")
        if answer == TIMEOUT:
            raise httpx2.ReadTimeout("planted")  # as the client's own
        if answer == HANG:
            await asyncio.sleep(30)
        if isinstance(answer, int):
            return PlainTextResponse(f"status {answer}", answer, pod.headers)
        return PlainTextResponse(answer, headers=pod.headers)

    def _find(self, name: str) -> FakePod:
        return next(pod for pod in self.pods if pod.name == name)

    async def _config_map(self, request: Request) -> Response:
        if self.broken:
            return kind_status(self.broken, "Broken")
        config_map = self.config_maps.get(request.path_params["name"])
        return JSONResponse(config_map) if config_map else kind_status(404, "NotFound")

    async def _create(self, request: Request) -> Response:
        sent = await request.json()
        if sent["metadata"]["name"] in self.config_maps or self._overtaken():
            return kind_status(409, "AlreadyExists")
        return self._stored(sent)

    async def _replace(self, request: Request) -> Response:
        sent = await request.json()
        current = self.config_maps.get(request.path_params["name"])
        if current is None:
            return kind_status(404, "NotFound")
        stale = sent["metadata"].get("resourceVersion") != current["metadata"]["resourceVersion"]
        return kind_status(409, "Conflict") if stale or self._overtaken() else self._stored(sent)

    def _overtaken(self) -> bool:
        self.conflicts -= 1
        return self.conflicts >= 0

    def _stored(self, sent: dict[str, Any]) -> Response:
        self.writes += 1
        self.version += 1
        sent["metadata"]["resourceVersion"] = str(self.version)
        sent["metadata"]["uid"] = "u-1"
        self.config_maps[sent["metadata"]["name"]] = sent
        return JSONResponse(sent)
