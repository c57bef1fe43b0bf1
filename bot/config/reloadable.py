"""The part of the configuration that a running bot takes over: parsing and judging. Pure.

A content is taken whole or not at all; everything that is wrong with it is said at once.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Self, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
)

from bot.config.fields import Amount, LogLevel, OrdersPerMinute, Percent
from bot.config.settings import Settings
from bot.contract import reloadable as keys

TEXT_CHARACTERS_MAX = 500
"""Of a value that is repeated in an error."""

Risk = Decimal | int
"""A value by which risk can rise: a limit, or a switch (`bool` is an `int`)."""

NAMES: Mapping[str, str] = {
    keys.MAX_POSITION_SIZE: "max_position_size",
    keys.RISK_LIMIT_PCT: "risk_limit_pct",
    keys.MAX_ORDERS_PER_MINUTE: "max_orders_per_minute",
    keys.PRICE_COLLAR_PCT: "price_collar_pct",
    keys.DAILY_LOSS_LIMIT_PCT: "daily_loss_limit_pct",
    keys.REDUCE_ONLY: "reduce_only",
    keys.READ_ONLY: "read_only",
    keys.KILL_SWITCH: "kill_switch",
    keys.LOG_LEVEL: "log_level",
}
"""Key in the file → field here and in the settings."""
assert tuple(NAMES) == keys.RELOADABLE_KEYS  # noqa: S101 - the contract names each, once


class ReloadError(ValueError):
    """The content is refused; `errors` holds one line for each thing wrong."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Reloadable:
    """What is in effect; units as in `bot.config.settings.Settings`."""

    max_position_size: Decimal
    risk_limit_pct: Decimal
    max_orders_per_minute: int
    price_collar_pct: Decimal
    daily_loss_limit_pct: Decimal
    reduce_only: bool
    read_only: bool
    kill_switch: bool
    log_level: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what the environment says: it holds where the file is silent."""
        return cls(**{name: getattr(settings, name) for name in NAMES.values()})


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Someone's word for raised risk."""

    by: str
    reason: str
    values: tuple[tuple[str, Risk], ...]
    """Key in the file → what is acknowledged; a number: up to this."""


@dataclass(frozen=True, slots=True)
class Content:
    """One file's content, understood."""

    values: Reloadable
    acknowledgement: Acknowledgement | None = None


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError('write the number as text, like "1.5"')  # noqa: TRY004 - pydantic's way
    return value


_Words = Annotated[str, Field(min_length=1, max_length=TEXT_CHARACTERS_MAX)]
_AmountText = Annotated[Amount, BeforeValidator(_text)]
_PercentText = Annotated[Percent, BeforeValidator(_text)]
_Rate = Annotated[OrdersPerMinute, Field(strict=True)]


class _Values(BaseModel):
    model_config = ConfigDict(frozen=True)

    max_position_size: _AmountText | None = Field(None, alias=keys.MAX_POSITION_SIZE)
    risk_limit_pct: _PercentText | None = Field(None, alias=keys.RISK_LIMIT_PCT)
    max_orders_per_minute: _Rate | None = Field(None, alias=keys.MAX_ORDERS_PER_MINUTE)
    price_collar_pct: _PercentText | None = Field(None, alias=keys.PRICE_COLLAR_PCT)
    daily_loss_limit_pct: _PercentText | None = Field(None, alias=keys.DAILY_LOSS_LIMIT_PCT)
    reduce_only: StrictBool | None = Field(None, alias=keys.REDUCE_ONLY)
    read_only: StrictBool | None = Field(None, alias=keys.READ_ONLY)
    kill_switch: StrictBool | None = Field(None, alias=keys.KILL_SWITCH)
    log_level: LogLevel | None = Field(None, alias=keys.LOG_LEVEL)


