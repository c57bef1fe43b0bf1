"""Reads one HTTP/1.1 answer and judges it. Strict: what it does not know is invalid, never fine.

It understands only the framing that the bot uses: status line, headers, `Content-Length`.
Pure: bytes in, answer out.
"""

import json
from typing import NamedTuple, cast

from bot.contract import http
from bot.contract.color import Color

LARGEST_BYTES = 65_536
_OK = 200


class InvalidAnswerError(Exception):
    """The bytes are no valid answer; the text says why."""


class Answer(NamedTuple):
    """A complete, valid answer."""

    color: Color
    pod: str
    closes: bool
    """The server said `Connection: close`."""


def read(received: bytes) -> Answer | None:
    """Return the answer, or None while bytes are missing.

    Raises:
        InvalidAnswerError: no bytes to come could make this a valid answer.
    """
    head, separator, body = received.partition(b"\r\n\r\n")
    if not separator:
        if len(received) > LARGEST_BYTES:
            raise InvalidAnswerError("headers without end")
        return None
    status, headers = _head(head)
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit() and int(length) <= LARGEST_BYTES):
        raise InvalidAnswerError(f"content-length {length!r}")
    if len(body) < int(length):
        return None
    if len(body) > int(length):
        raise InvalidAnswerError("more bytes than content-length")
    if status != _OK:
        raise InvalidAnswerError(f"status {status}")
    return Answer(_color(body, headers), headers.get(http.POD_HEADER.lower(), ""), _closes(headers))


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    lines = head.decode("latin-1").split("\r\n")
    version, _, rest = lines[0].partition(" ")
    status = rest[:3]
    if version != "HTTP/1.1" or not status.isdigit():
        raise InvalidAnswerError("not HTTP/1.1")
    pairs = (line.partition(":") for line in lines[1:])
    return int(status), {name.lower(): value.strip() for name, _, value in pairs}


def _color(body: bytes, headers: dict[str, str]) -> Color:
    try:
        content: object = json.loads(body)
    except ValueError as error:
        raise InvalidAnswerError("body is no JSON") from error
    color = cast("dict[str, object]", content).get("color") if isinstance(content, dict) else None
    if color not in list(Color):
        raise InvalidAnswerError("body names no color")
    if headers.get(http.COLOR_HEADER.lower()) != color:
        raise InvalidAnswerError("header and body name different colors")
    return Color(str(color))


def _closes(headers: dict[str, str]) -> bool:
    return headers.get("connection", "").lower() == "close"
