"""A TCP link that can be cut in two ways: refused at once, or silent as behind a lost route."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from enum import StrEnum

BLOCK_BYTES = 1 << 16


class State(StrEnum):
    """What happens to what goes through."""

    UP = "up"
    REFUSED = "refused"
    """Connections end, new ones too."""
    SILENT = "silent"
    """Everything is taken and nothing comes out, also on connections that stand."""


class Link:
    """From a port of this machine to a server."""

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        self._to = (host, port)
        self._state = State.UP
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()

    def lead_to(self, host: str, port: int) -> None:
        """Bring new connections elsewhere; those that stand stay where they are."""
        self._to = (host, port)

    def set(self, state: State) -> None:
        """Cut it, or repair it. What was cut silently ends when it is repaired, as a reset does."""
        was, self._state = self._state, state
        if state is State.REFUSED or was is State.SILENT:
            self._end_all()
        if state is State.SILENT:
            self._flowing.clear()
        else:
            self._flowing.set()

    def _end_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        self._writers.add(writer)
        try:
            await self._flowing.wait()
            if self._state is State.REFUSED:
                return
            with contextlib.suppress(OSError):
                far_reader, far_writer = await asyncio.open_connection(*self._to)
                self._writers.add(far_writer)
                there = asyncio.create_task(self._carry(reader, far_writer))
                await self._carry(far_reader, writer)
                there.cancel()
                far_writer.transport.abort()
                self._writers.discard(far_writer)
        finally:
            writer.transport.abort()
            self._writers.discard(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while block := await reader.read(BLOCK_BYTES):
                await self._flowing.wait()
                writer.write(block)
                await writer.drain()
        writer.transport.abort()


@contextlib.asynccontextmanager
async def link(host: str, port: int) -> AsyncGenerator[Link]:
    """Open a link; it ends with the block."""
    made = Link(host, port)
    server = await asyncio.start_server(made.take, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.set(State.REFUSED)
        server.close()
