"""The request to stop. Standard library only: it is in place before anything slow is imported.

A process with id 1, as in a container, ignores SIGTERM as long as it has no handler of its own.
"""

import signal
from collections.abc import Callable
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopFlag:
    """Set by a signal, looked at by the main loop. More signals change nothing."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self._when_set: list[Callable[[], object]] = []

    @property
    def is_set(self) -> bool:
        """Whether someone asked the process to end."""
        return self.reason is not None

    def install(self) -> None:
        """Take the signals over; from the main thread."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._take)

    def when_set(self, action: Callable[[], object]) -> None:
        """Do this once, when the flag is set; it may run inside the signal's handler."""
        self._when_set.append(action)
        if self.is_set:
            action()

    def set(self, reason: str) -> None:
        """Ask for the end; the first reason stays."""
        if self.is_set:
            return
        self.reason = reason
        for action in self._when_set:
            action()

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self.set(signal.Signals(number).name)
