"""SQLite: one process on one machine, one thread, every commit on disk before it is answered."""

import asyncio
import fcntl
import os
import sqlite3
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, TypeVar, cast

from typing_extensions import override

from bot.ledger.database import Database, Row, Script
from bot.ledger.mark import Mark
from bot.ledger.migrate import pending
from bot.ledger.port import LedgerError

T = TypeVar("T")
MEMORY = ":memory:"
WORDS = {
    "{now}": "bot_now()",
    "{for_share}": "",
    "{for_update}": "",
    "{renew_lock}": "",
    "{take_lock}": "",
    "{write_lock}": "",
    "{notify}": "$1",
    "{end_sessions}": "$1",
    "{life}": "bot_life()",
}


def spelled(sql: str) -> str:
    """Replace the words that databases spell differently; SQLite's parameters are `?1`."""
    for word, meaning in WORDS.items():
        sql = sql.replace(word, meaning)
    return sql.replace("$", "?")


class _Tx:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def rows(self, sql: str, *parameters: object) -> Sequence[Row]:
        values = [str(p) if isinstance(p, Decimal) else p for p in parameters]
        return cast("Sequence[Row]", self._connection.execute(spelled(sql), values).fetchall())


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits to its end: SQLite answers at once, on its own thread."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    coroutine.close()
    raise RuntimeError("a script waited for something other than its transaction")


class Sqlite(Database):
    """One file, or a database in memory that ends with the process."""

    def __init__(self, path: str = MEMORY) -> None:
        super().__init__()
        self.where = "in memory, ends with this process" if path == MEMORY else path
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        self._connection: sqlite3.Connection | None = None
        self._lock: IO[str] | None = None
        self._mark: Mark | None = None

    @override
    async def _open(self) -> None:
        await self._run(self._start)

    async def _run(self, work: Any, *arguments: object) -> Any:  # noqa: ANN401 - hands through
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    def _start(self) -> None:
        try:
            if self._path != MEMORY:
                Path(self._path).parent.mkdir(parents=True, exist_ok=True)
                self._lock = take_lock(Path(f"{self._path}.lock"))
            self._connection = connect(self._path)
            self._mark = Mark.beside(self._path, self._connection)
            life = self._mark.life
            self._connection.create_function("bot_life", 0, lambda: life)
        except (OSError, sqlite3.Error) as error:
            self._let_go()
            raise LedgerError(f"SQLite: {self._path}: {error}") from error

    def _let_go(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None
        if self._mark:
            self._mark.close()
            self._mark = None
        if self._lock:
            self._lock.close()
            self._lock = None

    @override
    async def _close(self) -> None:
        await self._run(self._let_go)
        self._thread.shutdown(wait=False)

    @override
    async def read(self, script: Script[T]) -> T:
        return cast("T", await self._run(self._read, script))

    def _read(self, script: Script[Any]) -> object:
        try:
            return drive(cast("Coroutine[Any, Any, Any]", script(_Tx(self._opened()))))
        except sqlite3.Error as error:
            raise LedgerError(f"SQLite: {error}") from error

    @override
    async def transact(self, scripts: Sequence[Script[Any]]) -> Sequence[Any]:
        return cast("Sequence[Any]", await self._run(self._transact, scripts))

    def _transact(self, scripts: Sequence[Script[Any]]) -> Sequence[object]:
        connection = self._opened()
        try:
            connection.execute("BEGIN IMMEDIATE")
            tx = _Tx(connection)
            results = [drive(cast("Coroutine[Any, Any, Any]", script(tx))) for script in scripts]
            commits = _commits(connection) + 1
            connection.execute(f"PRAGMA user_version = {commits}")
            connection.execute("COMMIT")
            if self._mark:
                self._mark.write(commits)
        except sqlite3.OperationalError as error:
            _roll_back(connection)
            raise LedgerError(f"SQLite: {error}") from error
        except BaseException:
            _roll_back(connection)
            raise
        return results

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise LedgerError("SQLite: not open")
        return self._connection


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def connect(path: str) -> sqlite3.Connection:
    """Open the database and bring it to the newest schema: nobody else works on it."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.create_function("bot_now", 0, time.time)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA busy_timeout = 2000")
    for _, sql in pending("sqlite", _version(connection)):
        connection.executescript(f"BEGIN IMMEDIATE;\n{sql}\nCOMMIT;")
    return connection


def _commits(connection: sqlite3.Connection) -> int:
    (commits,) = connection.execute("PRAGMA user_version").fetchone()
    return int(commits)


def _version(connection: sqlite3.Connection) -> str | None:
    table = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'")
    if table.fetchone() is None:
        return None
    (version,) = connection.execute("SELECT max(version_num) FROM alembic_version").fetchone()
    return version


def take_lock(path: Path) -> IO[str]:
    """Take the operating system's lock on this file, held until the process ends.

    Raises:
        LedgerError: another process has it.
    """
    lock = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise LedgerError(
            f"SQLite: {path.with_suffix('')}: in use by process {holder}; one ledger, one process:"
            " end that one, give this one another file, or take Postgres"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
