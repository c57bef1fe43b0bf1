"""Brings a database to the newest schema: `python -m bot migrate`, a Job before a color starts.

Two at once wait for each other; a second run changes nothing.
"""

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

LOCK = 0x626F74  # any number that nobody else takes
LOCK_WAIT_MILLISECONDS = 60_000
Report = Callable[[str], None]


def config() -> Config:
    """Return Alembic's configuration; there is no file of it."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.set_main_option("path_separator", "os")
    return settings


def upgrade(connection: sa.Connection, report: Report) -> None:
    """Run what is missing on this connection."""
    before = MigrationContext.configure(connection).get_current_revision()
    settings = config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")
    after = MigrationContext.configure(connection).get_current_revision()
    report(f"the schema is at {after} already" if before == after else f"schema {before} → {after}")


async def upgrade_postgres(url: str, report: Report) -> None:
    """Migrate a Postgres database; whoever comes second waits.

    Raises:
        sqlalchemy.exc.SQLAlchemyError, OSError: the database refused or could not be reached.
    """
    engine = create_async_engine(_asyncpg(url), connect_args={"timeout": 10})
    try:
        async with engine.begin() as connection:
            await connection.execute(sa.text(f"SET LOCAL lock_timeout = {LOCK_WAIT_MILLISECONDS}"))
            await connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
            await connection.run_sync(upgrade, report)
    finally:
        await engine.dispose()


def upgrade_sqlite(path: str, report: Report) -> None:
    """Migrate a SQLite file."""
    engine = sa.create_engine(f"sqlite:///{path}")
    try:
        with engine.begin() as connection:
            upgrade(connection, report)
    finally:
        engine.dispose()


def _asyncpg(url: str) -> sa.URL:
    return sa.make_url(url).set(drivername="postgresql+asyncpg")
