"""What counts as a valid answer, and that anything else is called by its name."""

import pytest

from bot.contract.color import Color
from tests.support.prober.answer import LARGEST_BYTES, Answer, InvalidAnswerError, read
from tests.support.prober.server import message


def test_a_whole_answer_tells_color_and_pod() -> None:
    assert read(message()) == Answer(Color.BLUE, "pod-1", closes=False)


def test_connection_close_is_noticed() -> None:
    answer = read(message(more="Connection: close"))
    assert answer is not None
    assert answer.closes


def test_no_part_of_an_answer_is_an_answer() -> None:
    whole = message()
    assert [read(whole[:end]) for end in range(len(whole))] == [None] * len(whole)


@pytest.mark.parametrize(
    ("received", "reason"),
    [
        (message(status="500 Internal Server Error"), "status 500"),
        (message(status="204 No Content"), "status 204"),
        (message() + b"x", "more bytes than content-length"),
        (message(header="green"), "header and body name different colors"),
        (message(color="red"), "body names no color"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "body is no JSON"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]", "body names no color"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "content-length ''"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", "content-length '-1'"),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}", "not HTTP/1.1"),
        (b"SSH-2.0\r\n\r\n", "not HTTP/1.1"),
        (b"a" * (LARGEST_BYTES + 1), "headers without end"),
    ],
)
def test_anything_else_is_invalid_for_a_reason(received: bytes, reason: str) -> None:
    with pytest.raises(InvalidAnswerError) as raised:
        read(received)
    assert str(raised.value) == reason
