"""The intent names a ledger: a pod on another one holds nothing, takes nothing in, and says so."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest

from bot.app import Bot
from bot.authority.lease import LEASES, Claim, Claimant
from bot.contract.color import Color
from bot.contract.intent import Intent
from bot.contract.ledger import is_ledger_name
from bot.ledger import commands
from bot.ledger.leases import Kept
from bot.ledger.ledger import Ledger
from bot.ledger.migrate import migrate_postgres
from bot.ledger.port import LedgerError
from bot.ledger.postgres import Postgres
from bot.ledger.sqlite import Sqlite
from bot.process.clock import Clock
from bot.process.server import listen
from bot.process.stop_flag import StopFlag
from bot.trading.signals import Signal
from tests.bot.ledger.test_leases import BUY, OTHER
from tests.support.fakes import BLUE, FakeSource, FakeVenue, settings, until
from tests.support.plain import NO_TLS
from tests.support.postgres_servers import Server, primary, servers

SIGNAL = Signal("s-1", BUY, 30.0, "test")


@contextlib.asynccontextmanager
async def bot_on(path: Path, source: FakeSource) -> AsyncGenerator[tuple[Bot, httpx2.AsyncClient]]:
    flag, listening = StopFlag(), listen(0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    bot = Bot(
        settings(STRATEGY="none", BOT_DRAIN_SECONDS="0"),
        source=source,
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


async def test_a_bot_on_another_ledger_than_the_intent_names_says_so_and_takes_nothing_in(
    tmp_path: Path,
) -> None:
    source = FakeSource(Intent(Color.BLUE, 0, OTHER))
    async with bot_on(tmp_path / "ledger.sqlite", source) as (bot, http):
        await until(lambda: bot.keeper.refused is not None)
        name = bot.keeper.ledger
        way_out = f"`pulumi config set adoptLedger {name}`"
        await until(lambda: way_out in bot.checks.results()["lease"].reason)
        health = (await http.get("/health")).json()
        assert (health["lease"]["refused"], health["ledger"]) == ("other_ledger", name)
        assert (
            "refused: the intent names another ledger" in (await http.get("/readyz?verbose")).text
        )
        metrics = (await http.get("/metrics")).text
        assert 'bot_authority_refused{reason="other_ledger"} 1.0' in metrics
        assert "bot_leases_held 0.0" in metrics
        with pytest.raises(LedgerError, match="another ledger"):
            await bot.trader.post(SIGNAL)
        source.show(Intent(Color.BLUE, 0, name))
        await until(lambda: bot.keeper.decides(35))
        await bot.trader.post(SIGNAL)
        source.show(Intent(Color.BLUE, 0, OTHER))
        await until(lambda: not bot.keeper.leases)


@pytest.mark.cluster
def test_the_last_word_of_a_migration_is_the_name_of_the_ledger(
    postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "database-url").write_text(postgres_url)
    last_word = tmp_path / "termination-log"
    pod = settings(BOT_SECRETS_DIR=str(tmp_path))
    assert commands.migrate(pod, last_word) == commands.DONE
    assert not last_word.exists()
    last_word.touch()
    assert commands.migrate(pod, last_word) == commands.DONE
    name = last_word.read_text()
    assert is_ledger_name(name)
    assert capsys.readouterr().out.splitlines()[-1] == f"ledger: {name}"


async def name_of(server: Server) -> str:
    return await commands.name_of(Postgres(server.url))


async def keep(server: Server, name: str) -> Kept:
    ledger = Ledger(Postgres(server.url), "main")
    await ledger.open()
    try:
        claimant = Claimant("blue.1", Color.BLUE, 7, "one", ledger=name)
        return await ledger.keep(claimant, Intent(Color.BLUE, 0, name), ())
    finally:
        await ledger.close()


@pytest.mark.slow
async def test_a_dump_in_another_cluster_is_another_ledger_until_the_intent_names_it() -> None:
    with servers() as folder:
        left, taken = primary(folder / "left"), primary(folder / "taken")
        await migrate_postgres(left.url)
        name = await name_of(left)
        assert len((await keep(left, name)).granted) == len(LEASES)
        left.dump_into(taken)
        moved = await name_of(taken)
        assert moved.partition("@")[0] == name.partition("@")[0]
        assert (await keep(taken, name)).refused is Claim.OTHER_LEDGER
        # And then it is a life that nobody has compared with the venue.
        assert (await keep(taken, moved)).refused is Claim.RECOVERING
        assert (await keep(left, moved)).refused is Claim.OTHER_LEDGER


@pytest.mark.slow
async def test_a_role_without_rights_is_enough_and_is_shut_out_for_a_move() -> None:
    with servers() as folder:
        left = primary(folder / "left")
        for statement in ("CREATE ROLE bot LOGIN", "ALTER DATABASE postgres OWNER TO bot"):
            left.sql(statement)
        url = left.url.replace("postgres@", "bot@")
        await migrate_postgres(url)
        ledger = Ledger(Postgres(url), "main")
        await ledger.open()
        try:
            claimant = Claimant("blue.1", Color.BLUE, 7, "one", ledger=await name_of(left))
            assert (await ledger.keep(claimant, BLUE, ())).refused is None
            left.sql("ALTER ROLE bot NOLOGIN")
            left.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'bot'")
            for _ in range(2):
                with pytest.raises(LedgerError):
                    await ledger.keep(claimant, BLUE, ())
        finally:
            await ledger.close()


@pytest.mark.slow
async def test_a_promoted_standby_is_the_same_ledger_in_another_life() -> None:
    with servers() as folder:
        left = primary(folder / "left")
        await migrate_postgres(left.url)
        name = await name_of(left)
        assert (await keep(left, name)).refused is None
        taken = left.standby(folder / "taken")
        left.stop()
        taken.promote()
        assert await name_of(taken) == name
        assert (await keep(taken, name)).refused is Claim.RECOVERING
