"""Types of single config values: what a value may be, not where it is written."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from bot.contract.parameters import Parameter
from bot.contract.symbols import parse_symbols
from bot.contract.values import parse_checks, parse_flag, parse_redis_url

IMAGE = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
    r"(?::[A-Za-z0-9_][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")

Quantity = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*(m|Ki|Mi|Gi)?$")]
DnsLabel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[-_A-Za-z0-9][-._A-Za-z0-9]{0,127}$")]


def parameter(row: Parameter) -> Any:  # noqa: ANN401 - pydantic's fields are assigned to any type
    """Return the field of a row; its type stands beside it, its rules are checked by the model."""
    return Field(default=row.default, description=row.description)


def _redis_url(url: object) -> str:
    return parse_redis_url(url) if url else ""


Flag = Annotated[bool, BeforeValidator(parse_flag)]
Checks = Annotated[tuple[str, ...], BeforeValidator(parse_checks)]
RedisUrl = Annotated[str, BeforeValidator(_redis_url)]
"""Empty: there is no cache."""
Symbols = Annotated[tuple[str, ...], BeforeValidator(parse_symbols)]
