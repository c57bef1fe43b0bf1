"""Renders each migration as SQL, one file per version and database."""

import io
from collections.abc import Mapping
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from bot.ledger.migrate import FOLDER

DIALECTS = {"postgres": "postgresql", "sqlite": "sqlite"}
"""Folder of `bot/ledger/sql` → Alembic's name."""
HEADER = "-- Rendered by `python -m bot.ledger.migrations`; do not edit.\n"


def render() -> Mapping[Path, str]:
    """Return the text of every file."""
    scripts = ScriptDirectory.from_config(_config())
    versions = [script.revision for script in scripts.walk_revisions()][::-1]
    steps = list(zip(["base", *versions[:-1]], versions, strict=True))
    return {
        FOLDER / folder / f"{end}.sql": HEADER + _sql(dialect, start, end)
        for folder, dialect in DIALECTS.items()
        for start, end in steps
    }


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def _sql(dialect: str, start: str, end: str) -> str:
    config, buffer = _config(), io.StringIO()
    config.attributes.update(dialect=dialect, buffer=buffer)
    command.upgrade(config, f"{start}:{end}", sql=True)
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().strip().splitlines())
