"""What is wrong with a request, and how a sender is told (RFC 9457). Never holds a secret."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from starlette.responses import Response

from bot.contract.http import JSON_MEDIA_TYPE, PROBLEM_MEDIA_TYPE

SHOWN_CHARACTERS_MAX = 80
FAULTS_MAX = 10
"""How many faults one answer names: a hostile body may hold thousands."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong."""

    field: str
    value: str
    """As it was sent, shortened; empty when there is none."""
    expected: str
    """What would be right."""


@dataclass(eq=False)  # not frozen: Python itself writes tracebacks into exceptions
class Problem(Exception):  # noqa: N818 - RFC 9457 calls it a problem
    """Why a request is not done."""

    status: HTTPStatus
    detail: str
    faults: tuple[Fault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def shown(value: object) -> str:
    """Return a sent value in printable ASCII, short."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, str):
        value = value[: SHOWN_CHARACTERS_MAX + 1]  # escape no more than is shown
    text = json.dumps(value)
    if len(text) > SHOWN_CHARACTERS_MAX:
        return f"{text[: SHOWN_CHARACTERS_MAX - 3]}..."
    return text


def json_response(
    content: object,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    media_type: str = JSON_MEDIA_TYPE,
) -> Response:
    """Return JSON in ASCII: what was sent may hold lone surrogates, which UTF-8 cannot."""
    body = json.dumps(content)
    no_store = {"Cache-Control": "no-store", **(headers or {})}
    return Response(body, int(status), no_store, media_type)


def problem_response(problem: Problem) -> Response:
    """Return the answer that tells a problem."""
    content: dict[str, object] = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": int(problem.status),
        "detail": problem.detail,
    }
    if problem.faults:
        content["errors"] = [
            {"field": fault.field, "value": fault.value, "expected": fault.expected}
            for fault in problem.faults[:FAULTS_MAX]
        ]
    return json_response(content, problem.status, problem.headers, PROBLEM_MEDIA_TYPE)
