"""The journal as the engine uses it: read once, then only what is new; buffers on the way back.

On the way forward nothing is done that could not be written down before. A rollback is never held
up by the store: what cannot be written is kept in order, and written when the store answers again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from release.decide.events import Record
from release.decide.journal_codec import RecordError, data_of, kind_of, read
from release.decide.state import State, fold
from release.drive.ports import Journal, LostLockError, PortError
from release.drive.spool import Spool

PAUSE_SECONDS = 5.0
"""How long a store that was away is left alone."""


class Log:
    """The records of one stack, with those that the store does not have yet."""

    def __init__(self, journal: Journal, holder: str, spool: Spool | None = None) -> None:
        """Prepare; nothing is read yet.

        Args:
            journal: the store.
            holder: who writes.
            spool: keeps what is buffered beyond this process; what it has already comes first.
        """
        self._journal = journal
        self._holder = holder
        self._spool = spool
        self._stored: list[Record] = []
        self._buffered: list[Record] = spool.take_over() if spool else []
        self._folded: State | None = None
        self._folded_records = 0
        self._turn = asyncio.Lock()
        self._ask_after: datetime | None = None
        self.down = ""
        """Why the store does not answer; empty while it does."""

    @property
    def records(self) -> list[Record]:
        """All that is known, oldest first."""
        return [*self._stored, *self._buffered]

    @property
    def unrecorded(self) -> list[Record]:
        """What the store does not have yet."""
        return list(self._buffered)

    @property
    def state(self) -> State | None:
        """Where the last release stands."""
        records = self.records
        if len(records) != self._folded_records:
            self._folded, self._folded_records = fold(records), len(records)
        return self._folded

    async def refresh(self, now: datetime) -> None:
        """Read what is new, and write what is buffered; a store that is away is noted in `down`."""
        async with self._turn:
            try:
                await self._ask(now, self._catch_up)
            except LostLockError:
                raise
            except PortError:
                return  # noted in `down`

    async def append(self, record: Record, *, fenced: bool = True, buffer: bool = False) -> None:
        """Write one record down, durably.

        Args:
            record: its sequence is given by the store.
            fenced: whether only the holder of the lock may write it; a person's command is free.
            buffer: whether to keep it for later when the store is away.

        Raises:
            LostLockError: another process runs this release now.
            PortError: the store is away, and it may not be buffered.
        """

        async def write() -> None:
            await self._flush()
            await self._write(record, fenced=fenced)
            await self._read()

        async with self._turn:
            if self.down and buffer:
                # Only `refresh` finds the store again: a writer has to take the lock first.
                self._keep(record)
                return
            try:
                await self._ask(record.at, write)
            except LostLockError:
                raise
            except PortError:
                if not buffer:
                    raise
                self._keep(record)

    def _keep(self, record: Record) -> None:
        self._buffered.append(record)
        if self._spool is not None:
            with contextlib.suppress(OSError):  # a full disk holds up no rollback
                self._spool.add(record)

    async def _ask(self, now: datetime, question: Callable[[], Awaitable[None]]) -> None:
        """Ask the store, but not again soon after it was away: each try costs its time-out."""
        if self._ask_after is not None and now < self._ask_after:
            raise PortError(self.down)
        try:
            await question()
        except LostLockError:
            raise
        except PortError as error:
            self.down = str(error)
            self._ask_after = now + timedelta(seconds=PAUSE_SECONDS)
            raise
        self.down, self._ask_after = "", None

    async def _catch_up(self) -> None:
        await self._flush()
        await self._read()

    async def _flush(self) -> None:
        while self._buffered:
            # Without the lock: it was not available then, and what was done is history.
            await self._write(self._buffered[0], fenced=False)
            del self._buffered[0]
            if self._spool is not None:
                with contextlib.suppress(OSError):  # then it is told twice, which changes nothing
                    self._spool.save(self._buffered)

    async def _write(self, record: Record, *, fenced: bool) -> None:
        holder = self._holder if fenced else None
        kind, data = kind_of(record.event), data_of(record.event)
        await self._journal.append(record.release, record.at, kind, data, holder)

    async def _read(self) -> None:
        last = self._stored[-1].sequence if self._stored else 0
        stored = await self._journal.read(last)
        try:
            self._stored += [read(each) for each in stored]
        except RecordError as error:
            raise PortError(str(error)) from None
