"""One path: a handler per method, and every refusal told as a problem."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.intake.problems import Problem, problem_response

Handler = Callable[[Request], Awaitable[Response]]


class Resource:
    """An ASGI application for one path; it also sees the methods that the path does not take."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Problem as problem:
            response = problem_response(problem)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        handler = self._handlers.get(request.method)
        if handler is None:
            allowed = ", ".join(self._handlers)
            raise Problem(
                HTTPStatus.METHOD_NOT_ALLOWED,
                f"this path takes {allowed} only",
                headers={"Allow": allowed},
            )
        return await handler(request)
