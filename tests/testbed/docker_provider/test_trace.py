"""BuildKit's records, as lines."""

import base64

from testbed.docker_provider.trace import Line, decode


def field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data


def record(*parts: bytes) -> str:
    return base64.b64encode(b"".join(parts)).decode()


STEP = field(1, b"sha256:1") + field(3, b"[2/3] RUN make")
STARTED, COMPLETED = field(5, b"\x08\x01"), field(6, b"\x08\x02")


def test_a_step_is_told_when_it_starts_and_not_again() -> None:
    lines = [Line("[2/3] RUN make", is_output=False)]
    assert list(decode(record(field(1, STEP)))) == []
    assert list(decode(record(field(1, STEP + STARTED)))) == lines
    assert list(decode(record(field(1, STEP + STARTED + COMPLETED)))) == []


def test_output_comes_line_by_line_without_blank_ones() -> None:
    log = field(1, b"sha256:1") + bytes([3 << 3, 2]) + field(4, b"one\n\ntwo \xff\n")
    expected = [Line("one", is_output=True), Line("two \ufffd", is_output=True)]
    assert list(decode(record(field(3, log)))) == expected


def test_what_is_not_understood_is_left_out() -> None:
    assert list(decode("not base64!")) == []
    assert list(decode(base64.b64encode(b"\xff\xff").decode())) == []
    assert list(decode(record(field(9, b"\xff")))) == []


def test_a_broken_step_does_not_end_the_build() -> None:
    assert list(decode(record(field(1, b"\xff")))) == []
