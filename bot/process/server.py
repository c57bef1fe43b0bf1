"""uvicorn, driven from outside: it takes no signals and ends when told."""

import contextlib
import socket
from collections.abc import Generator

import uvicorn
from starlette.types import ASGIApp

KEEP_ALIVE_SECONDS = 75
"""Longer than load balancers keep idle connections (60 s), so that they close first."""
BACKLOG = 4096


class PortError(Exception):
    """The port is not available."""


class Server(uvicorn.Server):
    """One HTTP server on one socket."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the life cycle."""
        yield


def build_server(app: ASGIApp, shutdown_seconds: float) -> Server:
    """Return a server that is not started."""
    return Server(
        uvicorn.Config(
            app,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=max(1, int(shutdown_seconds)),
        )
    )


def listen(port: int) -> socket.socket:
    """Return a listening socket on every address of the pod, IPv6 too where there is such.

    Raises:
        PortError: it is not available; the text says why.
    """
    dual = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if dual else socket.AF_INET
    try:
        listening = socket.create_server(
            ("", port), family=family, backlog=BACKLOG, dualstack_ipv6=dual
        )
    except OSError as error:
        raise PortError(f"port {port}: {error.strerror}; free it or set another one") from error
    # Inherited by accepted sockets. asyncio sets it only where the socket names its protocol, which
    # these do not; without it every answer on a kept-alive connection waits 40 ms for an ACK.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
