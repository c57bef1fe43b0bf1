"""What the venue answers instead of doing something: Binance's codes and its own words.

ccxt chooses its exceptions by code and by exact message, so neither may be rephrased.
"""

from collections.abc import Mapping

BAD_REQUEST = 400
UNAUTHORIZED = 401
TOO_MANY = 429
BANNED = 418

UNKNOWN_PATH = -1000
TOO_MUCH_WEIGHT = -1003
TOO_MANY_ORDERS = -1015
FILTERED = -1013
OUTSIDE_WINDOW = -1021
BAD_SIGNATURE = -1022
ILLEGAL_CHARACTERS = -1100
DUPLICATE_VALUES = -1101
MISSING_PARAMETER = -1102
UNREAD_PARAMETER = -1104
UNNEEDED_PARAMETER = -1106
TOO_PRECISE = -1111
BAD_LIFETIME = -1115
BAD_TYPE = -1116
BAD_SIDE = -1117
BAD_INTERVAL = -1120
BAD_SYMBOL = -1121
WINDOW_TOO_LONG = -1131
ORDER_REJECTED = -2010
CANCEL_REJECTED = -2011
NO_SUCH_ORDER = -2013
BAD_KEY_FORMAT = -2014
UNKNOWN_KEY = -2015


class RefusalError(Exception):
    """One refused request: `{"code": …, "msg": …}` with a status and perhaps headers."""

    def __init__(
        self,
        code: int,
        message: str,
        status: int = BAD_REQUEST,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.headers = dict(headers or {})


def missing(name: str) -> RefusalError:
    """Return the refusal of a request that lacks a parameter, or has an empty one."""
    return RefusalError(
        MISSING_PARAMETER,
        f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.",
    )


def illegal(name: str, legal: str) -> RefusalError:
    """Return the refusal of a value outside of its legal range, given as a pattern."""
    return RefusalError(
        ILLEGAL_CHARACTERS,
        f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.",
    )


def filtered(name: str) -> RefusalError:
    """Return the refusal by one of the symbol's filters."""
    return RefusalError(FILTERED, f"Filter failure: {name}")


def insufficient() -> RefusalError:
    """Return the refusal of an order that the balances do not cover."""
    return RefusalError(ORDER_REJECTED, "Account has insufficient balance for requested action.")
