"""Starting a venue for one test, and talking to its admin side."""

import asyncio
import contextlib
import hmac
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any, cast
from urllib.parse import urlencode

import httpx2

from bot.venues import ccxt_library
from testbed.venue.call import Venue
from testbed.venue.events import EVENT, Accepted, Event, Filled, Opened
from testbed.venue.exchange import Exchange
from testbed.venue.limits import Limits
from testbed.venue.record import Record
from testbed.venue.server import Options, build_server, listen, system_clock_ms
from tests.support.plain import NO_TLS

WITHIN_SECONDS = 10
APP_KEY, APP_SECRET = "key-of-the-app", "secret-of-the-app"
"""Of the exchange's own app, on the account that the bot trades."""
# Else each client waits a quarter of a second for the end of a TLS that it does not speak.
cast("Any", ccxt_library.load().binance).timeout_on_exit = 0


@dataclass(slots=True)
class Clock:
    """The true time, or that and a bit more."""

    ahead_ms: int = 0

    def __call__(self) -> int:
        return system_clock_ms() + self.ahead_ms


@dataclass(slots=True)
class Serving:
    """A running venue."""

    venue: Venue
    url: str
    clock: Clock
    http: httpx2.AsyncClient = field(repr=False)

    @property
    def exchange(self) -> Exchange:
        return self.venue.exchange

    async def fault(self, **rule: object) -> None:
        answer = await self.http.post("/admin/faults", json=rule)
        assert answer.status_code == 201, answer.text

    async def pin(self, symbol: str, price: str) -> None:
        answer = await self.http.put(f"/admin/prices/{symbol}", json={"price": price})
        assert answer.status_code == 204, answer.text

    def deposit(self, asset: str, amount: str) -> None:
        """Let so much come in from outside."""
        exchange = self.exchange
        came = Opened(
            at_ms=self.venue.now_ms(), seed=exchange.setup.seed, balances={asset: Decimal(amount)}
        )
        exchange.record.append([came])
        exchange.state.apply(came)

    async def by_hand(self, **order: str) -> Mapping[str, Any]:
        """Place an order as the exchange's own app does: another key, no client order id."""
        query = urlencode({**order, "timestamp": str(self.venue.now_ms())})
        signature = hmac.new(APP_SECRET.encode(), query.encode(), sha256).hexdigest()
        answer = await self.http.post(
            f"/api/v3/order?{query}&signature={signature}", headers={"X-MBX-APIKEY": APP_KEY}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def oracle(self) -> list[Event]:
        answer = await self.http.get("/admin/record")
        return [EVENT.validate_json(line) for line in answer.text.splitlines()]

    async def accepted(self) -> list[Accepted]:
        return [event for event in await self.oracle() if isinstance(event, Accepted)]

    async def filled(self) -> list[Filled]:
        return [event for event in await self.oracle() if isinstance(event, Filled)]


@contextlib.asynccontextmanager
async def serve(options: Options | None = None) -> AsyncGenerator[Serving]:
    """Serve until the block ends."""
    given = options or Options()
    clock = Clock()
    exchange = Exchange(given.setup, Record(given.record), clock())
    secrets = {**given.secrets, APP_KEY: APP_SECRET}
    venue = Venue(exchange, Limits(given.rates), secrets, clock)
    listening = listen("127.0.0.1", 0)
    server = build_server(venue)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        async with httpx2.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as http:
            yield Serving(venue, url, clock, http)
    finally:
        server.should_exit = True
        await asyncio.wait_for(running, WITHIN_SECONDS)
        listening.close()
        exchange.record.close()
