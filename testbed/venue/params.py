"""The parameters of one request, read by name; what nobody read is refused, as Binance does."""

import re
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar
from urllib.parse import parse_qsl

from testbed.venue.refusals import (
    DUPLICATE_VALUES,
    UNREAD_PARAMETER,
    RefusalError,
    illegal,
    missing,
)

AMOUNT = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
INTEGER = r"^[0-9]{1,18}$"
SYMBOL = r"^[A-Z0-9-_.]{1,20}$"
CLIENT_ID = r"^[a-zA-Z0-9-_.:/]{1,36}$"
_Word = TypeVar("_Word", bound=StrEnum)


class Params:
    """Query string and body as one."""

    def __init__(self, query: bytes, body: bytes) -> None:
        pairs = _pairs(query) + _pairs(body)
        self._values = dict(pairs)
        if len(self._values) < len(pairs):
            raise RefusalError(DUPLICATE_VALUES, "Duplicate values for a parameter detected.")
        self._read = {"signature", "timestamp", "recvWindow"}

    def peek(self, name: str) -> str:
        """Return a value, or nothing, without it counting as read."""
        return self._values.get(name, "")

    def text(self, name: str, legal: str) -> str | None:
        """Return a value that matches a pattern as a whole."""
        self._read.add(name)
        value = self._values.get(name)
        if value is None:
            return None
        if not value:
            raise missing(name)
        if re.fullmatch(legal.removeprefix("^").removesuffix("$"), value) is None:
            raise illegal(name, legal)
        return value

    def integer(self, name: str) -> int | None:
        """Return a number that is not negative."""
        value = self.text(name, INTEGER)
        return None if value is None else int(value)

    def amount(self, name: str) -> Decimal | None:
        """Return a positive amount, exactly as written."""
        value = self.text(name, AMOUNT)
        return None if value is None else Decimal(value)

    def word(self, name: str, words: type[_Word], refusal: RefusalError) -> _Word | None:
        """Return one of a few words."""
        value = self.text(name, r"^.+$")
        if value is None:
            return None
        try:
            return words(value)
        except ValueError:
            raise refusal from None

    def symbol(self) -> str | None:
        """Return the parameter `symbol`."""
        return self.text("symbol", SYMBOL)

    def limit(self, default: int, most: int) -> int:
        """Return the parameter `limit`, cut to what the venue gives at most."""
        value = self.integer("limit")
        return default if value is None else max(1, min(most, value))

    def finish(self) -> None:
        """Refuse the request when it says more than anyone read."""
        unread = self._values.keys() - self._read
        if unread:
            sent, read = len(self._values), len(self._values) - len(unread)
            raise RefusalError(
                UNREAD_PARAMETER,
                f"Not all sent parameters were read; read '{read}' parameter(s) "
                f"but was sent '{sent}': {', '.join(sorted(unread))}.",
            )


def required(name: str, read: Callable[[str], int | None]) -> int:
    """Return a number that must be there."""
    value = read(name)
    if value is None:
        raise missing(name)
    return value


def _pairs(payload: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(payload.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise illegal("query", "URL-encoded UTF-8") from None
