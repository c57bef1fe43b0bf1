"""Time as an argument: two clocks, so that nothing else asks the system for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Monotonic seconds for ages and deadlines, UTC for what people read."""

    monotonic: Callable[[], float] = time.monotonic
    utc: Callable[[], datetime] = _utc_now
