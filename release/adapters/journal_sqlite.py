"""The journal in a file: for one machine, as `local` is.

Each call opens the file, does one transaction and closes it: a call a second, and nothing is left
open when the process is killed. WAL with FULL: what was written is on the disk before anything is
done.
"""

import json
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from typing_extensions import override

from release.adapters.journal_rows import held_by_another, identity, record
from release.decide.model import Json, Lock, StoredRecord
from release.drive.ports import Journal, LostLockError, PortError

BUSY_SECONDS = 5.0
_TABLES = """
CREATE TABLE IF NOT EXISTS release_journal (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
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
  since TEXT NOT NULL,
  renewed TEXT NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class SqliteJournal(Journal):
    """The journal of one stack in a file; the port `Journal`."""

    path: Path
    stack: str

    @override
    async def read(self, after: int) -> Sequence[StoredRecord]:
        with self._open() as connection:
            rows = connection.execute(
                "SELECT sequence, release, at, kind, data FROM release_journal"
                " WHERE stack = ? AND sequence > ?"
                " ORDER BY sequence",
                (self.stack, after),
            ).fetchall()
        return [record(*row) for row in rows]

    @override
    async def append(
        self, release: str, at: datetime, kind: str, data: Mapping[str, Json], holder: str | None
    ) -> StoredRecord:
        key = identity(release, at, kind, data)
        with self._open() as connection:
            if holder is not None:
                lock = self._lock(connection)
                if lock is None or lock.holder != holder:
                    raise LostLockError(held_by_another(lock, holder))
            connection.execute(
                "INSERT INTO release_journal (stack, release, at, kind, data, identity)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (stack, identity) DO NOTHING",
                (self.stack, release, at.isoformat(), kind, json.dumps(dict(data)), key),
            )
            row = connection.execute(
                "SELECT sequence, release, at, kind, data FROM release_journal"
                " WHERE stack = ? AND identity = ?",
                (self.stack, key),
            ).fetchone()
        return record(*row)

    @override
    async def lock(self, holder: str, now: datetime, stale_seconds: float) -> Lock:
        with self._open() as connection:
            current = self._lock(connection)
            if current is not None and current.holder == holder:
                mine = Lock(holder, current.since, now)
            elif current is None or (now - current.renewed).total_seconds() >= stale_seconds:
                mine = Lock(holder, now, now)
            else:
                return current
            connection.execute(
                "INSERT INTO release_lock (stack, holder, since, renewed) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (stack) DO UPDATE SET holder = excluded.holder,"
                " since = excluded.since, renewed = excluded.renewed",
                (self.stack, mine.holder, mine.since.isoformat(), mine.renewed.isoformat()),
            )
        return mine

    @override
    async def unlock(self, holder: str) -> None:
        with self._open() as connection:
            connection.execute(
                "DELETE FROM release_lock WHERE stack = ? AND holder = ?",
                (self.stack, holder),
            )

    @override
    async def held(self) -> Lock | None:
        """Return the lock that stands, without taking it."""
        with self._open() as connection:
            return self._lock(connection)

    def _lock(self, connection: sqlite3.Connection) -> Lock | None:
        row = connection.execute(
            "SELECT holder, since, renewed FROM release_lock WHERE stack = ?",
            (self.stack,),
        ).fetchone()
        if row is None:
            return None
        return Lock(row[0], datetime.fromisoformat(row[1]), datetime.fromisoformat(row[2]))

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection]:
        """Give one writing transaction; it is taken back when anything is raised in it."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(
                sqlite3.connect(self.path, BUSY_SECONDS, isolation_level=None)
            ) as connection:
                connection.executescript(
                    f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {_TABLES}"
                )
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise PortError(f"the release journal {self.path} cannot be used: {error}") from error
