"""Neighbouring versions on neighbouring schemas: who may trade, and what the other one says."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest

from bot.app import Bot
from bot.ledger.ledger import SCHEMA, Ledger
from bot.ledger.sqlite import Sqlite, connect
from bot.process.clock import Clock
from bot.process.server import listen
from bot.process.stop_flag import StopFlag
from tests.support.fakes import BLUE, FakeSource, FakeVenue, settings, until
from tests.support.plain import NO_TLS


@contextlib.asynccontextmanager
async def bot_on(path: Path) -> AsyncGenerator[tuple[Bot, httpx2.AsyncClient]]:
    flag, listening = StopFlag(), listen(0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    bot = Bot(
        settings(STRATEGY="none", BOT_DRAIN_SECONDS="0"),
        source=FakeSource(BLUE),
        venue=FakeVenue(),
        ledger=Ledger(Sqlite(str(path)), "main"),
        flag=flag,
        clock=Clock(),
    )
    task = asyncio.create_task(bot.lifecycle.run(listening))
    try:
        async with httpx2.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as client:
            yield bot, client
    finally:
        flag.set("the test is over")
        await asyncio.wait_for(task, 10)


def schema(path: Path, version: int, compatible_since: int) -> None:
    """Make the ledger as a migration of that version would leave it, for all that we can read."""
    with contextlib.closing(connect(str(path))) as database:
        database.execute("ALTER TABLE orders ADD COLUMN of_a_later_version TEXT")
        database.execute(
            "UPDATE ledger_schema SET version = ?, compatible_since = ?",
            (version, compatible_since),
        )


async def test_a_bot_trades_on_the_next_schema_that_only_added(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    schema(path, SCHEMA + 1, SCHEMA)
    async with bot_on(path) as (bot, client):
        await until(lambda: bot.keeper.decides(35))
        assert (await client.get("/health")).json()["lease"]["refused"] == ""


async def test_a_bot_refuses_authority_on_a_schema_that_it_cannot_read_and_says_why(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.sqlite"
    schema(path, SCHEMA + 1, SCHEMA + 1)
    async with bot_on(path) as (bot, client):
        await until(lambda: bot.keeper.refused is not None)
        ready = await client.get("/readyz?verbose")
        assert ready.status_code == 503
        assert f"schema is version {SCHEMA + 1}" in ready.text
        assert "run a newer bot" in ready.text
        metrics = (await client.get("/metrics")).text
        assert 'bot_authority_refused{reason="schema"} 1.0' in metrics
        assert "bot_leases_held 0.0" in metrics
        with contextlib.closing(sqlite3.connect(path)) as database:
            held = database.execute("SELECT count(*) FROM leases WHERE holder IS NOT NULL")
            assert held.fetchone() == (0,)


async def test_a_bot_hands_over_when_a_migration_shuts_it_out(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    async with bot_on(path) as (bot, client):
        await until(lambda: bot.keeper.decides(35))
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("UPDATE ledger_schema SET compatible_since = ?", (SCHEMA + 1,))
        await until(lambda: not bot.keeper.leases)
        assert (await client.get("/health")).json()["lease"]["refused"] == "schema"
        await until(lambda: "schema" in bot.checks.results()["lease"].reason)


@pytest.mark.parametrize("version", [0, SCHEMA - 1])
async def test_an_older_schema_is_refused_with_what_to_run(tmp_path: Path, version: int) -> None:
    path = tmp_path / "ledger.sqlite"
    schema(path, version, version)
    async with bot_on(path) as (bot, client):
        await until(lambda: bot.keeper.refused is not None)
        assert "run `python -m bot migrate` first" in (await client.get("/readyz?verbose")).text
