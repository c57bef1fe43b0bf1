"""Where the pods connect to, read from URLs; nothing of them that is secret comes out."""

from urllib.parse import SplitResult, urlsplit

_PORTS = {
    "http": 80,
    "https": 443,
    "postgres": 5432,
    "postgresql": 5432,
    "redis": 6379,
    "rediss": 6379,
    "ws": 80,
    "wss": 443,
}


def port(url: str) -> int | None:
    """Return the TCP port that a URL means; None when it means none, or is not a URL.

    >>> port("postgresql://bot:hush@db.example/bot")
    5432
    """
    parts = _split(url)
    return None if parts is None else (parts.port or _PORTS.get(parts.scheme))


def postgres_address(url: str) -> str | None:
    """Return host, port and name of a database; None when the URL is not one of Postgres.

    >>> postgres_address("postgresql://bot:hush@db.example/bot")
    'db.example:5432/bot'
    """
    parts = _split(url)
    if parts is None or parts.scheme not in ("postgres", "postgresql"):
        return None
    name = parts.path.removeprefix("/")
    return f"{parts.hostname}:{port(url)}/{name}" if parts.hostname and name else None


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url.strip())
        usable = parts.port != 0
    except ValueError:
        return None
    return parts if usable else None
