"""Ends a process whose event loop is stuck, before its lease runs out; measures the loop's lag.

The pulse is a task of the loop; the watchdog is a thread and looks at the pulse alone. A process
that was paused as a whole (SIGSTOP, a sleeping machine, a starved container) is not stuck: such
time counts as one missed look at most, and the lease's own clock keeps it from trading.
"""

import asyncio
import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

from bot.authority.timings import DEFAULTS

LIMIT_SECONDS = 4.0
LOOK_SECONDS = 0.25
EXIT_STUCK = 70
"""EX_SOFTWARE of sysexits: an internal error, not what the bot was asked to do."""
TRACEBACK_SECONDS = 0.25
"""How long writing the traceback may take: standard error may be a pipe that nobody reads."""
PULSE_SECONDS = 0.05
WINDOW_SECONDS = 15.0
"""Half of what the lag looks back: the worst of the last 15 to 30 s, whatever the scrape's rate."""

# Stuck is found at the latest one look after the limit, and said before the end.
assert DEFAULTS.lease_seconds > LIMIT_SECONDS + 2 * LOOK_SECONDS + TRACEBACK_SECONDS  # noqa: S101


def boot_seconds() -> float:
    """Return the boot-time clock where there is one: it does not stop while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if _BOOT else time.monotonic()


_BOOT: Final = hasattr(time, "CLOCK_BOOTTIME")


class Pulse:
    """The event loop's heartbeat, and by how much it comes late."""

    def __init__(self, now: Callable[[], float] = boot_seconds) -> None:
        self.count = 0
        """Rises with each beat; what the watchdog looks at."""
        self._now = now
        self._worst = self._worst_before = 0.0
        self._window_from = now()

    @property
    def lag_seconds(self) -> float:
        """Return by how much a sleep came late at most, lately."""
        return max(self._worst, self._worst_before)

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            asked = self._now()
            await asyncio.sleep(PULSE_SECONDS)
            self.beat(self._now() - asked - PULSE_SECONDS)

    def beat(self, late_seconds: float) -> None:
        """Count a beat that came so late."""
        self.count += 1
        now = self._now()
        if now - self._window_from > WINDOW_SECONDS:
            self._worst_before, self._worst, self._window_from = self._worst, 0.0, now
        self._worst = max(self._worst, late_seconds)


class Silence:
    """How long a pulse has been silent, counted in looks of ours."""

    def __init__(self, count: int, now: float) -> None:
        self.seconds = 0.0
        self._count = count
        self._looked_at = now

    def look(self, count: int, now: float) -> None:
        """Look once. A look that came late shows that we were paused too: it counts little."""
        passed = min(now - self._looked_at, 2 * LOOK_SECONDS)
        self.seconds = 0.0 if count != self._count else self.seconds + passed
        self._count, self._looked_at = count, now


class Watchdog:
    """The thread. It never looks at anything but the pulse."""

    def __init__(
        self,
        pulse: Pulse,
        *,
        limit_seconds: float = LIMIT_SECONDS,
        end: Callable[[], None] | None = None,
        now: Callable[[], float] = boot_seconds,
    ) -> None:
        self._pulse = pulse
        self._limit_seconds = limit_seconds
        self._end = end or end_stuck
        self._now = now
        self._stopped = threading.Event()
        # A daemon: it must not keep a process alive that wants to end.
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Start to watch; the loop must beat from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer: the loop is about to end."""
        self._stopped.set()
        self._thread.join(LIMIT_SECONDS)

    def _watch(self) -> None:
        silence = Silence(self._pulse.count, self._now())
        while not self._stopped.wait(LOOK_SECONDS):
            silence.look(self._pulse.count, self._now())
            if silence.seconds >= self._limit_seconds:
                self._end()
                return


def end_stuck() -> None:
    """Print where each thread is, and end the process at once: no handler, no cleaning up."""
    saying = threading.Thread(target=_say, daemon=True)
    saying.start()
    saying.join(TRACEBACK_SECONDS)
    os._exit(EXIT_STUCK)


def _say() -> None:
    descriptor = sys.__stderr__.fileno() if sys.__stderr__ else 2
    os.write(descriptor, f"the event loop is stuck for {LIMIT_SECONDS:g} s: ended\n".encode())
    faulthandler.dump_traceback(descriptor, all_threads=True)
