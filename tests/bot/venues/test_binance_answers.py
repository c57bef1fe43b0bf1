"""What each of Binance's refusals means for an order."""

import pytest

from bot.venues.binance_answers import NoSuchOrderError, judge
from bot.venues.port import KnownError, NotTakenError, RejectedError, VenueError

MEANINGS = [
    # HTTP status, code, message, meaning
    (400, -2010, "Account has insufficient balance for requested action.", RejectedError),
    (400, -2010, "Market is closed.", RejectedError),
    (400, -2010, "Duplicate order sent.", KnownError),
    (400, -1013, "Filter failure: NOTIONAL", RejectedError),
    (400, -1100, "Illegal characters found in parameter 'price'.", RejectedError),
    (400, -1121, "Invalid symbol.", RejectedError),
    (400, -1199, "A parameter that does not exist yet.", RejectedError),
    (400, -1021, "Timestamp for this request is outside of the recvWindow.", NotTakenError),
    (400, -1022, "Signature for this request is not valid.", NotTakenError),
    (401, -2015, "Invalid API-key, IP, or permissions for action.", NotTakenError),
    (429, -1003, "Too much request weight used.", NotTakenError),
    (418, -1003, "IP banned until 1.", NotTakenError),
    (429, -1015, "Too many new orders.", NotTakenError),
    (400, -1015, "Too many new orders.", NotTakenError),
    (400, -2013, "Order does not exist.", NoSuchOrderError),
    (400, -2011, "Unknown order sent.", NoSuchOrderError),
    (400, -1006, "Execution status unknown.", VenueError),
    (408, -1007, "Send status unknown; execution status unknown.", VenueError),
    (400, -1000, "An unknown error occurred.", VenueError),
    (400, -9999, "Not written down anywhere.", VenueError),
    (503, -1001, "Internal error.", VenueError),
    (500, -2010, "Said by a server that is not well.", VenueError),
]


@pytest.mark.parametrize(("status", "code", "message", "meaning"), MEANINGS)
def test_each_refusal_has_its_meaning(
    status: int, code: int, message: str, meaning: type[VenueError]
) -> None:
    error = judge(status, {}, {"code": code, "msg": message})
    assert type(error) is meaning
    assert str(code) in str(error)
    assert message in str(error)


@pytest.mark.parametrize("answer", [None, [], "<html>", {"code": "x"}, {"msg": 1}])
def test_what_is_not_binances_form_says_nothing_about_the_order(answer: object) -> None:
    for status in (400, 403, 500, 502):
        assert type(judge(status, {}, answer)) is VenueError


def test_an_answer_is_no_refusal() -> None:
    assert judge(200, {}, {"orderId": 1}) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"Retry-After": "-1"}, None),
        ({}, None),
    ],
)
def test_how_long_to_be_quiet_is_passed_on(headers: dict[str, str], seconds: float | None) -> None:
    error = judge(429, headers, {"code": -1003, "msg": ""})
    assert isinstance(error, NotTakenError)
    assert error.retry_after_seconds == seconds
