"""Postgres by asyncpg: one connection writes, a few read; each call ends within its deadline.

READ COMMITTED, because an epoch that is checked under REPEATABLE READ is read in the past. A server
ends a transaction whose client fell asleep in it: it holds the lease row that others wait for.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg

from bot.ledger.database import Database, Row, Script
from bot.ledger.port import LedgerError

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

T = TypeVar("T")
CALL_SECONDS = 2.0
CONNECT_SECONDS = 3.0
READERS = 4
SERVER_SETTINGS = {
    "application_name": "bot",
    "statement_timeout": "2000",
    "lock_timeout": "1500",
    "idle_in_transaction_session_timeout": "2000",
    "default_transaction_isolation": "read committed",
    "timezone": "UTC",
    "jit": "off",
}
WORDS = {
    "{now}": "extract(epoch FROM clock_timestamp())::float8",
    "{for_share}": "FOR SHARE",
    "{for_update}": "FOR UPDATE",
}
_FAILED = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError)
_REFUSED = (
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DeadlockDetectedError,
)
"""What a server says when it is busy, going or not the leader: the caller may come again."""


def spelled(sql: str) -> str:
    """Replace the words that databases spell differently."""
    for word, meaning in WORDS.items():
        sql = sql.replace(word, meaning)
    return sql


class _Tx:
    def __init__(self, connection: "asyncpg.Connection[Any] | PoolConnectionProxy[Any]") -> None:
        self._connection = connection

    async def rows(self, sql: str, *parameters: object) -> Sequence[Row]:
        return await self._connection.fetch(spelled(sql), *parameters)


class Postgres(Database):
    """One pod's connections."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.where = "Postgres"
        self._url = url
        self._writing: asyncpg.Connection[Any] | None = None
        self._readers: asyncpg.Pool[Any] | None = None

    async def _open(self) -> None:
        try:
            self._writing = await self._connect()
            self._readers = await asyncpg.create_pool(
                self._url,
                min_size=1,
                max_size=READERS,
                timeout=CONNECT_SECONDS,
                command_timeout=CALL_SECONDS,
                server_settings=SERVER_SETTINGS,
            )
        except (*_FAILED, asyncpg.PostgresError) as error:
            await self._close()
            raise LedgerError(f"Postgres: {_text(error)}") from error

    async def _connect(self) -> "asyncpg.Connection[Any]":
        return await asyncpg.connect(
            self._url,
            timeout=CONNECT_SECONDS,
            command_timeout=CALL_SECONDS,
            server_settings=SERVER_SETTINGS,
        )

    async def _close(self) -> None:
        if self._writing:
            self._writing.terminate()
            self._writing = None
        if self._readers:
            self._readers.terminate()
            self._readers = None

    async def read(self, script: Script[T]) -> T:
        """See Database. A connection that failed is ended at once: giving it back could hang."""
        if self._readers is None:
            raise LedgerError("Postgres: not connected")
        try:
            async with asyncio.timeout(CALL_SECONDS):
                connection = await self._readers.acquire()
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    return await script(_Tx(connection))
            except BaseException:
                connection.terminate()
                raise
            finally:
                await self._readers.release(connection)
        except (*_FAILED, *_REFUSED) as error:
            raise LedgerError(f"Postgres: {_text(error)}") from error

    async def transact(self, scripts: Sequence[Script[Any]]) -> Sequence[Any]:
        """See Database. After any trouble the connection is thrown away: its state is unknown."""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await self._transact(scripts)
        except (*_FAILED, *_REFUSED) as error:
            raise LedgerError(f"Postgres: {_text(error)}") from error

    async def _transact(self, scripts: Sequence[Script[Any]]) -> Sequence[Any]:
        if self._writing is None or self._writing.is_closed():
            self._writing = await self._connect()
        connection = self._writing
        try:
            transaction = connection.transaction()
            await transaction.start()
            results = [await script(_Tx(connection)) for script in scripts]
            await transaction.commit()
        except BaseException:
            # Not rolled back: on a connection that hangs, that would hang too.
            connection.terminate()
            self._writing = None
            raise
        return results


def _text(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {CALL_SECONDS:g} s"
    return str(error) or type(error).__name__
