"""The append-only record: in memory, and in a file where one is named.

One line per batch, written before the client hears of it: a process that dies at any moment leaves
whole batches only. A torn last line was never answered for and is cut off.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from testbed.venue.events import BATCH, Event


class RecordError(Exception):
    """The file cannot be used; the text says what and where."""


class Record:
    """Every event since the account was opened."""

    def __init__(self, path: Path | None = None) -> None:
        self.events: list[Event] = []
        self._file = None
        if path is not None:
            self.events = _load(path)
            self._file = path.open("ab", buffering=0)

    def append(self, batch: Sequence[Event]) -> None:
        """Write a batch as a whole."""
        if not batch:
            return
        if self._file is not None:
            self._file.write(BATCH.dump_json(list(batch)) + b"\n")
        self.events.extend(batch)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()


def _load(path: Path) -> list[Event]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    content = path.read_bytes()
    whole, _, torn = content.rpartition(b"\n")
    if torn:
        os.truncate(path, len(content) - len(torn))
    events: list[Event] = []
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            events.extend(BATCH.validate_json(line))
        except ValueError as error:
            message = f"{path}, line {number}: not a list of events; move the file away"
            raise RecordError(message) from error
    return events
