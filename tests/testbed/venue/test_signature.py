"""Keys, signatures and windows, apart from any server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.venue.params import Params
from testbed.venue.refusals import RefusalError
from testbed.venue.signature import AHEAD_MS, check_window, sign, split, verify

# The example of Binance's own documentation ("SIGNED Endpoint Example for POST /api/v3/order").
DOCUMENTED_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"  # noqa: S105  # published
DOCUMENTED_PAYLOAD = (
    b"symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
    b"&recvWindow=5000&timestamp=1499827319559"
)
DOCUMENTED_SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
NOW_MS = 1_800_000_000_000


def test_the_documented_example_is_signed_as_documented() -> None:
    assert sign(DOCUMENTED_SECRET, DOCUMENTED_PAYLOAD) == DOCUMENTED_SIGNATURE


def test_query_and_body_are_signed_as_one() -> None:
    payload = DOCUMENTED_PAYLOAD + b"&signature=" + DOCUMENTED_SIGNATURE.encode()
    verify({"key": DOCUMENTED_SECRET}, "key", payload)
    assert split(payload) == (DOCUMENTED_PAYLOAD, DOCUMENTED_SIGNATURE)


@given(st.integers(0, len(DOCUMENTED_PAYLOAD) - 1), st.integers(1, 255))
def test_a_changed_byte_never_passes(index: int, change: int) -> None:
    changed = bytearray(DOCUMENTED_PAYLOAD)
    changed[index] ^= change
    payload = bytes(changed) + b"&signature=" + DOCUMENTED_SIGNATURE.encode()
    with pytest.raises(RefusalError):
        verify({"key": DOCUMENTED_SECRET}, "key", payload)


@pytest.mark.parametrize(
    ("api_key", "payload", "code"),
    [
        ("", b"a=1&signature=00", -2014),
        ("other", b"a=1&signature=00", -2015),
        ("key", b"a=1", -1102),
        ("key", b"signature=00&a=1", -1102),
        ("key", b"a=1&signature=00", -1022),
        ("key", "a=1&signature=ü".encode(), -1022),
        ("key", b"a=1signature=00", -1102),
    ],
)
def test_each_wrong_signature_has_its_code(api_key: str, payload: bytes, code: int) -> None:
    with pytest.raises(RefusalError) as refused:
        verify({"key": "secret"}, api_key, payload)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("sent_ms", "window_ms", "code"),
    [
        (NOW_MS, 0, None),
        (NOW_MS - 1_500, 1_500, None),
        (NOW_MS - 1_501, 1_500, -1021),
        (NOW_MS + AHEAD_MS - 1, 1_500, None),
        (NOW_MS + AHEAD_MS, 1_500, -1021),
        (NOW_MS, 60_000, None),
        (NOW_MS, 60_001, -1131),
    ],
)
def test_a_window_ends_at_the_millisecond(sent_ms: int, window_ms: int, code: int | None) -> None:
    if code is None:
        check_window(sent_ms, window_ms, NOW_MS)
        return
    with pytest.raises(RefusalError) as refused:
        check_window(sent_ms, window_ms, NOW_MS)
    assert refused.value.code == code


@given(st.integers(0, 60_000), st.integers(0, 120_000))
def test_what_was_sent_longer_ago_than_its_window_never_passes(window_ms: int, age_ms: int) -> None:
    try:
        check_window(NOW_MS - age_ms, window_ms, NOW_MS)
    except RefusalError:
        assert age_ms > window_ms
    else:
        assert age_ms <= window_ms


@pytest.mark.parametrize(
    ("query", "body", "code"),
    [(b"a=1", b"a=2", -1101), (b"a=%ff", b"", -1100), ("ü".encode(), b"", -1100)],
)
def test_parameters_that_cannot_be_read_are_refused(query: bytes, body: bytes, code: int) -> None:
    with pytest.raises(RefusalError) as refused:
        Params(query, body)
    assert refused.value.code == code


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_bytes_of_any_kind_are_never_more_than_refused(query: bytes, body: bytes) -> None:
    try:
        params = Params(query, body)
        params.amount("a")
        params.integer("b")
        params.symbol()
        params.finish()
    except RefusalError as refusal:
        assert refusal.status == 400  # noqa: PT017  # most inputs raise, some do not
