"""One contract, both databases: a file of SQLite, and a database of its own on Postgres."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from bot.ledger.migrate import migrate_postgres
from bot.ledger.postgres import Postgres
from bot.ledger.sqlite import Sqlite

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.cluster)]


async def _run(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """Give an empty database that is gone afterwards."""
    server = os.environ["TESTBED_POSTGRES_URL"]
    name = f"test_{uuid.uuid4().hex[:12]}"
    asyncio.run(_run(server, f"CREATE DATABASE {name}"))
    yield f"{server.rpartition('/')[0]}/{name}"
    asyncio.run(_run(server, f"DROP DATABASE {name} WITH (FORCE)"))


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
