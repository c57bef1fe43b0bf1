"""From a written value to a typed one: the same rules for the environment, file and stack config.

Each function takes what a text, JSON or YAML holds. It raises a ValueError that says what the value
must be; the caller adds the key and the value.
"""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import cast
from urllib.parse import urlsplit

CHECK_NAMES = ("startup", "database", "exchange", "lease", "feed", "cache")
REDIS_SCHEMES = ("redis", "rediss")
_REDIS_FORM = "redis://HOST[:PORT][/NUMBER], or rediss:// for TLS"
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_FLAGS = {"true": True, "false": False}


def parse_flag(value: object) -> bool:
    """Read `true` or `false`, in any case; never `on`, `yes` or `1`: they move money."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _FLAGS:
        return _FLAGS[value.lower()]
    raise ValueError("must be true or false")


def parse_decimal(value: object) -> Decimal:
    """Read a decimal number; a JSON number counts as it is written."""
    if not isinstance(value, bool) and isinstance(value, str | int | float | Decimal):
        try:
            number = Decimal(str(value).strip())
        except InvalidOperation:
            pass
        else:
            if not number.is_finite():
                raise ValueError("must be a finite number")
            return number
    raise ValueError("must be a valid decimal number, like 1.5")


def parse_whole(value: object) -> int:
    """Read a whole number."""
    if not isinstance(value, bool) and isinstance(value, str | int):
        text = str(value).strip()
        if _WHOLE.fullmatch(text):
            return int(text)
    raise ValueError("must be a valid integer, like 60")


def parse_seconds(value: object) -> float:
    """Read a span of time."""
    return float(parse_decimal(value))


def parse_choice(value: object, choices: Sequence[str]) -> str:
    """Read one of some words; a slip gets a suggestion."""
    if isinstance(value, str) and value in choices:
        return str(value)
    close = get_close_matches(str(value), choices, n=1)
    *first, last = (f"'{choice}'" for choice in choices)
    hint = f" (did you mean {close[0]}?)" if close else ""
    raise ValueError(f"must be {', '.join(first)} or {last}{hint}")


def parse_checks(value: object) -> tuple[str, ...]:
    """Read names of health checks: a list, or one text with commas."""
    names = split(value)
    if set(names) <= set(CHECK_NAMES) and len(set(names)) == len(names):
        return names
    raise ValueError(f"must be some of {', '.join(CHECK_NAMES)}, each once, separated by commas")


def parse_redis_url(value: object) -> str:
    """Read the URL of a cache; manifests and logs show it, so it holds nothing secret."""
    url = str(value)
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        raise ValueError(f"must be {_REDIS_FORM}") from None
    if parts.scheme not in REDIS_SCHEMES or not host or any(map(str.isspace, url)):
        raise ValueError(f"must be {_REDIS_FORM}")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(
            f"must be {_REDIS_FORM}, without user, password or query; the password belongs in the"
            " secret file redis-password"
        )
    return url


def split(value: object) -> tuple[str, ...]:
    """Return the parts of a list, or of one text with commas, without the spaces around them."""
    parts = cast("Sequence[object]", value) if isinstance(value, list | tuple) else (value,)
    return tuple(part.strip() for part in ",".join(map(str, parts)).split(","))
