"""A local server that answers as the bot does, and misbehaves where a test plants it."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from enum import StrEnum, auto

from bot.contract import http

LOOPBACK = "127.0.0.1"


class Act(StrEnum):
    """What becomes of one request."""

    ANSWER = auto()
    ANSWER_GREEN = auto()
    ANSWER_AND_SAY_CLOSE = auto()
    ANSWER_AND_CLOSE = auto()
    CLOSE = auto()
    CLOSE_MIDWAY = auto()
    RESET = auto()
    HANG = auto()
    STATUS_500 = auto()
    WRONG_BODY = auto()
    OTHER_COLOR_IN_HEADER = auto()


Script = Callable[[int], Act]
"""Which act the request of this number (from 0, over all connections) meets."""


def message(
    *, color: str = "blue", header: str | None = None, status: str = "200 OK", more: str = ""
) -> bytes:
    """Return an answer as the bot gives it, but for what is said."""
    body = json.dumps({"color": color})
    lines = [
        f"HTTP/1.1 {status}",
        f"content-length: {len(body)}",
        f"{http.COLOR_HEADER}: {header or color}",
        f"{http.POD_HEADER}: pod-1",
        *([more] if more else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


_MESSAGES = {
    Act.ANSWER: message(),
    Act.ANSWER_GREEN: message(color="green"),
    Act.ANSWER_AND_SAY_CLOSE: message(more="connection: close"),
    Act.ANSWER_AND_CLOSE: message(),
    Act.CLOSE_MIDWAY: message()[:-4],
    Act.STATUS_500: message(status="500 Internal Server Error"),
    Act.WRONG_BODY: b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    Act.OTHER_COLOR_IN_HEADER: message(header="green"),
}
_CLOSING = {Act.ANSWER_AND_SAY_CLOSE, Act.ANSWER_AND_CLOSE, Act.CLOSE, Act.CLOSE_MIDWAY}


@asynccontextmanager
async def serving(script: Script) -> AsyncGenerator[int]:
    """Serve on a free port of the loopback and yield it."""
    requests = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        going_on = True
        while going_on and await _request(reader):
            act = script(requests)
            requests += 1
            going_on = await _perform(act, writer)
        writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _request(reader: asyncio.StreamReader) -> bool:
    try:
        await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return False
    return True


async def _perform(act: Act, writer: asyncio.StreamWriter) -> bool:
    """Return whether the connection goes on."""
    if act is Act.HANG:
        return True
    if act is Act.RESET:
        linger = struct.pack("ii", 1, 0)
        sock: socket.socket = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()
        return False
    writer.write(_MESSAGES.get(act, b""))
    await writer.drain()
    return act not in _CLOSING
