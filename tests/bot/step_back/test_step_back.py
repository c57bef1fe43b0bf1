"""A ledger that lost its last commits: nothing is executed twice, and nothing is forgotten."""

import asyncio
import contextlib
import shutil
import signal
import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.ledger.ledger import Ledger
from bot.ledger.migrate import migrate_postgres
from tests.bot.crash.test_crash import Place, agree, begin, life
from tests.bot.crash.victim import ALL_DECIDED, NOT_IN_TIME
from tests.bot.outage.link import Link
from tests.support.postgres_servers import Server, primary, servers
from tests.support.venue_serving import Serving, serve

STEPS = (
    "intent: before its commit",
    "order: before it is sent",
    "order: after it was answered",
    "outcome: after its commit",
)


def _copy(source: Path, target: Path) -> None:
    one, other = sqlite3.connect(source), sqlite3.connect(target)
    with contextlib.closing(one), contextlib.closing(other):
        one.backup(other)


def _restore(backup: Path, live: Path) -> None:
    for end in ("", "-wal", "-shm"):
        Path(f"{live}{end}").unlink(missing_ok=True)
    shutil.copy(backup, live)


async def trades_on(place: Place) -> None:
    """The account is not read-only: its balances are what the ledger expects."""
    ledger = Ledger(place.database(), "main")
    await ledger.open()
    try:
        assert (await ledger.read_only()).reason is None
    finally:
        await ledger.close()


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
async def test_a_file_that_was_restored_executes_nothing_twice(tmp_path: Path, step: str) -> None:
    live, backup = tmp_path / "ledger.sqlite", tmp_path / "backup.sqlite"
    place = Place("sqlite", str(live))
    async with serve() as venue:
        assert await life(place, venue, "--kill-at", step, "--nth", "2") == -signal.SIGKILL
        _copy(live, backup)
        assert await life(place, venue) == ALL_DECIDED
        _restore(backup, live)
        assert await life(place, venue) == ALL_DECIDED
        await agree(place, venue)
        await trades_on(place)


class Address:
    """Where the ledger's address leads; who is connected stays where it is."""

    def __init__(self, link: Link) -> None:
        self._link = link

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._link.port}/postgres"

    def lead_to(self, server: Server) -> None:
        self._link.lead_to("127.0.0.1", server.port)


@contextlib.asynccontextmanager
async def address(server: Server) -> AsyncGenerator[Address]:
    link = Link("127.0.0.1", server.port)
    listening = await asyncio.start_server(link.take, "127.0.0.1", 0)
    link.port = listening.sockets[0].getsockname()[1]
    try:
        yield Address(link)
    finally:
        listening.close()


FEW, ALL = ("--signals", "2"), ("--signals", "6")


@pytest.mark.slow
@pytest.mark.parametrize("way", ["standby", "restore"])
async def test_a_server_that_lacks_commits_executes_nothing_twice(way: str) -> None:
    with servers() as folder:
        left = primary(folder / "left")
        await migrate_postgres(left.url)
        async with serve() as venue, address(left) as where:
            place = Place("postgres", where.url)
            assert await life(place, venue, *FEW) == ALL_DECIDED
            taken = left.standby(folder / "taken") if way == "standby" else left.copy(folder / "t")
            if way == "standby":
                taken.stop_following()
            assert await life(place, venue, *ALL) == ALL_DECIDED
            left.stop()
            taken.promote() if way == "standby" else taken.start()
            where.lead_to(taken)
            assert await life(place, venue, *ALL) == ALL_DECIDED
            await agree(place, venue)
            await trades_on(place)


MANY = 40


@pytest.mark.slow
@pytest.mark.parametrize("lives_on", [True, False], ids=["left-alive", "left-dead"])
async def test_a_server_is_left_under_signals_and_nothing_is_executed_twice(
    *, lives_on: bool
) -> None:
    """The bot is connected to a server that its address leads to no more; that one may live on."""
    with servers() as folder:
        left = primary(folder / "left")
        await migrate_postgres(left.url)
        async with serve() as venue, address(left) as where:
            place = Place("postgres", where.url)
            assert await life(place, venue, *FEW) == ALL_DECIDED
            taken = left.standby(folder / "taken")
            taken.stop_following()
            bot = await begin(place, venue, "--signals", str(MANY), "--seconds", "60")
            await until_accepted(venue, MANY // 4)
            taken.promote()
            where.lead_to(taken)
            if not lives_on:
                left.stop()
            await bot.communicate()
            assert bot.returncode == ALL_DECIDED
            # What it decided on the server that was left is forgotten, and is sent again.
            assert await life(place, venue, "--signals", str(MANY)) == ALL_DECIDED
            await agree(place, venue, MANY)
            await trades_on(place)


async def until_accepted(venue: Serving, count: int) -> None:
    """Wait until the venue has so many orders."""
    async with asyncio.timeout(30):
        while len(await venue.accepted()) < count:  # noqa: ASYNC110 - the venue tells nobody
            await asyncio.sleep(0.02)


@pytest.mark.slow
async def test_an_empty_ledger_where_the_venue_knows_orders_of_ours_is_no_first_start() -> None:
    with servers() as folder:
        left = primary(folder / "left")
        await migrate_postgres(left.url)
        async with serve() as venue:
            assert await life(Place("postgres", left.url), venue, *FEW) == ALL_DECIDED
            left.sql("CREATE DATABASE other")
            other = f"{left.url.rpartition('/')[0]}/other"
            await migrate_postgres(other)
            flags = ("--seconds", "3")
            assert await life(Place("postgres", other), venue, *flags) == NOT_IN_TIME
            assert len(await venue.accepted()) == int(FEW[1])
            ledger = Ledger(Place("postgres", other).database(), "main")
            await ledger.open()
            await ledger.doubt()  # as `bot account recover` does
            await ledger.close()
            assert await life(Place("postgres", other), venue) == ALL_DECIDED
            await agree(Place("postgres", other), venue)
