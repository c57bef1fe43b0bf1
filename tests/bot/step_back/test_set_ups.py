"""Set-ups of docs/database.md: which of them forget what, and what a bot makes of it."""

import asyncio
import contextlib
import shutil
from pathlib import Path

import pytest

from bot.ledger.ledger import Ledger
from bot.ledger.migrate import migrate_postgres
from bot.ledger.port import Posted
from bot.ledger.postgres import Postgres
from tests.bot.crash.test_crash import Place, agree, life
from tests.bot.crash.victim import ALL_DECIDED, NOT_IN_TIME, signals
from tests.bot.step_back.test_step_back import ALL, FEW, address, trades_on
from tests.support.postgres_servers import Server, primary, servers
from tests.support.venue_serving import serve

pytestmark = pytest.mark.slow

(SIGNAL,) = signals(1)
ENDS = ("", "-wal", "-shm")


async def posted(server: Server) -> Posted:
    """Post the same signal as ever."""
    ledger = Ledger(Postgres(server.url), "main")
    await ledger.open()
    try:
        return await ledger.post(SIGNAL)
    finally:
        await ledger.close()


async def test_a_server_that_was_killed_goes_on_in_the_same_life() -> None:
    with servers() as folder:
        left = primary(folder / "left")
        await migrate_postgres(left.url)
        assert await posted(left) is Posted.STORED
        before = await life_of(left)
        left.stop()
        left.start()
        assert await life_of(left) == before
        assert await posted(left) is Posted.SAME


async def life_of(server: Server) -> str:
    ledger = Ledger(Postgres(server.url), "main")
    await ledger.open()
    try:
        return (await ledger.life()).seen
    finally:
        await ledger.close()


async def test_a_synchronous_standby_has_every_signal_that_was_accepted() -> None:
    with servers() as folder:
        left = primary(folder / "left")
        await migrate_postgres(left.url)
        taken = left.standby(folder / "taken")
        left.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        left.sql("SELECT pg_reload_conf()")
        await until_synchronous(left)
        assert await posted(left) is Posted.STORED
        left.stop()
        taken.promote()
        assert await posted(taken) is Posted.SAME


async def until_synchronous(server: Server) -> None:
    async with asyncio.timeout(20):
        while server.sql("SELECT sync_state FROM pg_stat_replication") != "sync":  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.1)


async def test_a_standby_that_lags_may_forget_a_signal_which_may_be_sent_again() -> None:
    with servers() as folder:
        left = primary(folder / "left")
        await migrate_postgres(left.url)
        taken = left.standby(folder / "taken")
        taken.stop_following()
        assert await posted(left) is Posted.STORED
        left.stop()
        taken.promote()
        assert await posted(taken) is Posted.STORED
        assert await posted(taken) is Posted.SAME


async def test_a_dump_of_earlier_in_another_cluster_executes_nothing_twice() -> None:
    with servers() as folder:
        left, taken = primary(folder / "left"), primary(folder / "taken")
        await migrate_postgres(left.url)
        async with serve() as venue, address(left) as where:
            place = Place("postgres", where.url)
            assert await life(place, venue, *FEW) == ALL_DECIDED
            left.dump_into(taken)
            assert await life(place, venue, *ALL) == ALL_DECIDED
            left.stop()
            where.lead_to(taken)
            assert await life(place, venue, *ALL) == ALL_DECIDED
            await agree(place, venue)
            await trades_on(place)


async def test_a_disk_that_was_put_back_is_seen_by_a_bot_that_starts() -> None:
    """The server cannot tell: it has the same identifier and timeline as before."""
    with servers() as folder:
        left = primary(folder / "left")
        await migrate_postgres(left.url)
        async with serve() as venue:
            place = Place("postgres", left.url)
            assert await life(place, venue, *FEW) == ALL_DECIDED
            left.stop()
            shutil.copytree(left.folder, folder / "snapshot")
            left.start()
            assert await life(place, venue, *ALL) == ALL_DECIDED
            left.stop()
            put_back(folder / "snapshot", left.folder)
            left.start()
            assert await life(place, venue, *ALL) == ALL_DECIDED
            await agree(place, venue)
            await trades_on(place)


def put_back(snapshot: Path, folder: Path) -> None:
    """Replace what is in a server's folder; it stays the server's."""
    owner = folder.stat()
    shutil.rmtree(folder)
    shutil.copytree(snapshot, folder)
    for file in (folder, *folder.rglob("*")):
        shutil.chown(file, owner.st_uid, owner.st_gid)


@pytest.mark.parametrize("marked", [True, False], ids=["with its mark", "without its mark"])
async def test_a_copy_of_a_file_executes_nothing_twice(tmp_path: Path, *, marked: bool) -> None:
    live, copy = tmp_path / "ledger.sqlite", tmp_path / "copy.sqlite"
    place = Place("sqlite", str(live))
    async with serve() as venue:
        assert await life(place, venue, *FEW) == ALL_DECIDED
        for end in (*ENDS, ".life") if marked else ENDS:
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(f"{live}{end}", f"{copy}{end}")
        assert await life(place, venue, *ALL) == ALL_DECIDED
        copied = Place("sqlite", str(copy))
        assert await life(copied, venue, *ALL) == ALL_DECIDED
        await agree(copied, venue)
        await trades_on(copied)


def remove(live: Path) -> None:
    for end in ENDS:
        Path(f"{live}{end}").unlink(missing_ok=True)


async def test_a_file_that_is_gone_is_no_first_start(tmp_path: Path) -> None:
    place = Place("sqlite", str(tmp_path / "ledger.sqlite"))
    async with serve() as venue:
        assert await life(place, venue, *FEW) == ALL_DECIDED
        remove(tmp_path / "ledger.sqlite")
        assert await life(place, venue, *FEW, "--seconds", "3") == NOT_IN_TIME
        assert len(await venue.accepted()) == int(FEW[1])
