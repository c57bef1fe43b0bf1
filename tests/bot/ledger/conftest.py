"""One contract, both databases: a file of SQLite, and a database of its own on Postgres."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from bot.ledger.migrate import migrate_postgres
from bot.ledger.postgres import Postgres
from bot.ledger.sqlite import Sqlite
from tests.support.database import empty_database

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.cluster)]


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """Give an empty database that is gone afterwards."""
    with empty_database() as url:
        yield url


@pytest.fixture
def migrated_url(postgres_url: str) -> str:
    """Give a database with the newest schema, for tests that need several connections."""
    asyncio.run(migrate_postgres(postgres_url))
    return postgres_url


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """Give a migrated database that is not open."""
    if request.param == "sqlite":
        return Sqlite(str(tmp_path / "ledger.sqlite"))
    url: str = request.getfixturevalue("postgres_url")
    asyncio.run(migrate_postgres(url))
    return Postgres(url)


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[Ledger]:
    """Give an open ledger."""
    opened = Ledger(database, "main")
    await opened.open()
    yield opened
    await opened.close()
