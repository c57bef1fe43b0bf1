"""What a rollback did while the store was away, in a file beside the project, until it is told.

Each process has a file of its own, and writes every record there at once: it may be killed before
the store is back. The files of those that are gone are taken over by the next process.
"""

import glob
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from release.decide.events import Record, Unknown
from release.decide.journal_codec import RecordError, data_of, kind_of, read
from release.decide.model import StoredRecord

LEFT_SECONDS = 3600.0
"""Nobody writes to a file as old as this, even if its process cannot be seen from here."""
_MARK, _SUFFIX = ".unrecorded.", ".jsonl"


@dataclass(frozen=True, slots=True)
class Spool:
    """One file of records, one JSON object a line; there is none while nothing waits."""

    folder: Path
    stack: str
    holder: str
    is_dead: Callable[[str], bool] = lambda _: False
    """Whether the process of a holder is surely gone."""

    @property
    def path(self) -> Path:
        """The file of this process."""
        return self._file(self.holder)

    def take_over(self) -> list[Record]:
        """Return what processes that are gone could not tell, oldest first; it is ours from now."""
        pattern = f"{glob.escape(self.stack)}{_MARK}*{_SUFFIX}"
        records: list[Record] = []
        for number, path in enumerate(sorted(self.folder.glob(pattern))):
            if not self._left(path):
                continue
            ours = self._file(f"{self.holder}+{number}")
            try:
                path.rename(ours)  # of two that come at once, one gets it
            except FileNotFoundError:
                continue
            records += _read(ours)
        if records:
            records.sort(key=lambda record: record.at)
            self.save(records)
        return records

    def add(self, record: Record) -> None:
        """Keep one more, durably.

        Raises:
            OSError: it is not kept.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(f"{_line(record)}\n")
            file.flush()
            os.fsync(file.fileno())

    def save(self, records: Sequence[Record]) -> None:
        """Keep these records, and nothing else.

        Raises:
            OSError: what was kept before still is.
        """
        if records:
            new = self.path.with_suffix(".new")
            with new.open("w") as file:
                file.writelines(f"{_line(record)}\n" for record in records)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
        else:
            self.path.unlink(missing_ok=True)
        mine = f"{glob.escape(f'{self.stack}{_MARK}{self.holder}')}+*{_SUFFIX}"
        for taken in self.folder.glob(mine):
            taken.unlink(missing_ok=True)

    def _file(self, holder: str) -> Path:
        return self.folder / f"{self.stack}{_MARK}{holder}{_SUFFIX}"

    def _left(self, path: Path) -> bool:
        holder = path.name.partition(_MARK)[2].removesuffix(_SUFFIX).partition("+")[0]
        if holder == self.holder or self.is_dead(holder):
            return True
        try:
            return time.time() - path.stat().st_mtime > LEFT_SECONDS
        except FileNotFoundError:
            return False


def _read(path: Path) -> list[Record]:
    """Return the whole lines; a process may have been killed in the middle of its last one."""
    lines = path.read_text().split("\n")[:-1]
    return [_record(line) for line in lines]


def _line(record: Record) -> str:
    kind, data = kind_of(record.event), data_of(record.event)
    return json.dumps([record.release, record.at.isoformat(), kind, data])


def _record(line: str) -> Record:
    release, at, kind, data = json.loads(line)
    stored = StoredRecord(0, release, datetime.fromisoformat(at), kind, data)
    try:
        return read(stored)
    except RecordError:
        # Kept as it is: the reader of the store is told which record it is.
        return Record(0, release, stored.at, Unknown(kind, data))
