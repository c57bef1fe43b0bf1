"""One HTTP/1.1 connection, one request at a time; never retries."""

import asyncio

from tests.support.prober.answer import Answer, InvalidAnswerError, read


class ClosedError(Exception):
    """The server closed the connection instead of answering."""


class Connection(asyncio.Protocol):
    """A client's end. `usable` tells whether the next request may be sent on it."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: asyncio.Future[Answer] | None = None
        self._said_close = False

    @classmethod
    async def open(cls, host: str, port: int) -> "Connection":
        """Connect. Raises OSError as the system says it."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(cls, host, port)
        return connection

    @property
    def usable(self) -> bool:
        """Whether neither end has closed it or said that it will."""
        return (
            self._transport is not None
            and not self._transport.is_closing()
            and not self._said_close
        )

    async def ask(self, request: bytes) -> Answer:
        """Send and wait for the answer.

        Raises:
            ClosedError: the server closed instead.
            InvalidAnswerError: it answered something else than it should.
            OSError: as the system says it, a reset above all.
        """
        if self._transport is None or self._transport.is_closing():
            raise ClosedError("closed before the request was sent")
        self._received = b""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Close this end."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        try:
            answer = read(self._received)
        except InvalidAnswerError as error:
            self._end(error)
            self.close()
            return
        if answer is not None:
            self._said_close = answer.closes
            self._end(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        part = "in the middle of its answer" if self._received else "without an answer"
        self._end(exc or ClosedError(f"closed {part}"))

    def _end(self, outcome: Answer | Exception) -> None:
        if self._answer is None or self._answer.done():
            return
        if isinstance(outcome, Exception):
            self._answer.set_exception(outcome)
        else:
            self._answer.set_result(outcome)
