"""Brings a database to the newest schema: `python -m bot migrate`, a Job before a color starts.

Runs the SQL that Alembic rendered (`bot/ledger/sql`), in Alembic's own order and with its own mark
of the version. Two at once wait for each other; a second run changes nothing.
"""

from collections.abc import Sequence
from pathlib import Path

import asyncpg

FOLDER = Path(__file__).parent / "sql"
LOCK = 0x626F74
"""Of the advisory lock: any number that nobody else takes in this database."""
CONNECT_SECONDS = 10.0
LOCK_SECONDS = 60.0


def pending(folder: str, done: str | None) -> Sequence[tuple[str, str]]:
    """Return (version, SQL) of what comes after `done`, in order. `folder`: postgres or sqlite."""
    files = sorted((FOLDER / folder).glob("*.sql"))
    return [
        (file.stem, file.read_text(encoding="utf-8"))
        for file in files
        if done is None or file.stem > done
    ]


class MigrationError(Exception):
    """The database refused or was not reached; nothing was changed."""


async def migrate_postgres(url: str) -> list[str]:
    """Run what is missing, all or nothing; return the versions that were run.

    Raises:
        MigrationError: the database refused or was not reached.
    """
    try:
        return await _migrate(url)
    except TimeoutError as error:
        raise MigrationError(f"no answer within {CONNECT_SECONDS:g} s") from error
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise MigrationError(str(error) or type(error).__name__) from error


async def _migrate(url: str) -> list[str]:
    connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS:g}s'")
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            steps = pending("postgres", await _version(connection))
            for _, sql in steps:
                await connection.execute(sql)
            return [version for version, _ in steps]
    finally:
        connection.terminate()


async def _version(connection: "asyncpg.Connection[asyncpg.Record]") -> str | None:
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    return await connection.fetchval("SELECT max(version_num) FROM alembic_version")
