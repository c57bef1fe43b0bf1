"""Types of single config values: what a value may be, not where it is written."""

import re
from decimal import Decimal
from typing import Annotated, cast

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from bot.contract.environment import CHECK_NAMES, PERCENT_MAX
from bot.contract.symbols import parse_symbols
from infra.upstream import cache_error

IMAGE = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
    r"(?::[A-Za-z0-9_][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")

Quantity = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*(m|Ki|Mi|Gi)?$")]
DnsLabel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[-_A-Za-z0-9][-._A-Za-z0-9]{0,127}$")]


def _flag(value: object) -> object:
    """Take only `true` and `false`: nothing that trades money may be read from `on` or `1`."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise PydanticCustomError("flag", "must be true or false")


def _symbols(value: object) -> object:
    """Take a YAML list, or one text with commas, in canonical spelling."""
    parts = cast("list[object]", value) if isinstance(value, list) else [value]
    try:
        return parse_symbols(",".join(str(part) for part in parts))
    except ValueError as error:
        raise PydanticCustomError("symbols", "{reason}", {"reason": str(error)}) from error


def _checks(value: object) -> object:
    """Take a YAML list, or one text with commas."""
    parts = cast("list[object]", value) if isinstance(value, list) else str(value).split(",")
    names = tuple(str(part).strip() for part in parts)
    if set(names) <= set(CHECK_NAMES) and len(set(names)) == len(names):
        return names
    raise PydanticCustomError(
        "checks", "must be some of {known}, each once", {"known": ", ".join(CHECK_NAMES)}
    )


def _redis_url(url: str) -> str:
    problem = cache_error(url) if url else None
    if problem:
        raise PydanticCustomError("redis", "{problem}", {"problem": problem})
    return url


Flag = Annotated[bool, BeforeValidator(_flag)]
Checks = Annotated[tuple[str, ...], BeforeValidator(_checks)]
Percent = Annotated[Decimal, Field(gt=0, le=PERCENT_MAX)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
Symbols = Annotated[tuple[str, ...], BeforeValidator(_symbols)]
