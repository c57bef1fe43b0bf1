"""The bot's role and database in the platform's Postgres. It owns that one and nothing else."""

import os
import secrets
from pathlib import Path

from testbed import net
from testbed.daemons import POSTGRES_BIN
from testbed.paths import Paths
from testbed.shell import run

NAME = "bot"
"""Of the role and of the database."""
_PASSWORD_BYTES = 24


def url(paths: Paths) -> str:
    """Return what the bot connects with; without a password before the first `up`."""
    return _url(NAME, _read(paths.bot_password), NAME)


def superuser_url(paths: Paths) -> str:
    """Return the superuser's address, for tests that make databases of their own."""
    return _url("postgres", _read(paths.postgres_password), "postgres")


def statements(password: str) -> str:
    """Return what makes the role and the database as they must be, however often it runs.

    Args:
        password: of letters that need no quoting, as `token_urlsafe` makes it.
    """
    return f"""\
SELECT 'CREATE ROLE {NAME}'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{NAME}') \\gexec
ALTER ROLE {NAME} LOGIN PASSWORD '{password}';
SELECT 'CREATE DATABASE {NAME} OWNER {NAME}'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{NAME}') \\gexec
REVOKE CONNECT ON DATABASE {NAME} FROM PUBLIC;
"""  # noqa: S608  # a constant and letters of our own, nobody's input


def password(paths: Paths) -> str:
    """Return the bot's password, made at random when it is first asked for."""
    if not paths.bot_password.exists():
        fresh = paths.bot_password.with_name(f".{paths.bot_password.name}.new")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(_PASSWORD_BYTES))
        fresh.replace(paths.bot_password)
    return paths.bot_password.read_text()


def make(paths: Paths) -> None:
    """Make the role, its password and its database; what is there stays.

    Raises:
        PlatformError: Postgres refused; carries its words.
    """
    address = ["-h", net.NODE_ADDRESS, "-p", str(net.POSTGRES_PORT), "-U", "postgres"]
    run(
        [POSTGRES_BIN / "psql", *address, "-qX", "-v", "ON_ERROR_STOP=1", "-f", "-", "postgres"],
        # By standard input and environment: a command line is for all to read.
        stdin=statements(password(paths)),
        env=os.environ | {"PGPASSWORD": _read(paths.postgres_password)},
    )


def _read(file: Path) -> str:
    return file.read_text() if os.access(file, os.R_OK) else ""


def _url(user: str, password: str, name: str) -> str:
    return f"postgresql://{user}:{password}@{net.NODE_ADDRESS}:{net.POSTGRES_PORT}/{name}"
