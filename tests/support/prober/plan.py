"""What a run of the prober does: where to, how often, how long; nothing here opens a socket."""

import heapq
import itertools
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from bot.contract import http


class Due(NamedTuple):
    """One request of the schedule: when, and on which lane (None: on a connection of its own)."""

    offset: float
    lane: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A run. Rates are requests per second."""

    host: str
    port: int
    path: str = http.VERSION
    new_rate: float = 300
    """Requests that each open a connection of their own."""
    lanes: int = 10
    """Clients that each keep one connection alive."""
    lane_rate: float = 10
    """One request at a time on each: where answers take longer than 0.1 s, a lane falls behind."""
    seconds: float = 600
    """The bound; SIGTERM or SIGINT ends a run earlier."""
    timeout_seconds: float = 5
    """From sending: a bot that has not answered by then never will, for the one who asked."""
    lag_limit_seconds: float = 0.25
    """A prober that was itself later than this may have slept through a loss: the run is void."""

    @property
    def request(self) -> bytes:
        """The bytes of every request."""
        lines = (f"GET {self.path} HTTP/1.1", f"Host: {self.host}:{self.port}", "", "")
        return "\r\n".join(lines).encode()

    def schedule(self) -> Iterator[Due]:
        """Yield every request in the order of its time. Lanes are staggered, never in step."""
        streams = [_stream(None, self.new_rate, 0, self.seconds)]
        for lane in range(self.lanes):
            phase = lane / self.lanes / self.lane_rate
            streams.append(_stream(lane, self.lane_rate, phase, self.seconds))
        return heapq.merge(*streams, key=lambda due: due.offset)


def _stream(lane: int | None, rate: float, phase: float, seconds: float) -> Iterator[Due]:
    if rate <= 0:
        return
    for number in itertools.count():
        offset = phase + number / rate
        if offset >= seconds:
            return
        yield Due(offset, lane)


def parse(arguments: Sequence[str]) -> tuple[Plan, Path | None]:
    """Return the plan, and where the rows go, from the command line."""
    parser = ArgumentParser(prog="python -m tests.support.prober", description=__doc__)
    parser.add_argument("host", help="an IP address: a name would be looked up for each request")
    parser.add_argument("port", type=int)
    for name in ("new_rate", "lane_rate", "seconds", "timeout_seconds", "lag_limit_seconds"):
        parser.add_argument("--" + name.replace("_", "-"), type=float)
    parser.add_argument("--lanes", type=int)
    parser.add_argument("--path")
    parser.add_argument("--rows", type=Path, help="file for one JSON line per request")
    given = {key: value for key, value in vars(parser.parse_args(arguments)).items() if value}
    rows = given.pop("rows", None)
    ip_address(given["host"])
    return Plan(**given), rows
