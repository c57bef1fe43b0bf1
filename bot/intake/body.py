"""From the bytes of a body to a signal. Pure; refuses everything that is not plainly meant."""

import json
import re
from collections.abc import Callable, Collection
from decimal import Decimal
from http import HTTPStatus
from typing import Any, NoReturn, cast

from bot.contract.http import SIGNAL_BYTES_MAX
from bot.contract.symbols import canonical
from bot.intake.problems import Fault, Problem, shown
from bot.trading.orders import Lifetime, Side, Terms
from bot.trading.signals import Signal
from bot.trading.strategy import SIGNAL_PREFIX

BODY_BYTES_MAX = SIGNAL_BYTES_MAX
MAX_AGE_SECONDS_DEFAULT = 30.0
MAX_AGE_SECONDS_MIN = 2
MAX_AGE_SECONDS_MAX = 3600
ID_PATTERN = "[A-Za-z0-9_.:-]{1,64}"
DOTS = (".", "..")
"""No ids: in the path of a URL they mean another place, so nobody could ask about them."""
AMOUNT_PATTERN = r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?"
"""The ledger's columns keep 18 digits on either side of the point."""

_ID = re.compile(ID_PATTERN)
_AMOUNT = re.compile(AMOUNT_PATTERN)
_AMOUNT_EXPECTED = (
    'a decimal number as a JSON string like "0.25" (many programs round JSON\'s own numbers to'
    " binary fractions), greater than 0, no exponent, at most 18 digits on either side of the point"
)
_MISSING = "missing"


class _Refused(Exception):  # noqa: N818 - never leaves this module
    """Not a value of this field; the text says what would be right."""


class _MalformedError(ValueError):
    """JSON that other parsers may read otherwise."""


def is_id(text: str) -> bool:
    """Whether this can be the id of a signal."""
    return _ID.fullmatch(text) is not None and text not in DOTS


def signal_of(raw: bytes, symbols: Collection[str], source: str) -> Signal:
    """Return the signal that the body asks for.

    Raises:
        Problem: 400 with all faults, or 422 when only the symbol is one that is not traded here.
    """
    given = _object(raw)
    values: dict[str, Any] = {}
    faults = [
        Fault(shown(key), shown(value), f"no such field; there are {', '.join(_FIELDS)}")
        for key, value in given.items()
        if key not in _FIELDS
    ]
    for name, (read, default) in _FIELDS.items():
        if name not in given and default is not _REQUIRED:
            values[name] = default
            continue
        try:
            values[name] = read(given.get(name, _REQUIRED))
        except _Refused as refused:
            value = shown(given[name]) if name in given else _MISSING
            faults.append(Fault(name, value, str(refused)))
    if faults:
        raise Problem(HTTPStatus.BAD_REQUEST, _message(faults), tuple(faults))
    if values["symbol"] not in symbols:
        fault = Fault("symbol", shown(values["symbol"]), f"one of {_few(symbols)}")
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, _message([fault]), (fault,))
    terms = Terms(
        symbol=values["symbol"],
        side=values["side"],
        quantity=values["quantity"],
        limit_price=values["limitPrice"],
        lifetime=values["lifetime"],
        reduce_only=values["reduceOnly"],
    )
    return Signal(values["id"], terms, values["maxAgeSeconds"], source)


def _object(raw: bytes) -> dict[str, object]:
    """Parse strictly: UTF-8, one object, no key twice, no NaN."""
    try:
        parsed = json.loads(
            raw.decode(), object_pairs_hook=_no_key_twice, parse_constant=_no_constant
        )
    except RecursionError:
        raise _bad_body("is nested too deeply; a signal is one flat object") from None
    except _MalformedError as error:
        raise _bad_body(str(error)) from None
    except UnicodeDecodeError as error:
        raise _bad_body(f"is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise _bad_body(f"is no JSON: {error.msg} at character {error.pos}") from None
    except ValueError:  # Python refuses to read a number of thousands of digits
        raise _bad_body("holds a number with too many digits") from None
    if not isinstance(parsed, dict):
        raise _bad_body(f"is {shown(parsed)}; write one JSON object")
    return cast("dict[str, object]", parsed)


def _no_key_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields: dict[str, object] = {}
    for key, value in pairs:  # one pass: a body of thousands of keys must not stop the loop
        if key in fields:
            raise _MalformedError(f"has the key {shown(key)} more than once; write it once")
        fields[key] = value
    return fields


def _no_constant(text: str) -> NoReturn:
    raise _MalformedError(f"holds {text}, which is no JSON; write a number")


def _bad_body(detail: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, f"the body {detail}")


def _message(faults: list[Fault]) -> str:
    first = faults[0]
    more = f"; and {len(faults) - 1} more" if len(faults) > 1 else ""
    return f"{first.field}: {first.value}, expected {first.expected}{more}"


def _few(symbols: Collection[str]) -> str:
    names = sorted(symbols)
    shown_max = 10
    more = f" and {len(names) - shown_max} more" if len(names) > shown_max else ""
    return ", ".join(names[:shown_max]) + more


# One reader for each field: the value, or _Refused.


def _id(value: object) -> str:
    if not (isinstance(value, str) and is_id(value)):
        raise _Refused("1 to 64 of A-Z a-z 0-9 _ . : -, not just one or two dots")
    if value.startswith(SIGNAL_PREFIX):
        raise _Refused(f"an id that does not begin with {SIGNAL_PREFIX}: those are the bot's own")
    return value


def _symbol(value: object) -> str:
    try:
        if isinstance(value, str):
            return canonical(value)
    except ValueError:
        pass
    raise _Refused("BASE/QUOTE, like BTC/USDT")


def _side(value: object) -> Side:
    if isinstance(value, str) and value in list(Side):
        return Side(value)
    raise _Refused(" or ".join(Side))


def _amount(value: object) -> Decimal:
    if isinstance(value, str) and _AMOUNT.fullmatch(value) and (amount := Decimal(value)) > 0:
        return amount
    raise _Refused(_AMOUNT_EXPECTED)


def _lifetime(value: object) -> Lifetime:
    if isinstance(value, str) and value in list(Lifetime):
        return Lifetime(value)
    raise _Refused(" or ".join(Lifetime))


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _Refused("true or false")


def _max_age(value: object) -> float:
    # Compared before it is made a float: a whole number may be larger than any float.
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and MAX_AGE_SECONDS_MIN <= value <= MAX_AGE_SECONDS_MAX
    ):
        return float(value)
    raise _Refused(f"a number from {MAX_AGE_SECONDS_MIN} to {MAX_AGE_SECONDS_MAX}")


_REQUIRED = object()
_FIELDS: dict[str, tuple[Callable[[object], object], object]] = {
    "id": (_id, _REQUIRED),
    "symbol": (_symbol, _REQUIRED),
    "side": (_side, _REQUIRED),
    "quantity": (_amount, _REQUIRED),
    "limitPrice": (_amount, None),
    "lifetime": (_lifetime, Lifetime.GOOD_TILL_CANCELLED),
    "reduceOnly": (_flag, False),
    "maxAgeSeconds": (_max_age, MAX_AGE_SECONDS_DEFAULT),
}
