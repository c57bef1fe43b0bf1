"""Types of single configuration fields, as the environment writes them.

The rules are those of `bot.contract`; this module makes pydantic types of them.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from bot.contract import environment as env
from bot.contract.parameters import Parameter
from bot.contract.symbols import parse_symbols
from bot.contract.values import parse_checks, parse_flag, parse_redis_url


def parameter(row: Parameter) -> Any:  # noqa: ANN401 - pydantic's fields are assigned to any type
    """Return the field of a row; its type stands beside it, its rules are checked by the model."""
    if row.default is None:
        return Field(
            default_factory=lambda data: row.default_in(
                data.get("deploy_env", env.DEPLOY_ENV_DEFAULT)
            ),
            validation_alias=row.variable,
        )
    return Field(default=row.default, validation_alias=row.variable)


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    return path


Flag = Annotated[bool, BeforeValidator(parse_flag)]
Symbols = Annotated[tuple[str, ...], BeforeValidator(parse_symbols)]
Checks = Annotated[tuple[str, ...], BeforeValidator(parse_checks)]
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
RedisUrl = Annotated[str, BeforeValidator(parse_redis_url)]
OrderMark = Annotated[str, Field(pattern=env.ORDER_MARK_PATTERN)]
Account = Annotated[str, Field(pattern=env.ACCOUNT_PATTERN)]
