"""Writes `sqlite_schema.sql` from the migrations: `python -m bot.ledger.ddl`. A test compares."""

import sqlite3
import tempfile
from pathlib import Path

from bot.ledger.migrate import upgrade_sqlite
from bot.ledger.sqlite import SCHEMA


def schema() -> str:
    """Return what the migrations make of an empty SQLite database, rows included."""
    with tempfile.TemporaryDirectory(prefix="ledger-") as folder:
        path = str(Path(folder) / "ledger.sqlite")
        upgrade_sqlite(path, lambda _: None)
        connection = sqlite3.connect(path)
        try:
            return "-- Made by `python -m bot.ledger.ddl`; do not edit.\n" + "".join(
                f"{line.rstrip()}\n" for line in "\n".join(connection.iterdump()).splitlines()
            )
        finally:
            connection.close()


if __name__ == "__main__":
    SCHEMA.write_text(schema(), encoding="utf-8")
