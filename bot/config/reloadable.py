"""The part of the configuration that a running bot takes over: parsing and judging. Pure.

A content is taken whole or not at all; everything that is wrong with it is said at once.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Self, cast

from bot.config.settings import Settings
from bot.contract import reloadable as keys
from bot.contract.errors import Path, dotted, unknown_key
from bot.contract.parameters import RELOADABLE, Parameter, Value, to_json

TEXT_CHARACTERS_MAX = 500
"""Of a value that is repeated in an error."""

Given = tuple[Parameter, Value]


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
    allow_short: bool
    read_only: bool
    kill_switch: bool
    log_level: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what the environment says: it holds where the file is silent."""
        return cls(**{row.name: getattr(settings, row.name) for row in RELOADABLE})


if [each.name for each in fields(Reloadable)] != [row.name for row in RELOADABLE]:
    raise AssertionError("Reloadable has a field for each reloadable row, and no other")


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Someone's word for raised risk."""

    by: str
    reason: str
    values: tuple[tuple[str, Value], ...]
    """Key in the file → what is acknowledged; a number: up to this."""


@dataclass(frozen=True, slots=True)
class Content:
    """One file's content, understood."""

    values: Reloadable
    acknowledgement: Acknowledgement | None = None


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
    content = cast("dict[str, object]", data)
    errors: list[str] = []
    given = _values(content, (), errors)
    word = _acknowledgement(content.get(keys.ACKNOWLEDGE_RISK_INCREASE), errors)
    if errors:
        raise ReloadError(errors)
    return Content(replace(start, **{row.name: value for row, value in given}), word)


def raised(before: Reloadable, after: Reloadable) -> dict[str, Value]:
    """Return the keys (and new values) by which `after` allows more risk than `before`."""
    changes = ((row, getattr(before, row.name), getattr(after, row.name)) for row in RELOADABLE)
    return {row.key: new for row, old, new in changes if row.raises_risk(old, new)}


def unacknowledged(
    rises: Mapping[str, Value],
    word: Acknowledgement | None,
    word_before: Acknowledgement | None,
) -> list[str]:
    """Return a line for each rise that nobody acknowledged."""
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
            keys.ACKNOWLEDGED_VALUES: {key: to_json(value) for key, value in rises.items()},
        }
    )
    return [
        f"{key}: {to_json(value)}: raises risk in production and needs a new"
        f' "{keys.ACKNOWLEDGE_RISK_INCREASE}": {example}{stale}'
        for key, value in rises.items()
        if stale or key in missing
    ]


def _covers(word: Acknowledgement | None, key: str, value: Value) -> bool:
    if word is None:
        return False
    acknowledged = dict(word.values).get(key)
    if acknowledged is None or isinstance(value, bool):
        return acknowledged is value
    return Decimal(value) <= Decimal(acknowledged)


def _values(data: Mapping[str, object], path: Path, errors: list[str]) -> list[Given]:
    """Return the rows that are there, typed. Keys of another version are left alone."""
    given: list[Given] = []
    for row in RELOADABLE:
        value = data.get(row.key)
        if value is None:
            continue
        try:
            given.append((row, row.parse_json(value)))
        except ValueError as error:
            errors.append(_line((*path, row.key), value, str(error)))
    return given


def _acknowledgement(word: object, errors: list[str]) -> Acknowledgement | None:
    path = (keys.ACKNOWLEDGE_RISK_INCREASE,)
    if word is None:
        return None
    if not isinstance(word, dict):
        errors.append(_line(path, word, 'must be an object like {"by": …, "reason": …}'))
        return None
    parts = cast("dict[str, object]", word)
    known = (keys.ACKNOWLEDGED_BY, keys.ACKNOWLEDGED_REASON, keys.ACKNOWLEDGED_VALUES)
    errors += [unknown_key((*path, key), known) for key in parts if key not in known]
    by, reason = (_words(parts.get(key), (*path, key), errors) for key in known[:2])
    values = parts.get(keys.ACKNOWLEDGED_VALUES)
    if not isinstance(values, dict):
        errors.append(_line((*path, keys.ACKNOWLEDGED_VALUES), values, "must be an object"))
        return None
    where = (*path, keys.ACKNOWLEDGED_VALUES)
    given = _values(cast("dict[str, object]", values), where, errors)
    return Acknowledgement(by, reason, tuple((row.key, value) for row, value in given if row.risk))


def _words(value: object, path: Path, errors: list[str]) -> str:
    if isinstance(value, str) and 0 < len(value) <= TEXT_CHARACTERS_MAX:
        return value
    must = f"must be a text of at least 1 character and at most {TEXT_CHARACTERS_MAX}"
    errors.append(_line(path, value, must))
    return ""


def _no_key_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    known = dict(pairs)
    if len(known) < len(pairs):
        twice = sorted({key for key in known if sum(key == other for other, _ in pairs) > 1})
        raise ValueError(f"{', '.join(twice)}: more than once")
    return known


def _no_constant(name: str) -> Iterator[None]:
    raise ValueError(f"{name} is not a number")


def _line(path: Path, value: object, message: str) -> str:
    return f"{dotted(path)}: {str(value)[:TEXT_CHARACTERS_MAX]!r}: {message}"
