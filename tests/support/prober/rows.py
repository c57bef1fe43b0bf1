"""One row per request, and its file: JSON lines, a heading first, then arrays to keep it small."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from bot.contract.color import Color

NEVER_SENT = "never sent: those before it were not answered"
"""The error of a request that waited for its lane for too long."""


class Row(NamedTuple):
    """What became of one request. Times are seconds of the machine's monotonic clock."""

    lane: int | None
    """Which kept-alive client; None for a request on a connection of its own."""
    connection: int
    """Which of its lane's connections, from 1."""
    due: float
    sent: float
    done: float
    color: Color | None
    pod: str
    error: str
    """Why this is a loss; empty for a valid answer."""

    @property
    def lost(self) -> bool:
        """Whether there was no valid answer."""
        return bool(self.error)


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write the rows; an earlier file of that name goes."""
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(Row._fields) + "\n")
        for row in rows:
            times = (round(time, 5) for time in (row.due, row.sent, row.done))
            line = [row.lane, row.connection, *times, row.color, row.pod, row.error]
            file.write(json.dumps(line, separators=(",", ":")) + "\n")


def load(path: Path) -> list[Row]:
    """Read what `write` wrote."""
    with path.open(encoding="utf-8") as file:
        assert json.loads(next(file)) == list(Row._fields), f"{path} has other columns"
        return [_row(json.loads(line)) for line in file]


def _row(columns: list[Any]) -> Row:
    lane, connection, due, sent, done, color, pod, error = columns
    named = None if color is None else Color(color)
    return Row(lane, connection, due, sent, done, named, pod, error)
