"""Postgres servers of a test's own: a primary, standbys that lag, copies, restores.

They are asked to be quick, not safe: none survives its test.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from testbed.daemons import POSTGRES_BIN

_USER = "postgres"
_OPTIONS = (
    "listen_addresses = '127.0.0.1'",
    "fsync = off",
    "wal_level = replica",
    "max_wal_senders = 4",
    "hot_standby = on",
    "shared_buffers = 8MB",
    "max_connections = 40",
    "autovacuum = off",
)


@dataclass(frozen=True, slots=True)
class Server:
    """One data folder, and the port that it is served on."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """Of the database `postgres` on it."""
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Serve it; return when it answers."""
        self._control("start", "-w", "-l", str(self.folder / "log"))

    def stop(self) -> None:
        """Kill it, as a machine that is lost does."""
        self._control("stop", "-w", "-m", "immediate")

    def promote(self) -> None:
        """Make a standby the primary of a timeline of its own."""
        self._control("promote", "-w")

    def stop_following(self) -> None:
        """Let a standby receive nothing more, as when its link is cut."""
        self.sql("ALTER SYSTEM SET primary_conninfo = ''")
        self.sql("SELECT pg_reload_conf()")

    def sql(self, statement: str) -> str:
        """Run one statement as the superuser; return its rows, bare."""
        return _as_postgres("psql", self.url, "-AtXc", statement)

    def standby(self, folder: Path) -> "Server":
        """Make a standby of it that follows; it is started."""
        made = Server(folder, _free_port())
        words = ("-D", str(folder), "-R", "-X", "stream", "-c", "fast")
        _as_postgres("pg_basebackup", "-d", self.url, *words)
        made.configure()
        made.start()
        return made

    def copy(self, folder: Path) -> "Server":
        """Take a base backup as it is now; started, it is restored to that point in time."""
        made = Server(folder, _free_port())
        words = ("-D", str(folder), "-X", "stream", "-c", "fast")
        _as_postgres("pg_basebackup", "-d", self.url, *words)
        made.configure("restore_command = 'false'")
        (folder / "recovery.signal").touch()
        shutil.chown(folder / "recovery.signal", _USER)
        return made

    def dump_into(self, other: "Server") -> None:
        """Copy what is in its database into another server's, which has none of it."""
        dump = self.folder / "dump.sql"
        _as_postgres("pg_dump", "-d", self.url, "-f", str(dump))
        _as_postgres("psql", other.url, "-Xq", "-v", "ON_ERROR_STOP=1", "-f", str(dump))

    def configure(self, *more: str) -> None:
        """Write the port and what makes it quick."""
        lines = (
            *_OPTIONS,
            *more,
            f"port = {self.port}",
            f"unix_socket_directories = '{self.folder}'",
        )
        with (self.folder / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))

    def _control(self, *words: str) -> None:
        _as_postgres("pg_ctl", "-D", str(self.folder), *words)


@contextmanager
def servers() -> Generator[Path]:
    """Give a folder for data folders; whatever runs in it is stopped at the end."""
    root = Path(tempfile.mkdtemp(prefix="postgres-"))
    shutil.chown(root, _USER)
    try:
        yield root
    finally:
        for pid_file in root.glob("*/postmaster.pid"):
            Server(pid_file.parent, 0).stop()
        shutil.rmtree(root)


def primary(folder: Path) -> Server:
    """Make a server, and start it."""
    made = Server(folder, _free_port())
    _as_postgres("initdb", "-D", str(folder), "-U", _USER, "-A", "trust", "-N", "--locale=C.UTF-8")
    made.configure()
    made.start()
    return made


def _as_postgres(program: str, *words: str) -> str:
    """Run one of its programs as its own user: it refuses root."""
    switch = ("runuser", "-u", _USER, "--") if os.geteuid() == 0 else ()
    done = subprocess.run(  # noqa: S603 - our own words
        [*switch, str(POSTGRES_BIN / program), *words],
        check=False,
        stdin=subprocess.DEVNULL,
        # A server that is started keeps what it is given: a pipe would never end.
        stdout=subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE,
        stderr=subprocess.DEVNULL if program == "pg_ctl" else subprocess.STDOUT,
        cwd="/",
        text=True,
    )
    assert done.returncode == 0, f"{program} {' '.join(words)}: {done.stdout}"
    return (done.stdout or "").strip()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
