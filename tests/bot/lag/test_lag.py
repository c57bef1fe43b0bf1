"""A running bot on an exchange that shows late what it took, or forgets it all."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.bot import TOKEN, body, running_bot
from tests.support.plain import NO_TLS
from tests.support.venue_serving import Serving, serve

pytestmark = pytest.mark.slow

WITHIN_SECONDS = 30.0
BY_ID, LISTS = ("/api/v3/order",), ("/api/v3/allOrders", "/api/v3/myTrades")
FOR_EVER = 600.0


@dataclass
class Scene:
    """A bot, and its exchange."""

    venue: Serving
    http: httpx2.AsyncClient

    async def lag(self, seconds: float, *paths: str) -> None:
        """Answer these questions with what was so many seconds ago."""
        for path in paths:
            await self.venue.fault(kind="lag", method="GET", path=path, seconds=seconds)

    async def lose_next_answer(self) -> None:
        await self.venue.fault(kind="drop_answer", method="POST", path="/api/v3/order", count=1)

    async def signal(self, name: str) -> dict[str, Any]:
        """Post a signal; return it when it has its fate."""
        answer = await self.http.post("/signals", json=body(name, 0, 60.0))
        assert answer.status_code == 202, answer.text
        async with asyncio.timeout(WITHIN_SECONDS):
            while (known := await self.found(name))["status"] == "pending":  # noqa: ASYNC110 - a poll from outside, as a client does
                await asyncio.sleep(0.1)
        return known

    async def found(self, name: str) -> dict[str, Any]:
        return (await self.http.get(f"/signals/{name}")).json()

    async def read_only(self, because: str) -> str:
        """Wait until the account is read-only because of this; return the whole reason."""
        async with asyncio.timeout(WITHIN_SECONDS):
            while because not in (why := await self.stopped()):  # noqa: ASYNC110 - a poll from outside, as a client does
                await asyncio.sleep(0.1)
        return why

    async def reconciled(self) -> None:
        """Wait for the next reconciliation."""
        before = await self.metric("bot_reconcile_timestamp_seconds")
        async with asyncio.timeout(WITHIN_SECONDS):
            while await self.metric("bot_reconcile_timestamp_seconds") == before:  # noqa: ASYNC110 - a poll from outside, as a client does
                await asyncio.sleep(0.1)

    async def stopped(self) -> str:
        """Return why nothing new is traded, if so."""
        health = (await self.http.get("/health")).json()
        return "; ".join(health["stopped"])

    async def metric(self, name: str) -> float:
        text = (await self.http.get("/metrics")).text
        values = (float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))
        return next(values, 0.0)

    async def traded(self) -> list[str]:
        return [event.client_id for event in await self.venue.accepted()]


@contextlib.asynccontextmanager
async def scene(folder: Path, lag_seconds: float) -> AsyncGenerator[Scene]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        serve() as venue,
        running_bot(folder, venue.url, VENUE_LAG_SECONDS=str(lag_seconds)) as bot,
        httpx2.AsyncClient(
            base_url=bot.url, trust_env=False, verify=NO_TLS, headers=headers
        ) as http,
    ):
        yield Scene(venue, http)


def states(signal: dict[str, Any]) -> list[str]:
    return [order["state"] for order in signal["orders"]]


async def test_an_order_that_shows_four_seconds_late_is_traded_once(tmp_path: Path) -> None:
    async with scene(tmp_path, 4.5) as here:
        await here.lag(4.0, *BY_ID, *LISTS)
        await here.lose_next_answer()
        signal = await here.signal("late")
        assert (signal["status"], states(signal)) == ("executed", ["filled"])
        assert len(await here.traded()) == 1


@pytest.mark.parametrize("hidden", [BY_ID, LISTS])
async def test_an_order_that_one_answer_never_shows_is_traded_once(
    tmp_path: Path, hidden: tuple[str, ...]
) -> None:
    async with scene(tmp_path, 0.5) as here:
        await here.lag(FOR_EVER, *hidden)
        await here.lose_next_answer()
        signal = await here.signal("hidden")
        assert (signal["status"], states(signal)) == ("executed", ["filled"])
        assert len(await here.traded()) == 1


async def test_a_lost_order_that_is_filled_is_an_incident(tmp_path: Path) -> None:
    async with scene(tmp_path, 0.5) as here:
        await here.lag(5.0, *BY_ID, *LISTS)
        await here.lose_next_answer()
        signal = await here.signal("doubled")
        assert states(signal) == ["lost", "filled"]
        first, second = await here.traded()
        why = await here.read_only(f"order {first} was called lost")
        assert f"the attempt after it is {second}" in why
        assert states(await here.found("doubled")) == ["filled", "filled"]
        assert await here.metric("bot_lost_orders_filled_total") == 1
        assert (await here.signal("next"))["status"] == "refused"
        assert len(await here.traded()) == 2


async def test_balances_and_trades_that_lag_stop_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path, 12.0) as here:
        await here.reconciled()
        await here.lag(11.0, "/api/v3/account", "/api/v3/myTrades")
        assert (await here.signal("only"))["status"] == "executed"
        for _ in range(3):
            await here.reconciled()
            assert await here.stopped() == ""
        assert await here.metric("bot_reconcile_differences") == 0


async def test_a_reset_is_named_and_nothing_is_traded_after_it(tmp_path: Path) -> None:
    async with scene(tmp_path, 0.5) as here:
        await here.signal("before")
        assert (await here.venue.http.post("/admin/reset")).status_code == 204
        await here.read_only("the venue was reset")
        after = await here.signal("after")
        assert (after["status"], after["orders"]) == ("refused", [])
        assert len(await here.traded()) == 1
