"""What Binance's refusals mean for an order. Pure; from its codes, not from their wording.

Source: https://developers.binance.com/docs/binance-spot-api-docs/errors and "General API
information" beside it: 4xx is the sender's fault, 5xx leaves the execution unknown.
"""

from collections.abc import Mapping

from bot.venues.port import KnownError, NotTakenError, RejectedError, VenueError

REFUSED_FROM = 400
UNKNOWN_FROM = 500
TOO_MANY = frozenset({418, 429})
TOO_MANY_CODES = frozenset({-1003, -1015})
NOT_NOW = frozenset({-1021, -1022, -2014, -2015})
"""Outside of its window; not authenticated, which a repaired key may end."""
DUPLICATE = "Duplicate order sent"
NEW_ORDER_REJECTED = -2010
NO_SUCH_ORDER = frozenset({-2011, -2013})
"""Of a cancellation, of a question."""
REJECTED = frozenset({-1010, -1013, -1014, -1020, NEW_ORDER_REJECTED})
MALFORMED = range(-1199, -1099)
_TEXT_MAX = 200


class NoSuchOrderError(VenueError):
    """The venue does not have the order (any more open, if it was to be cancelled)."""


def judge(
    status: int, headers: Mapping[str, str], answer: object, what: str = "binance"
) -> VenueError | None:
    """Return the error that an HTTP answer stands for; None when it is none.

    Args:
        status: of HTTP.
        headers: with names in any case.
        answer: its JSON; None when it is not JSON.
        what: names the venue in the error's text.
    """
    if status < REFUSED_FROM:
        return None
    code, message = _code_and_message(answer)
    text = f"{what}: HTTP {status}, {code}: {message[:_TEXT_MAX]}"
    if status in TOO_MANY or code in TOO_MANY_CODES:
        return NotTakenError(text, _retry_after_seconds(headers))
    kind = VenueError if status >= UNKNOWN_FROM else _kind(code, message)
    return kind(text)


def _kind(code: int, message: str) -> type[VenueError]:
    if code in NO_SUCH_ORDER:
        return NoSuchOrderError
    if code == NEW_ORDER_REJECTED and DUPLICATE in message:
        return KnownError
    if code in NOT_NOW:
        return NotTakenError
    return RejectedError if code in REJECTED or code in MALFORMED else VenueError


def _code_and_message(answer: object) -> tuple[int, str]:
    match answer:
        case {"code": int(code), "msg": str(message)}:
            return code, message
        case _:
            return 0, "no code and message in the answer"


def _retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    for name, value in headers.items():
        if name.lower() == "retry-after" and value.isdecimal():
            return float(value)
    return None
