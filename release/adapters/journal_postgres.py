"""The journal in Postgres: shared by laptops and CI, so the lock's age is by the database's clock.

One connection, made when it is needed and made anew when it broke; each call ends within its
deadline. The tables are made when they are missing.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
from typing_extensions import override

from release.adapters.journal_rows import held_by_another, identity, record
from release.decide.model import Json, Lock, StoredRecord
from release.drive.ports import Journal, LostLockError, PortError

CONNECT_SECONDS = 3.0
CALL_SECONDS = 3.0
_TABLES = """
CREATE TABLE IF NOT EXISTS release_journal (
  sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stack TEXT NOT NULL,
  release TEXT NOT NULL,
  at TEXT NOT NULL,
  kind TEXT NOT NULL,
  data TEXT NOT NULL,
  identity TEXT NOT NULL,
  UNIQUE (stack, identity)
);
CREATE TABLE IF NOT EXISTS release_lock (
  stack TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  since TIMESTAMPTZ NOT NULL,
  renewed TIMESTAMPTZ NOT NULL
);
"""
_ADVISORY = "SELECT pg_advisory_xact_lock(hashtext('release_journal'))"
"""Held while a record is written, so that sequences become visible in their order."""
_SETTINGS = {
    "application_name": "release",
    "statement_timeout": "2500",
    "lock_timeout": "2000",
    "idle_in_transaction_session_timeout": "3000",
    "timezone": "UTC",
}


class PostgresJournal(Journal):
    """The journal of one stack in a database; the port `Journal`."""

    def __init__(self, url: str, stack: str) -> None:
        self._url = url
        self._stack = stack
        self._connection: asyncpg.Connection[Any] | None = None
        self._turn = asyncio.Lock()

    @override
    async def read(self, after: int) -> Sequence[StoredRecord]:
        async with self._transaction() as connection:
            rows = await connection.fetch(
                "SELECT sequence, release, at, kind, data FROM release_journal"
                " WHERE stack = $1 AND sequence > $2"
                " ORDER BY sequence",
                self._stack,
                after,
            )
        return [record(*row.values()) for row in rows]

    @override
    async def append(
        self, release: str, at: datetime, kind: str, data: Mapping[str, Json], holder: str | None
    ) -> StoredRecord:
        key = identity(release, at, kind, data)
        async with self._transaction() as connection:
            await connection.execute(_ADVISORY)
            if holder is not None:
                lock = await self._lock(connection)
                if lock is None or lock.holder != holder:
                    raise LostLockError(held_by_another(lock, holder))
            await connection.execute(
                "INSERT INTO release_journal (stack, release, at, kind, data, identity)"
                " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (stack, identity) DO NOTHING",
                self._stack,
                release,
                at.isoformat(),
                kind,
                json.dumps(dict(data)),
                key,
            )
            row = await connection.fetchrow(
                "SELECT sequence, release, at, kind, data FROM release_journal"
                " WHERE stack = $1 AND identity = $2",
                self._stack,
                key,
            )
        if row is None:
            raise PortError("the release journal lost what was just written")
        return record(*row.values())

    @override
    async def lock(self, holder: str, now: datetime, stale_seconds: float) -> Lock:
        del now
        async with self._transaction() as connection:
            await connection.execute(
                "INSERT INTO release_lock AS old (stack, holder, since, renewed)"
                " VALUES ($1, $2, clock_timestamp(), clock_timestamp())"
                " ON CONFLICT (stack) DO UPDATE SET holder = $2, renewed = clock_timestamp(),"
                " since = CASE WHEN old.holder = $2 THEN old.since ELSE clock_timestamp() END"
                " WHERE old.holder = $2"
                " OR old.renewed <= clock_timestamp() - make_interval(secs => $3)",
                self._stack,
                holder,
                stale_seconds,
            )
            lock = await self._lock(connection)
        if lock is None:
            raise PortError("the release lock vanished while it was taken")
        return lock

    @override
    async def unlock(self, holder: str) -> None:
        async with self._transaction() as connection:
            await connection.execute(
                "DELETE FROM release_lock WHERE stack = $1 AND holder = $2",
                self._stack,
                holder,
            )

    @override
    async def held(self) -> Lock | None:
        """Return the lock that stands, without taking it."""
        async with self._transaction() as connection:
            return await self._lock(connection)

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _lock(self, connection: "asyncpg.Connection[Any]") -> Lock | None:
        row = await connection.fetchrow(
            "SELECT holder, since, renewed FROM release_lock WHERE stack = $1",
            self._stack,
        )
        return None if row is None else Lock(row["holder"], row["since"], row["renewed"])

    @asynccontextmanager
    async def _transaction(self) -> "AsyncGenerator[asyncpg.Connection[Any]]":
        async with self._turn:
            try:
                async with asyncio.timeout(CONNECT_SECONDS + CALL_SECONDS):
                    connection = await self._connected()
                    async with connection.transaction():
                        yield connection
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                await self.close()
                raise PortError(
                    f"the release journal does not answer: {_text_of(error)}"
                ) from error

    async def _connected(self) -> "asyncpg.Connection[Any]":
        if self._connection is None or self._connection.is_closed():
            connection: asyncpg.Connection[Any] = await asyncpg.connect(
                self._url,
                timeout=CONNECT_SECONDS,
                command_timeout=CALL_SECONDS,
                server_settings=_SETTINGS,
            )
            await connection.execute(_TABLES)
            self._connection = connection
        return self._connection


def _text_of(error: BaseException) -> str:
    """Return the words of an error; never the URL, which holds a password."""
    return str(error) or type(error).__name__
