"""The whole bot in this process, fakes behind its ports, a real server on a loopback port."""

import asyncio
import contextlib
import http.client
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from decimal import Decimal

import httpx2
import pytest

from bot.app import Bot
from bot.contract import http as surface
from bot.contract.intent import Intent
from bot.process.clock import Clock
from bot.process.lifecycle import Phase
from bot.process.server import PortError, listen
from bot.process.stop_flag import StopFlag
from tests.support.fakes import BLUE, GREEN, FakeSource, FakeVenue, memory_ledger, settings, until
from tests.support.plain import NO_TLS

PATHS = ("/livez", "/readyz", "/startupz", "/health", "/version", "/metrics")
BTC = {"BTC/USDT": Decimal(100)}


@dataclass
class Running:
    """A bot with its fakes."""

    bot: Bot
    source: FakeSource
    venue: FakeVenue
    flag: StopFlag
    task: asyncio.Task[int]
    client: httpx2.AsyncClient

    async def get(self, path: str) -> httpx2.Response:
        return await self.client.get(path)

    async def until_phase(self, phase: Phase) -> None:
        await until(lambda: self.bot.lifecycle.phase is phase)


def _all_known(bot: Bot) -> bool:
    return all(known.age_seconds is not None for known in bot.checks.results().values())


@contextlib.asynccontextmanager
async def running(
    intent: Intent | None = BLUE, *, stubborn: bool = False, **environ: str
) -> AsyncGenerator[Running, None]:
    source, flag = FakeSource(intent), StopFlag()
    venue = FakeVenue(stubborn=stubborn)
    bot = Bot(
        settings(**environ),
        source=source,
        venue=venue,
        ledger=memory_ledger(),
        flag=flag,
        clock=Clock(),
    )
    listening = listen(0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    task = asyncio.create_task(bot.lifecycle.run(listening))
    async with httpx2.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as client:
        process = Running(bot, source, venue, flag, task, client)
        try:
            if not venue.stubborn:
                await process.until_phase(Phase.RUNNING)
                await until(lambda: bot.trader.started and _all_known(bot), 20)
            yield process
        finally:
            flag.set("the test is over")
            venue.stubborn = False
            await asyncio.wait_for(task, 10)


@pytest.mark.parametrize("path", [*PATHS, "/nope", "/version/x"])
async def test_every_answer_names_its_color_and_pod(path: str) -> None:
    async with running() as bot:
        answer = await bot.get(path)
        assert answer.headers[surface.COLOR_HEADER] == "blue"
        assert answer.headers[surface.POD_HEADER] == "pod-1"
        assert "connection" not in answer.headers


@pytest.mark.parametrize("path", [*PATHS, "/nope"])
async def test_a_standby_answers_and_asks_every_client_to_connect_anew(path: str) -> None:
    async with running(GREEN) as bot:
        answer = await bot.get(path)
        assert answer.headers["connection"] == "close"
        assert answer.headers[surface.COLOR_HEADER] == "blue"
        assert answer.status_code == (404 if path == "/nope" else 200)


async def test_a_crash_in_an_answer_still_names_the_color_and_closes() -> None:
    async with running(GREEN) as bot:
        # What only the report reads: the feed and reconciliation write the others again.
        startup, bot.bot.startup = bot.bot.startup, None  # pyright: ignore[reportAttributeAccessIssue] - a planted bug
        answer = await bot.get("/health")
        assert answer.status_code == 500
        assert answer.headers[surface.COLOR_HEADER] == "blue"
        assert answer.headers["connection"] == "close"
        bot.bot.startup = startup


async def test_a_kept_alive_connection_is_closed_by_the_first_answer_after_a_swap() -> None:
    async with running() as bot:
        port = bot.client.base_url.port
        connection = http.client.HTTPConnection("127.0.0.1", port or 0, timeout=5)

        def ask() -> tuple[str | None, bool]:
            connection.request("GET", "/version")
            answer = connection.getresponse()
            answer.read()
            return answer.getheader("Connection"), connection.sock is not None

        assert await asyncio.to_thread(ask) == (None, True)
        assert await asyncio.to_thread(ask) == (None, True)
        bot.source.show(GREEN)
        await asyncio.sleep(0.05)
        assert await asyncio.to_thread(ask) == ("close", False)


async def test_answers_on_a_kept_alive_connection_do_not_wait_for_an_ack() -> None:
    async with running() as bot:
        started = time.monotonic()
        for _ in range(50):
            await bot.get("/version")
        assert time.monotonic() - started < 50 * 0.02  # with Nagle's algorithm it is 50 * 0.04


async def test_the_control_switch_leaves_connections_open() -> None:
    async with running(GREEN, BOT_CLOSE_CONNECTIONS="false") as bot:
        assert "connection" not in (await bot.get("/version")).headers


async def test_a_standby_is_ready_and_a_bot_without_an_intent_is_not() -> None:
    async with running(GREEN) as bot:
        assert (await bot.get("/readyz")).status_code == 200
    async with running(None) as bot:
        answer = await bot.get("/readyz")
        assert answer.status_code == 503
        assert "[-]intent failed: not seen yet" in answer.text
        assert (await bot.get("/livez")).status_code == 200
        assert (await bot.get("/startupz")).status_code == 200


async def test_version_tells_what_the_image_was_stamped_with() -> None:
    stamp = {"BOT_VERSION": "1.2.3", "BOT_REVISION": "abc", "BOT_CREATED": "2026-01-01T00:00:00Z"}
    async with running(BLUE, stubborn=False, **stamp, BOT_IMAGE="r@sha256:1") as bot:
        assert (await bot.get("/version")).json() == {
            "version": "1.2.3",
            "revision": "abc",
            "created": "2026-01-01T00:00:00Z",
            "color": "blue",
            "pod": "pod-1",
            "image": "r@sha256:1",
            "environment": "local",
        }


async def test_the_report_has_its_media_type_and_503_when_it_fails() -> None:
    async with running() as bot:
        checks = bot.bot.checks
        await until(lambda: all(known.passed for known in checks.results().values()), 10)
        answer = await bot.get("/health")
        assert answer.headers["content-type"] == surface.HEALTH_MEDIA_TYPE
        assert (answer.status_code, answer.json()["status"]) == (200, "pass")
    async with running(None) as bot:
        assert (await bot.get("/health")).status_code == 503


@pytest.mark.parametrize(
    ("environ", "intent", "allowed"),
    [
        ({}, BLUE, True),
        ({}, GREEN, False),
        ({}, None, False),
        ({"ENABLE_TRADING": "false"}, BLUE, False),
        ({"BOT_COLOR": "green"}, GREEN, True),
        ({"BOT_COLOR": "green"}, BLUE, False),
    ],
)
async def test_only_the_color_that_the_intent_names_trades(
    environ: dict[str, str],
    intent: Intent | None,
    allowed: bool,  # noqa: FBT001 - a column of the table
) -> None:
    async with running(intent, stubborn=False, **environ) as bot:
        keeper = bot.bot.keeper
        if allowed:
            await until(lambda: bool(keeper.leases))
        else:
            await until(lambda: bot.bot.trader.started)
            await asyncio.sleep(0.5)
            assert not keeper.leases
        bot.flag.set("test")
        await bot.task
        assert not keeper.leases


async def test_a_drain_serves_on_unready_and_closing_then_ends_with_0() -> None:
    async with running(BOT_DRAIN_SECONDS="1.5") as bot:
        assert (await bot.get("/readyz")).status_code == 200
        bot.flag.set("SIGTERM")
        await bot.until_phase(Phase.DRAINING)
        bot.flag.set("SIGINT")  # a second one changes nothing
        served = 0
        while bot.bot.lifecycle.phase is Phase.DRAINING and served < 20:
            answer = await bot.get("/version")
            assert answer.status_code == 200
            assert answer.headers["connection"] == "close"
            served += 1
        assert served == 20
        assert (await bot.get("/readyz")).status_code == 503
        assert await asyncio.wait_for(bot.task, 5) == 0


async def test_an_idle_connection_does_not_hold_the_shutdown_up() -> None:
    async with running(BOT_DRAIN_SECONDS="0") as bot:
        _, writer = await asyncio.open_connection("127.0.0.1", bot.client.base_url.port)
        bot.flag.set("SIGTERM")
        assert await asyncio.wait_for(bot.task, 10) == 0  # idle ones are kept for 75 s
        writer.close()


async def test_a_part_that_ends_by_itself_ends_the_bot_with_1() -> None:
    async with running() as bot:
        bot.source.fail_with(RuntimeError("planted"))
        assert await asyncio.wait_for(bot.task, 5) == 1


async def test_a_venue_that_will_not_stop_is_left_behind_at_the_deadline() -> None:
    async with running(BOT_DRAIN_SECONDS="0", BOT_SHUTDOWN_SECONDS="0.5") as bot:
        bot.venue.stubborn = True
        await asyncio.sleep(1.2)
        bot.flag.set("SIGTERM")
        assert await asyncio.wait_for(bot.task, 2) == 1


async def test_a_signal_during_the_start_ends_it() -> None:
    async with running(stubborn=True, BOT_SHUTDOWN_SECONDS="0.3") as bot:
        # The engine beats before it asks the venue, so it is the signal that is told first here.
        bot.flag.set("SIGTERM")
        bot.venue.stubborn = False
        assert await asyncio.wait_for(bot.task, 3) == 0


def test_a_taken_port_is_named() -> None:
    with listen(0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortError, match=f"port {port}: Address already in use"):
            listen(port)