class _Word(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    by: _Words = Field(alias=keys.ACKNOWLEDGED_BY)
    reason: _Words = Field(alias=keys.ACKNOWLEDGED_REASON)
    values: _Values = Field(alias=keys.ACKNOWLEDGED_VALUES)


class _File(_Values):
    # Keys that this version does not know are another version's: two read one file.
    acknowledgement: _Word | None = Field(None, alias=keys.ACKNOWLEDGE_RISK_INCREASE)


def parse(raw: bytes, start: Reloadable) -> Content:
    """Return what the file says; a key that is missing (or null) has its start value.

    Raises:
        ReloadError: with a line `key: value: what would be right` for each thing wrong.
    """
    try:
        data: object = json.loads(
            raw.decode(), object_pairs_hook=_no_key_twice, parse_constant=_no_constant
        )
    except UnicodeDecodeError:
        raise ReloadError(["is not UTF-8 text; write one JSON object"]) from None
    except (ValueError, RecursionError) as error:
        raise ReloadError([f"is not JSON ({error}); write one JSON object"]) from None
    if not isinstance(data, dict):
        raise ReloadError(["is not a JSON object; write one, like {}"])
    try:
        file = _File.model_validate(data)
    except ValidationError as error:
        raise ReloadError([_line(dict(detail)) for detail in error.errors()]) from None
    given = {key: value for key, value in _given(file).items() if value is not None}
    named = {name: getattr(start, name) for name in NAMES.values()} | given
    return Content(Reloadable(**named), _word(file.acknowledgement))


def raised(before: Reloadable, after: Reloadable) -> dict[str, Risk]:
    """Return the keys (and new values) by which `after` allows more risk than `before`."""
    rises: dict[str, Risk] = {}
    for key, name in NAMES.items():
        old, new = getattr(before, name), getattr(after, name)
        if isinstance(new, bool):
            if old and not new:
                rises[key] = new
        elif not isinstance(new, str) and new > old:
            rises[key] = new
    return rises


def unacknowledged(
    rises: Mapping[str, Risk],
    word: Acknowledgement | None,
    word_before: Acknowledgement | None,
) -> list[str]:
    """Return a line for each rise that nobody answers for."""
    if not rises:
        return []
    missing = [key for key, value in rises.items() if not _covers(word, key, value)]
    if not missing and word != word_before:
        return []
    stale = "; the one that is there stood there before" if not missing else ""
    example = json.dumps(
        {
            keys.ACKNOWLEDGED_BY: "who",
            keys.ACKNOWLEDGED_REASON: "why",
            keys.ACKNOWLEDGED_VALUES: {key: _plain(value) for key, value in rises.items()},
        }
    )
    return [
        f"{key}: {_plain(value)}: raises risk in production and needs a new"
        f' "{keys.ACKNOWLEDGE_RISK_INCREASE}": {example}{stale}'
        for key, value in rises.items()
        if stale or key in missing
    ]


def _covers(word: Acknowledgement | None, key: str, value: Risk) -> bool:
    if word is None:
        return False
    acknowledged = dict(word.values).get(key)
    if acknowledged is None or isinstance(value, bool):
        return acknowledged is value
    return value <= acknowledged


def _given(values: _Values) -> dict[str, Any]:
    return {name: getattr(values, name) for name in NAMES.values()}


def _word(word: _Word | None) -> Acknowledgement | None:
    if word is None:
        return None
    given = _given(word.values)
    kept = tuple(
        (key, given[name])
        for key, name in NAMES.items()
        if given[name] is not None and key != keys.LOG_LEVEL
    )
    return Acknowledgement(word.by, word.reason, kept)


def _no_key_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    known = dict(pairs)
    if len(known) < len(pairs):
        twice = sorted({key for key in known if sum(key == other for other, _ in pairs) > 1})
        raise ValueError(f"{', '.join(twice)}: more than once")
    return known


def _no_constant(name: str) -> Iterator[None]:
    raise ValueError(f"{name} is no number")


def _plain(value: Risk) -> str | int:
    """As it is written in the file."""
    return value if isinstance(value, int) else f"{value:f}"


def _line(detail: dict[str, Any]) -> str:
    path = ".".join(str(part) for part in cast("tuple[object, ...]", detail["loc"]))
    message = str(detail["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return f"{path}: {str(detail['input'])[:TEXT_CHARACTERS_MAX]!r}: {message}"
