"""Row locks of the simulated Postgres: who waits for which holder, and who passes over."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

Grant = Callable[[], None]


class Mode(Enum):
    """How a row is locked; what conflicts is in `_CONFLICTS`."""

    WRITE = "FOR KEY SHARE, or FOR SHARE of the intent's row"
    RENEW = "FOR NO KEY UPDATE"
    TAKE = "FOR UPDATE"


_CONFLICTS = {
    Mode.WRITE: (Mode.TAKE,),
    Mode.RENEW: (Mode.RENEW, Mode.TAKE),
    Mode.TAKE: (Mode.WRITE, Mode.RENEW, Mode.TAKE),
}


@dataclass(frozen=True, slots=True)
class Lock:
    """What a transaction asks for; it is sent whether it got it."""

    row: int
    mode: Mode
    skip: bool = False
    """SKIP LOCKED: do not wait."""


@dataclass(slots=True)
class _Row:
    held: list[tuple[int, Mode]] = field(default_factory=list[tuple[int, Mode]])
    waiting: deque[tuple[int, Mode, Grant]] = field(default_factory=deque[tuple[int, Mode, Grant]])

    def is_free(self, transaction: int, mode: Mode) -> bool:
        for other, held in self.held:
            if held in _CONFLICTS[mode] and other != transaction:
                return False
        return True


@dataclass(slots=True)
class Locks:
    """All row locks. A transaction is any number that is its own."""

    _rows: dict[int, _Row] = field(default_factory=dict[int, _Row])

    def take(self, transaction: int, lock: Lock, grant: Grant) -> bool:
        """Lock at once (True), or call `grant` when it is (False), or never if it skips."""
        row = self._rows.get(lock.row)
        if row is None:
            row = self._rows[lock.row] = _Row()
        if not row.waiting and row.is_free(transaction, lock.mode):
            row.held.append((transaction, lock.mode))
            return True
        if not lock.skip:
            row.waiting.append((transaction, lock.mode, grant))
        return False

    def release(self, transaction: int) -> None:
        """Unlock all that a transaction has, and let in who waits, in turn."""
        freed: list[_Row] = []
        for row in self._rows.values():
            if row.held:
                left = [one for one in row.held if one[0] != transaction]
                if len(left) < len(row.held):
                    row.held = left
                    freed.append(row)
        for row in freed:
            while row.waiting and row.is_free(row.waiting[0][0], row.waiting[0][1]):
                number, mode, grant = row.waiting.popleft()
                row.held.append((number, mode))
                grant()
