"""Empty databases on the platform's Postgres, each gone after its use."""

import asyncio
import contextlib
import os
import uuid
from collections.abc import Generator

import asyncpg

from bot.ledger.migrate import migrate_postgres


async def _run(statement: str) -> None:
    connection = await asyncpg.connect(os.environ["TESTBED_POSTGRES_URL"])
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@contextlib.contextmanager
def empty_database() -> Generator[str]:
    """Give the URL of a new database. Not inside a running event loop."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    asyncio.run(_run(f"CREATE DATABASE {name}"))
    try:
        yield f"{os.environ['TESTBED_POSTGRES_URL'].rpartition('/')[0]}/{name}"
    finally:
        asyncio.run(_run(f"DROP DATABASE {name} WITH (FORCE)"))


@contextlib.contextmanager
def migrated_database() -> Generator[str]:
    """Give the URL of a new database with the newest schema. Not inside a running event loop."""
    with empty_database() as url:
        asyncio.run(migrate_postgres(url))
        yield url
