"""The application, and uvicorn around it."""

import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from testbed.venue import DEFAULT_KEY, DEFAULT_SECRET
from testbed.venue.admin import Admin
from testbed.venue.api import PREFIX, Api
from testbed.venue.call import Venue
from testbed.venue.exchange import Exchange, Setup
from testbed.venue.limits import Limits, Rates
from testbed.venue.record import Record

BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    host: str = "127.0.0.1"
    port: int = 8090
    record: Path | None = None
    setup: Setup = field(default_factory=Setup)
    rates: Rates = field(default_factory=Rates)
    secrets: dict[str, str] = field(default_factory=lambda: {DEFAULT_KEY: DEFAULT_SECRET})


def system_clock_ms() -> int:
    """Return the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def build_venue(options: Options) -> Venue:
    """Open the account, or read it back from its record."""
    exchange = Exchange(options.setup, Record(options.record), system_clock_ms())
    return Venue(exchange, Limits(options.rates), options.secrets, system_clock_ms)


def build_app(venue: Venue) -> Starlette:
    """Return the application."""
    methods = ["GET", "POST", "PUT", "DELETE"]
    api = Route(PREFIX + "{path:path}", Api(venue).handle, methods=methods)
    return Starlette(routes=[*Admin(venue).routes(), api])


def build_server(venue: Venue) -> uvicorn.Server:
    """Return a server that is not started."""
    return uvicorn.Server(
        uvicorn.Config(
            build_app(venue),
            loop="asyncio",
            http=venue.connections.protocol(),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
    )


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one."""
    listening = socket.create_server((host, port), backlog=BACKLOG)
    # asyncio sets it only on sockets that name their protocol; without it kept-alive answers wait.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
