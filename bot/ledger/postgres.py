"""Postgres by asyncpg: a connection for writes, leases and notices each, a few that read.

Each call ends within its deadline.

READ COMMITTED, because an epoch that is checked under REPEATABLE READ is read in the past. A server
ends a transaction whose client fell asleep in it: it holds the lease row that others wait for.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import asyncpg
from typing_extensions import override

from bot.authority.timings import DEFAULTS
from bot.ledger.database import Database, Row, Script
from bot.ledger.port import LedgerError

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

T = TypeVar("T")
Connect = Callable[[], Awaitable["asyncpg.Connection[Any]"]]
CALL_SECONDS = 2.0
CONNECT_SECONDS = 3.0
LISTEN_AGAIN_SECONDS = 1.0
READERS = 4
CHANNEL = "bot_leases"
"""Where who gives leases up, or shows a newer intent, tells the others."""
SERVER_SETTINGS = {
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
    "{renew_lock}": "FOR NO KEY UPDATE",
    "{take_lock}": "FOR UPDATE SKIP LOCKED",
    "{write_lock}": "FOR KEY SHARE OF l",
    # One server from its initdb on, and one history of it: a promotion begins another timeline.
    "{life}": "(SELECT system_identifier::text FROM pg_control_system())"
    " || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)",
    "{notify}": f"pg_notify('{CHANNEL}', $1)",
    "{end_sessions}": "pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = ANY(string_to_array($1, ','))",
}
_FAILED = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    # What asyncpg says when a server ends a session whose client had just fallen asleep.
    asyncpg.InternalClientError,
)
_REFUSED = (
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DeadlockDetectedError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    # Its role may not log in, its password is another one, its database is gone or closed.
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)
"""What a server says when it is busy, going, shut or not the leader: the caller may come again."""


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


class _Line:
    """One connection that runs transactions, one after the other."""

    def __init__(self, connect: "Connect", seconds_max: float = math.inf) -> None:
        self._connect = connect
        self._seconds_max = seconds_max
        """How old it may be: a server that its address leads to no more may live on."""
        self._connection: asyncpg.Connection[Any] | None = None
        self._opened_at = 0.0
        self._free = asyncio.Lock()

    async def open(self) -> "asyncpg.Connection[Any]":
        asked = _boot_seconds()
        if self._connection and asked > self._opened_at + self._seconds_max:
            self.end()
        if self._connection is None or self._connection.is_closed():
            self._connection, self._opened_at = await self._connect(), asked
        return self._connection

    def end(self) -> None:
        if self._connection:
            self._connection.terminate()
            self._connection = None

    async def transact(self, scripts: Sequence[Script[Any]]) -> Sequence[Any]:
        """Run all of them. After any trouble the connection is thrown away: who knows its state."""
        try:
            async with asyncio.timeout(CALL_SECONDS), self._free:
                return await self._transact(scripts)
        except (*_FAILED, *_REFUSED) as error:
            raise LedgerError(f"Postgres: {_text(error)}") from error

    async def _transact(self, scripts: Sequence[Script[Any]]) -> Sequence[Any]:
        connection = await self.open()
        try:
            transaction = connection.transaction()
            await transaction.start()
            results = [await script(_Tx(connection)) for script in scripts]
            await transaction.commit()
        except BaseException:
            # Not rolled back: on a connection that hangs, that would hang too.
            self.end()
            raise
        return results


class Postgres(Database):
    """One pod's connections."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.where = "Postgres"
        self._url = url
        self._writing = _Line(self._connect)
        self._keeping = _Line(self._connect, DEFAULTS.connection_seconds)
        self._readers: asyncpg.Pool[Any] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._listener: asyncpg.Connection[Any] | None = None

    def _settings(self) -> dict[str, str]:
        return {**SERVER_SETTINGS, "application_name": self.session_name}

    async def _connect(self) -> "asyncpg.Connection[Any]":
        return await asyncpg.connect(
            self._url,
            timeout=CONNECT_SECONDS,
            command_timeout=CALL_SECONDS,
            server_settings=self._settings(),
        )

    @override
    async def _open(self) -> None:
        try:
            await self._writing.open()
            self._readers = await asyncpg.create_pool(
                self._url,
                min_size=1,
                max_size=READERS,
                timeout=CONNECT_SECONDS,
                command_timeout=CALL_SECONDS,
                server_settings=self._settings(),
                # Readers leave nothing in a session: a reset would be a round trip for each read.
                reset=_keep_as_it_is,
            )
        except (*_FAILED, asyncpg.PostgresError) as error:
            await self._close()
            raise LedgerError(f"Postgres: {_text(error)}") from error
        self._listening = asyncio.create_task(self._listen(), name="ledger notices")

    @override
    async def connect_anew(self) -> None:
        self._writing.end()
        if self._readers:
            await self._readers.expire_connections()
        if self._listener:
            self._listener.terminate()

    @override
    async def _close(self) -> None:
        if self._listening:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
            self._listening = None
        self._writing.end()
        self._keeping.end()
        if self._readers:
            self._readers.terminate()
            self._readers = None

    async def _listen(self) -> None:
        """Hear what others tell. Nothing depends on it: who hears nothing looks by itself."""
        while True:
            ended = asyncio.Event()
            try:
                connection = await self._connect()
            except (*_FAILED, asyncpg.PostgresError):
                await asyncio.sleep(LISTEN_AGAIN_SECONDS)
                continue
            self._listener = connection
            connection.add_termination_listener(lambda _, ended=ended: ended.set())
            try:
                await connection.add_listener(CHANNEL, self._heard)
                await ended.wait()
            except (*_FAILED, asyncpg.PostgresError):
                pass
            finally:
                connection.terminate()
            await asyncio.sleep(LISTEN_AGAIN_SECONDS)

    def _heard(self, *_: object) -> None:
        self.on_notice()

    @override
    async def read(self, script: Script[T]) -> T:
        # A connection that failed is ended at once: giving it back could hang.
        if self._readers is None:
            raise LedgerError("Postgres: not connected")
        try:
            async with asyncio.timeout(CALL_SECONDS):
                connection = await self._readers.acquire()
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    return await script(_Tx(connection))
            except BaseException:
                with contextlib.suppress(asyncpg.InterfaceError):
                    connection.terminate()
                raise
            finally:
                # A pool that has seen the session end itself has let go of it already.
                with contextlib.suppress(*_FAILED, AttributeError):
                    await self._readers.release(connection)
        except (*_FAILED, *_REFUSED) as error:
            raise LedgerError(f"Postgres: {_text(error)}") from error

    @override
    async def transact(self, scripts: Sequence[Script[Any]]) -> Sequence[Any]:
        return await self._writing.transact(scripts)

    @override
    async def write_alone(self, script: Script[T]) -> T:
        # On a connection of its own: what waits for writes must not delay it.
        (result,) = await self._keeping.transact([script])
        return cast("T", result)


def _boot_seconds() -> float:
    """Read the clock that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


async def _keep_as_it_is(_: object) -> None:
    """Reset nothing."""


def _text(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {CALL_SECONDS:g} s"
    return str(error) or type(error).__name__
