"""Row locks of the simulated Postgres: who waits for whom, and who passes over."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

Grant = Callable[[], None]


class Mode(Enum):
    """How a row is locked; what conflicts is in `CONFLICTS`."""

    WRITE = "FOR KEY SHARE, or FOR SHARE of the intent's row"
    RENEW = "FOR NO KEY UPDATE"
    TAKE = "FOR UPDATE"


CONFLICTS = {
    Mode.WRITE: {Mode.TAKE},
    Mode.RENEW: {Mode.RENEW, Mode.TAKE},
    Mode.TAKE: set(Mode),
}


@dataclass(frozen=True, slots=True)
class Lock:
    """What a transaction asks for; it is sent whether it got it."""

    row: int
    mode: Mode
    skip: bool = False
    """SKIP LOCKED: do not wait."""


@dataclass(slots=True)
class Locks:
    """All row locks. A transaction is any number that is its own."""

    _held: dict[int, list[tuple[int, Mode]]] = field(
        default_factory=dict[int, list[tuple[int, Mode]]]
    )
    _waiting: dict[int, deque[tuple[int, Mode, Grant]]] = field(
        default_factory=dict[int, deque[tuple[int, Mode, Grant]]]
    )

    def take(self, transaction: int, wanted: Lock, grant: Grant) -> bool:
        """Lock at once (True), or call `grant` when it is (False), or never if it skips."""
        queue = self._waiting.get(wanted.row)
        if not queue and self._is_free(transaction, wanted.row, wanted.mode):
            self._held.setdefault(wanted.row, []).append((transaction, wanted.mode))
            return True
        if not wanted.skip:
            self._waiting.setdefault(wanted.row, deque()).append((transaction, wanted.mode, grant))
        return False

    def _is_free(self, transaction: int, row: int, mode: Mode) -> bool:
        return not any(
            held in CONFLICTS[mode] and other != transaction
            for other, held in self._held.get(row, ())
        )

    def release(self, transaction: int) -> None:
        """Unlock all that a transaction has, and let in who waits, in turn."""
        rows = [row for row, held in self._held.items() if any(t == transaction for t, _ in held)]
        for row in rows:
            self._held[row] = [one for one in self._held[row] if one[0] != transaction]
        for row in rows:
            self._let_in(row)

    def _let_in(self, row: int) -> None:
        queue = self._waiting.get(row)
        while queue and self._is_free(queue[0][0], row, queue[0][1]):
            transaction, mode, grant = queue.popleft()
            self._held.setdefault(row, []).append((transaction, mode))
            grant()
