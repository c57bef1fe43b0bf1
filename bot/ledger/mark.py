"""A mark beside a SQLite ledger: which life of the file this is, and how many commits it has had.

A file that is restored has fewer commits than its mark; a copy elsewhere has no mark. Either begins
another life. The mark is written after each commit, so it is never ahead of the file that it
belongs to; it lags by one commit when the process is killed between the two.
"""

import os
import sqlite3
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Self

MEMORY_LIFE = "memory"
_COUNT_DIGITS = 20


@dataclass(slots=True)
class Mark:
    """The open file; None for a ledger in memory."""

    life: str
    _file: int | None = None

    @classmethod
    def beside(cls, path: str, connection: sqlite3.Connection) -> Self:
        """Read the mark, or begin another life if it does not fit the file."""
        (commits,) = connection.execute("PRAGMA user_version").fetchone()
        (_, _, where) = connection.execute("PRAGMA database_list").fetchone()
        if not where:
            return cls(MEMORY_LIFE)
        file = Path(f"{path}.life")
        life, count = _read(file)
        mark = cls(life, os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        if not life or commits < count:
            mark.life = uuid.uuid4().hex
            os.ftruncate(mark._opened(), 0)
            mark.write(commits)
            os.fsync(mark._opened())
        return mark

    def write(self, commits: int) -> None:
        """Note how many commits the ledger has had."""
        if self._file is not None:
            os.pwrite(self._file, f"{self.life} {commits:0{_COUNT_DIGITS}}\n".encode(), 0)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        if self._file is None:
            raise ValueError("the mark is closed")
        return self._file


def _read(file: Path) -> tuple[str, int]:
    """Return the life and the count; nothing when there is no mark, or none that can be read."""
    try:
        life, count = file.read_text(encoding="ascii").split()
        return life, int(count)
    except (FileNotFoundError, ValueError):
        return "", 0
