"""One contract, every store: in memory, a file, and Postgres where the platform runs."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from release.adapters.journal_postgres import PostgresJournal
from release.adapters.journal_sqlite import SqliteJournal
from release.drive.ports import Journal, LostLockError, PortError
from release.rehearsal.ideal import MemoryJournal
from tests.support.database import empty_database

AT = datetime(2026, 1, 1, tzinfo=UTC)
STALE = 60.0


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """Give an empty database that is gone afterwards."""
    with empty_database() as url:
        yield url


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.cluster)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    """Give an empty journal."""
    if request.param == "memory":
        return MemoryJournal()
    if request.param == "sqlite":
        return SqliteJournal(tmp_path / "deep" / "journal.sqlite", "test")
    url: str = request.getfixturevalue("postgres_url")
    return PostgresJournal(url, "test")


@pytest.fixture
async def journal(store: Journal) -> AsyncIterator[Journal]:
    """Give it, and leave no connection open."""
    yield store
    if isinstance(store, PostgresJournal):
        await store.close()


async def test_what_is_written_is_read_in_order_and_only_once(journal: Journal) -> None:
    await journal.lock("ada", AT, STALE)
    first = await journal.append("r", AT, "began", {"new": "green", "steps": [1, 2.5, None]}, "ada")
    second = await journal.append("r", AT, "entered", {"phase": "rollout"}, "ada")
    assert await journal.read(0) == [first, second]
    assert await journal.read(first.sequence) == [second]
    assert first.sequence < second.sequence


async def test_only_the_holder_of_the_lock_writes_and_a_command_is_free(journal: Journal) -> None:
    await journal.lock("ada", AT, STALE)
    with pytest.raises(LostLockError, match="ada"):
        await journal.append("r", AT, "entered", {}, "bob")
    await journal.append("r", AT, "commanded", {"by": "bob"}, None)
    assert [record.kind for record in await journal.read(0)] == ["commanded"]


async def test_a_lock_is_told_with_its_holder_and_since_when(journal: Journal) -> None:
    mine = await journal.lock("ada", AT, STALE)
    theirs = await journal.lock("bob", AT + timedelta(seconds=1), STALE)
    assert theirs.holder == "ada"
    assert theirs.since == mine.since
    assert await journal.held() == theirs
    await journal.unlock("bob")
    assert (await journal.lock("bob", AT + timedelta(seconds=2), STALE)).holder == "ada"
    await journal.unlock("ada")
    assert (await journal.lock("bob", AT + timedelta(seconds=3), STALE)).holder == "bob"


async def test_nobody_holds_a_lock_that_was_given_back(journal: Journal) -> None:
    assert await journal.held() is None
    await journal.lock("ada", AT, STALE)
    await journal.unlock("ada")
    assert await journal.held() is None


async def test_a_lock_that_nobody_renews_is_taken_over(journal: Journal) -> None:
    await journal.lock("ada", AT, STALE)
    later = AT + timedelta(seconds=61)
    stale = 0.0 if isinstance(journal, PostgresJournal) else STALE
    assert (await journal.lock("bob", later, stale)).holder == "bob"
    with pytest.raises(LostLockError):
        await journal.append("r", later, "entered", {}, "ada")


async def test_a_record_that_is_sent_again_after_a_lost_reply_is_there_once(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite", "test")
    first = await journal.append("r", AT, "did", {"action": "apply"}, None)
    again = await journal.append("r", AT, "did", {"action": "apply"}, None)
    assert first == again
    assert len(await journal.read(0)) == 1


async def test_stacks_in_one_file_do_not_see_each_other(tmp_path: Path) -> None:
    one, two = (SqliteJournal(tmp_path / "journal.sqlite", name) for name in ("one", "two"))
    await one.append("r", AT, "did", {}, None)
    await one.lock("ada", AT, STALE)
    assert await two.read(0) == []
    assert (await two.lock("bob", AT, STALE)).holder == "bob"


async def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_text("no database at all, but a text of some length")
    with pytest.raises(PortError, match=r"journal\.sqlite cannot be used"):
        await SqliteJournal(tmp_path / "journal.sqlite", "test").read(0)


async def test_a_database_that_is_away_is_an_error_of_the_port_without_its_password() -> None:
    journal = PostgresJournal("postgresql://u:secret@127.0.0.1:1/none", "test")
    with pytest.raises(PortError, match="does not answer") as caught:
        await journal.read(0)
    assert "secret" not in str(caught.value)
