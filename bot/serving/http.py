"""The HTTP surface. Every answer names its color and pod, whatever becomes of the request.

A pod that should not be talked to any more says `Connection: close` on every answer: a swap of the
Service moves new connections only, so the kept-alive ones must be made new.
"""

import json
import time
from collections.abc import Callable, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.contract import http
from bot.health.checks import LIVE, READY, STARTED, Outcome
from bot.health.probes import probe
from bot.health.report import report
from bot.health.snapshot import Snapshot
from bot.process.identity import Identity
from bot.serving.metrics import CONTENT_TYPE, Metrics

PATHS = (
    http.LIVEZ,
    http.READYZ,
    http.STARTUPZ,
    http.HEALTH,
    http.VERSION,
    http.METRICS,
    http.SIGNALS,
    http.OPENAPI,
)
OTHER_PATHS = "other"
PROBES = {http.LIVEZ: LIVE, http.READYZ: READY, http.STARTUPZ: STARTED}
CLOSE = (b"connection", b"close")
NO_STORE = {"Cache-Control": "no-store"}
UNAVAILABLE = 503


def build_app(
    identity: Identity,
    snapshot: Callable[[], Snapshot],
    metrics: Metrics,
    closing: Callable[[], bool],
    extra: Sequence[Route] = (),
) -> ASGIApp:
    """Return the application; the layers around the routes also see its 404s and 500s.

    `extra`: routes of other parts, on paths of the contract.
    """
    version_body = json.dumps(identity.to_dict()).encode()  # asked for most often, never changes

    async def version(_: Request) -> Response:
        return Response(version_body, media_type="application/json", headers=NO_STORE)

    async def health(_: Request) -> Response:
        outcome, body = report(identity, snapshot())
        status = UNAVAILABLE if outcome is Outcome.FAIL else 200
        content = json.dumps(body).encode()
        return Response(content, status, media_type=http.HEALTH_MEDIA_TYPE, headers=NO_STORE)

    async def probed(request: Request) -> Response:
        path = request.url.path
        verbose = "verbose" in request.query_params
        answer = probe(path.removeprefix("/"), PROBES[path], snapshot(), verbose=verbose)
        return PlainTextResponse(answer.text, 200 if answer.passed else UNAVAILABLE, NO_STORE)

    async def scraped(_: Request) -> Response:
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    routes = [
        Route(http.VERSION, version),
        *(Route(path, probed) for path in PROBES),
        Route(http.HEALTH, health),
        Route(http.METRICS, scraped),
        *extra,
    ]
    inner = Starlette(routes=routes)
    # A redirect would name whatever host the client claims to have asked.
    inner.router.redirect_slashes = False
    return Measured(Signed(inner, identity, closing), metrics)


class Signed:
    """Puts color and pod on every answer, and the request to close when there is reason."""

    def __init__(self, app: ASGIApp, identity: Identity, closing: Callable[[], bool]) -> None:
        self._app = app
        self._closing = closing
        self._headers = [
            (http.COLOR_HEADER.lower().encode(), identity.color.encode()),
            (http.POD_HEADER.lower().encode(), identity.pod.encode()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be an ASGI application."""

        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                close = [CLOSE] if self._closing() else []
                message["headers"] = [*message.get("headers", ()), *self._headers, *close]
            await send(message)

        await self._app(scope, receive, signed)


class Measured:
    """Counts every answer and its duration."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be an ASGI application."""
        started = time.perf_counter()
        status = 500  # what the server answers when the application did not

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            self._metrics.request(label_of(scope["path"]), status, time.perf_counter() - started)


def label_of(path: str) -> str:
    """Return the path's name in the metrics: each is a time series, so they must be few."""
    if path in PATHS:
        return path
    return http.SIGNAL if path.startswith(f"{http.SIGNALS}/") else OTHER_PATHS
