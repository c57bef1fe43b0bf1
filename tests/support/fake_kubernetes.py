"""A small Kubernetes API server: one ConfigMap, list and watch, and the troubles of a real one."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

NAME = "bot-intent"
NAMESPACE = "trading"
Event = Mapping[str, object]


class Cut(Exception):  # noqa: N818 - no error of ours: it makes the server drop the connection
    """The network goes away in the middle of an answer."""


@dataclass
class FakeKubernetes:
    """Its `trouble` is a word; each watch and list looks at it."""

    data: Mapping[str, str] | None = None
    name: str = NAME
    version: int = 100
    trouble: str = ""
    tokens: list[str] = field(default_factory=list[str])
    lists: int = 0
    watches: int = 0
    _watchers: list[asyncio.Queue[bytes | Exception]] = field(
        default_factory=list[asyncio.Queue[bytes | Exception]]
    )

    @property
    def app(self) -> Starlette:
        path = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
        return Starlette(routes=[Route(path, self._configmaps)])

    def apply(self, data: Mapping[str, str] | None, kind: str = "MODIFIED") -> None:
        self.data = data
        self.version += 1
        self.send({"type": kind, "object": self._configmap(data or {})})

    def send(self, event: Event) -> None:
        self.send_raw(json.dumps(event).encode() + b"\n")

    def send_raw(self, content: bytes | Exception) -> None:
        for watcher in self._watchers:
            watcher.put_nowait(content)

    def gone(self) -> None:
        status = {"kind": "Status", "code": 410, "reason": "Expired"}
        self.send({"type": "ERROR", "object": status})

    def _configmap(self, data: Mapping[str, str]) -> Mapping[str, object]:
        meta = {"name": self.name, "uid": "u-1", "resourceVersion": str(self.version)}
        return {"kind": "ConfigMap", "metadata": meta, "data": data}

    async def _configmaps(self, request: Request) -> Response:
        self.tokens.append(request.headers.get("authorization", ""))
        if request.query_params.get("fieldSelector") != f"metadata.name={self.name}":
            return JSONResponse({"code": 403}, 403)  # what a role with resourceNames answers
        if self.trouble == "refuse":
            return JSONResponse({"code": 403}, 403)
        if self.trouble == "hang":
            await asyncio.sleep(30)
        if self.trouble == "garbage":
            return Response(b"\xff\xfe not json\n")
        if "watch" in request.query_params:
            self.watches += 1
            seconds = int(request.query_params["timeoutSeconds"])
            since = int(request.query_params["resourceVersion"])
            return StreamingResponse(self._watch(seconds, since), media_type="application/json")
        self.lists += 1
        items = [] if self.data is None else [self._configmap(self.data)]
        return JSONResponse({"metadata": {"resourceVersion": str(self.version)}, "items": items})

    async def _watch(self, seconds: int, since: int) -> AsyncIterator[bytes]:
        queue = asyncio.Queue[bytes | Exception]()
        if since < self.version and self.data is not None:  # what happened since is told first
            missed = {"type": "MODIFIED", "object": self._configmap(self.data)}
            queue.put_nowait(json.dumps(missed).encode() + b"\n")
        self._watchers.append(queue)
        try:
            async with asyncio.timeout(30 if self.trouble == "silent" else seconds):
                while True:
                    item = await queue.get()
                    if isinstance(item, Exception):
                        raise item
                    yield item
        except TimeoutError:
            return
        finally:
            self._watchers.remove(queue)
