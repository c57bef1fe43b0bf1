"""Closing a client's connection without an answer, which ASGI has no word for."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

Address = tuple[str, int]


class Connections:
    """The open transports by the client's address and port."""

    def __init__(self) -> None:
        self._transports: dict[Address, asyncio.Transport] = {}

    def abort(self, client: Address) -> None:
        """Close at once; what is written afterwards goes nowhere."""
        transport = self._transports.get(client)
        if transport is not None:
            transport.abort()

    def protocol(self) -> type[asyncio.Protocol]:
        """Return uvicorn's protocol, which also tells of its transport here."""
        transports = self._transports

        class Known(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:
                super().connection_made(transport)
                transports[_peer(transport)] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(_peer(self.transport), None)
                super().connection_lost(exc)

        return Known


def _peer(transport: asyncio.Transport) -> Address:
    host, port, *_ = transport.get_extra_info("peername")
    return host, port
