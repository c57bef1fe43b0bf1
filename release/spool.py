"""What a rollback did while the store was away, in a file beside the project, until it is told."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from release.model import Record


@dataclass(frozen=True, slots=True)
class Spool:
    """One file of records, one JSON object a line; there is none while nothing waits."""

    path: Path

    def load(self) -> list[Record]:
        """Return what waits to be told, oldest first."""
        try:
            lines = self.path.read_text().splitlines()
        except FileNotFoundError:
            return []
        return [_record(line) for line in lines if line]

    def save(self, records: Sequence[Record]) -> None:
        """Keep these records, and nothing else."""
        if not records:
            self.path.unlink(missing_ok=True)
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(f"{_line(record)}\n" for record in records)
        new = self.path.with_suffix(".new")
        new.write_text(text)
        new.replace(self.path)


def _line(record: Record) -> str:
    return json.dumps([record.release, record.at.isoformat(), record.kind, dict(record.data)])


def _record(line: str) -> Record:
    release, at, kind, data = json.loads(line)
    return Record(0, release, datetime.fromisoformat(at), kind, data)
