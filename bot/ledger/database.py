"""Scripts and what runs them: every transaction of the ledger is an async function over a `Tx`.

A write is run together with others that wait, in one transaction: a commit costs the same for one
as for fifty. If one of them fails, each runs again alone, so nobody fails for another's sake.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol, TypeVar, cast

from bot.ledger.port import LedgerError

SESSION_CHARACTERS = 24
T = TypeVar("T")
Row = Mapping[str, Any]
BATCH_MAX = 64


def session_name(holder: str) -> str:
    """Return the name that all sessions of this process bear, short enough for every server."""
    return f"bot {sha256(holder.encode()).hexdigest()[:SESSION_CHARACTERS]}"


class Tx(Protocol):
    """One transaction.

    Parameters are `$1`, `$2` …; `{now}`, `{for_share}`, `{for_update}` become what the database at
    hand calls them (locks: nothing, where there is one writer only). `{notify}` tells `$1` to who
    listens.
    """

    async def rows(self, sql: str, *parameters: object) -> Sequence[Row]:
        """Run one statement and return its rows."""
        ...


Script = Callable[[Tx], Awaitable[T]]


async def first(tx: Tx, sql: str, *parameters: object) -> Row | None:
    """Return the first row, if there is one."""
    records = await tx.rows(sql, *parameters)
    return records[0] if records else None


async def clock(tx: Tx) -> float:
    """Return the database's clock, seconds since 1970."""
    (row,) = await tx.rows("SELECT {now} AS now")
    return float(row["now"])


@dataclass(slots=True)
class _Waiting:
    script: Script[Any]
    done: asyncio.Future[Any]


class Database(ABC):
    """Runs scripts; a subclass per kind of database."""

    where: str
    """For people; no password in it."""

    def __init__(self) -> None:
        self._queue: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._closing = False
        self.session_name = "bot"
        """Of what is connected from now on."""
        self.on_notice: Callable[[], None] = lambda: None
        """Called when another process tells something; at any time, and it may be missed."""

    async def open(self) -> None:
        """Connect; once connected, do nothing.

        Raises:
            LedgerError: the database is not available.
        """
        if self._writer:
            return
        await self._open()
        self._writer = asyncio.create_task(self._write_all(), name="ledger writer")

    async def close(self) -> None:
        """Finish what waits, then let go."""
        self._closing = True
        self._wake.set()
        if self._writer:
            await self._writer
        await self._close()

    async def write(self, script: Script[T]) -> T:
        """Run the script in a transaction and return its result after the commit.

        Raises:
            LedgerError: no answer; it may have committed.
        """
        waiting = _Waiting(script, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._wake.set()
        return cast("T", await waiting.done)

    async def write_alone(self, script: Script[T]) -> T:
        """Run the script in a transaction of its own, before and beside the writes that wait.

        Raises:
            LedgerError: no answer; it may have committed.
        """
        return await self.write(script)

    async def _write_all(self) -> None:
        while not self._closing:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(BATCH_MAX, len(self._queue)))]
                await self._write_batch([w for w in batch if not w.done.done()])

    async def _write_batch(self, batch: Sequence[_Waiting]) -> None:
        try:
            results = await self.transact([waiting.script for waiting in batch])
        except LedgerError as error:
            _fail(batch, error)
        except Exception as error:  # noqa: BLE001 - whatever a script raised is its caller's
            if len(batch) == 1:
                _fail(batch, error)
                return
            for waiting in batch:
                await self._write_batch([waiting])
        else:
            for waiting, result in zip(batch, results, strict=True):
                if not waiting.done.done():
                    waiting.done.set_result(result)

    @abstractmethod
    async def read(self, script: Script[T]) -> T:
        """Run a script that changes nothing. Raises LedgerError."""

    @abstractmethod
    async def transact(self, scripts: Sequence[Script[Any]]) -> Sequence[Any]:
        """Run all of them in one transaction and commit; LedgerError when nothing is known."""

    async def connect_anew(self) -> None:  # noqa: B027 - a file leads nowhere else
        """Leave what is connected: the address is asked again, for all but the leases' own."""

    @abstractmethod
    async def _open(self) -> None: ...

    @abstractmethod
    async def _close(self) -> None: ...


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.done.done():
            waiting.done.set_exception(error)
