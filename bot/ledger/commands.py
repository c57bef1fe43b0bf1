"""What a person or a Job does to the ledger: `python -m bot migrate` and `acknowledge`."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from bot.config.secret_files import SecretsError, read_secrets
from bot.config.settings import Settings
from bot.contract import environment as env
from bot.contract.ledger import TERMINATION_LOG
from bot.contract.secrets import DATABASE_URL
from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from bot.ledger.migrate import MigrationError, migrate_postgres
from bot.ledger.port import LedgerError
from bot.ledger.postgres import Postgres
from bot.ledger.scripts import lives
from bot.ledger.sqlite import Sqlite

DONE, FAILED, MISCONFIGURED = 0, 1, 2


def migrate(settings: Settings, last_word: Path = Path(TERMINATION_LOG)) -> int:
    """Bring the database that the mounted Secret names to the newest schema; name the ledger.

    A SQLite ledger needs none: the bot brings it up itself when it opens it.

    Args:
        settings: of the bot.
        last_word: a file that Kubernetes makes; what it says then, the pod's status says.
    """

    async def work() -> str:
        url = _url(settings)
        if url is None:
            return f"no secret {DATABASE_URL}: the ledger is SQLite, nothing to do"
        done = await migrate_postgres(url)
        name = await name_of(Postgres(url))
        _tell(last_word, name)
        schema = f"migrated: {', '.join(done)}" if done else "the schema is the newest"
        return f"{schema}\nledger: {name}"

    return run(work)


def acknowledge(settings: Settings, by: str | None) -> int:
    """Keep who has dealt with what made the account read-only.

    With SQLite the bot must not run: the file has one process.
    """
    if not by or not by.strip():
        sys.stderr.write("--by: not given; write who has dealt with it, as in --by ops@example\n")
        return MISCONFIGURED

    async def work() -> str:
        ledger = ledger_of(settings)
        try:
            await ledger.open()
            before = await ledger.read_only()
            if before.reason is None:
                return f"account {settings.account} is not read-only; nothing to acknowledge"
            await ledger.acknowledge(by.strip())
            return (
                f"acknowledged by {by.strip()}: {before.reason}\n"
                "the bot trades again after its next reconciliation without a difference"
            )
        finally:
            await ledger.close()

    return run(work)


def _tell(last_word: Path, name: str) -> None:
    if last_word.exists():
        last_word.write_text(name, encoding="ascii")


async def name_of(database: Database) -> str:
    """Return the name of the ledger in this database (`bot.contract.ledger`).

    Raises:
        LedgerError: it is not available.
    """
    await database.open()
    try:
        return (await database.read(lives.life)).name
    finally:
        await database.close()


def ledger_of(settings: Settings) -> Ledger:
    """Return the ledger that the settings name, not open.

    Raises:
        LedgerError: they name none that lasts.
    """
    url = _url(settings)
    if url is None and settings.ledger is None:
        raise LedgerError(f"no secret {DATABASE_URL} and no {env.LEDGER}: nothing to open")
    return Ledger(Postgres(url) if url else Sqlite(str(settings.ledger)), settings.account)


def _url(settings: Settings) -> str | None:
    secret = read_secrets(settings.secrets_dir).get(DATABASE_URL)
    return secret.get_secret_value() if secret else None


def run(work: Callable[[], Coroutine[Any, Any, str]]) -> int:
    """Do this and print what it says; return the exit code."""
    try:
        sys.stdout.write(f"{asyncio.run(work())}\n")
    except SecretsError as error:
        sys.stderr.write(f"{env.SECRETS_DIR}: {error}\n")
        return MISCONFIGURED
    except (MigrationError, LedgerError) as error:
        sys.stderr.write(f"ledger: {error}\n")
        return FAILED
    return DONE
