"""Who drives a release: a name that people understand, and that tells whether its process lives."""

import re
import socket
from collections.abc import Callable

_NAME = re.compile(r"(?P<user>.*)@(?P<host>[^@:]+):(?P<pid>\d+)-(?P<mark>[0-9a-f]+)")


def name(user: str, pid: int, mark: str, host: str | None = None) -> str:
    """Return the name of a process.

    Args:
        user: of the process.
        pid: its number.
        mark: hexadecimal digits that no other process of that number had.
        host: this machine's name, if not asked for here.
    """
    return f"{user}@{host or socket.gethostname()}:{pid}-{mark}"


def is_dead(holder: str, exists: Callable[[int], bool], host: str | None = None) -> bool:
    """Tell whether a process is surely gone: one of this machine whose number nobody has.

    In doubt it lives. Whoever is taken for dead by mistake writes nothing any more: the journal
    takes entries from the holder of the lock alone.
    """
    match = _NAME.fullmatch(holder)
    if match is None or match["host"] != (host or socket.gethostname()):
        return False
    return not exists(int(match["pid"]))
