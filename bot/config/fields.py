"""Types of single configuration fields: what the environment and the reloaded file have in common.

They say what a value may be, not where it is written.
"""

from decimal import Decimal
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from bot.contract import environment as env
from bot.contract.symbols import parse_symbols

REDIS_SCHEMES = ("redis", "rediss")


def _flag(value: object) -> object:
    words = {"true": True, "false": False}
    if isinstance(value, str):
        if value.lower() not in words:
            raise ValueError("write true or false")
        return words[value.lower()]
    return value


def _symbols(value: object) -> object:
    return parse_symbols(value) if isinstance(value, str) else value


def _checks(value: object) -> object:
    if not isinstance(value, str):
        return value
    names = tuple(part.strip() for part in value.split(","))
    unknown = [name for name in names if name not in env.CHECK_NAMES]
    if unknown or len(set(names)) < len(names):
        raise ValueError(f"name checks, each once, separated by commas: {_list(env.CHECK_NAMES)}")
    return names


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("write an absolute path")
    return path


def _redis_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"is no URL ({error}); write redis://host[:port][/number]") from None
    if parts.scheme not in REDIS_SCHEMES or not host:
        raise ValueError("write redis://host[:port][/number], or rediss:// for TLS")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(
            "carries a user, password or query; write redis://host[:port][/number] and put the"
            " password into the mounted Secret"
        )
    return url


Flag = Annotated[bool, BeforeValidator(_flag)]
Symbols = Annotated[tuple[str, ...], BeforeValidator(_symbols)]
Checks = Annotated[tuple[str, ...], BeforeValidator(_checks)]
"""Names of checks, as in `bot.contract.environment.CHECK_NAMES`."""
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
Account = Annotated[str, Field(pattern=env.ACCOUNT_PATTERN)]
LogLevel = Annotated[str, Field(pattern="^(debug|info|warning|error)$")]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Amount = Annotated[Decimal, Field(gt=0)]
"""Quote currency."""
Percent = Annotated[Decimal, Field(gt=0, le=env.PERCENT_MAX)]
OrdersPerMinute = Annotated[int, Field(gt=0, le=env.MAX_ORDERS_PER_MINUTE_MAX)]
Days = Annotated[int, Field(gt=0, le=env.RETENTION_DAYS_MAX)]
