"""Times without releases: `Fri 16:00 - Mon 06:00 Europe/Berlin`, each week. Pure.

Without a zone it is UTC. A window that begins and ends at the same minute is refused: nobody knows
whether it is a week or nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOMENT = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([01]\d|2[0-3]):([0-5]\d)"
_WINDOW = re.compile(rf"{_MOMENT} - {_MOMENT}(?: (\S+))?")
_DAY_MINUTES = 24 * 60
_WEEK_MINUTES = 7 * _DAY_MINUTES


class WindowError(ValueError):
    """The text is no window; says what would be right."""


@dataclass(frozen=True, slots=True)
class Window:
    """One window of each week, in minutes since Monday 00:00 of its zone."""

    text: str
    begin: int
    end: int
    zone: ZoneInfo

    def left(self, now: datetime) -> int | None:
        """Return how many minutes it stays open, or None when it is not."""
        local = now.astimezone(self.zone)
        minute = local.weekday() * _DAY_MINUTES + local.hour * 60 + local.minute
        length = (self.end - self.begin) % _WEEK_MINUTES
        passed = (minute - self.begin) % _WEEK_MINUTES
        return length - passed if passed < length else None


def window(text: str) -> Window:
    """Parse one window.

    Raises:
        WindowError: it is none.
    """
    match = _WINDOW.fullmatch(text)
    if match is None:
        raise WindowError("write it as `Fri 16:00 - Mon 06:00 Europe/Berlin`")
    groups = match.groups()
    try:
        zone = ZoneInfo(groups[6] or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        raise WindowError(f"{groups[6]} is no time zone, like Europe/Berlin") from None
    begin, end = (
        _DAYS.index(day) * _DAY_MINUTES + int(hour) * 60 + int(minute)
        for day, hour, minute in (groups[0:3], groups[3:6])
    )
    if begin == end:
        raise WindowError("begins when it ends")
    return Window(text, begin, end, zone)


def frozen(texts: Sequence[str], now: datetime) -> str:
    """Return which window is open and until when, in UTC and its own zone; empty when none is."""
    for text in texts:
        closed = window(text)
        left = closed.left(now)
        if left is not None:
            # By the clock on the wall there: a night in between may be an hour shorter.
            there = now.astimezone(closed.zone) + timedelta(minutes=left)
            return (
                f"no releases {text}; until {there.astimezone(UTC):%a %H:%M} UTC"
                f" ({there:%a %H:%M %Z})"
            )
    return ""
