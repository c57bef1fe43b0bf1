import io
import json
import logging
import warnings
from collections.abc import Iterator
from datetime import datetime
from typing import cast

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.process import logs
from bot.process.logs import MASK, Masker

SECRET = 'hunter2-äöü-"quoted"'  # noqa: S105 - a planted one


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logging.getLogger("uvicorn.error").setLevel(logging.NOTSET)  # a server of another test's
    logs.configure("info", fields={"color": "blue"}, secrets=[SECRET, ""], stream=stream)
    yield stream
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_a_utc_time_and_who_wrote_it(stream: io.StringIO) -> None:
    structlog.get_logger("bot.x").info("order filled", symbol="BTC/USDT")
    (line,) = lines(stream)
    assert line["event"] == "order filled"
    assert (line["color"], line["level"], line["logger"]) == ("blue", "info", "bot.x")
    offset = datetime.fromisoformat(str(line["timestamp"])).utcoffset()
    assert offset is not None
    assert not offset


def test_the_logs_of_libraries_take_the_same_pipe(stream: io.StringIO) -> None:
    extra = {"color_message": "twice", "port": 1}
    logging.getLogger("uvicorn.error").info("running on %s", "x", extra=extra)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    first, second = lines(stream)
    assert (first["event"], first["port"]) == ("running on x", 1)
    assert "color_message" not in first
    assert "old" in str(second["event"])


def test_requests_of_the_http_client_are_not_logged_one_by_one(stream: io.StringIO) -> None:
    logging.getLogger("httpx2").info("HTTP Request: GET …")
    assert not stream.getvalue()


def test_no_secret_is_logged_wherever_it_is(stream: io.StringIO) -> None:
    log = structlog.get_logger("bot.x")
    event = f"with {SECRET}"
    log.info(event, value=SECRET, nested={"a": [SECRET], SECRET: 1}, obj=Exception(SECRET))
    logging.getLogger("lib").info("with %s", SECRET)
    log.error("failed", exc_info=ValueError(SECRET))
    text = "".join(json.dumps(line, ensure_ascii=False) for line in lines(stream))
    assert "hunter2" not in text
    assert MASK in text


def test_less_than_the_level_is_left_out(stream: io.StringIO) -> None:
    structlog.get_logger("bot.x").debug("detail")
    assert not stream.getvalue()


def test_the_level_can_change_while_it_runs(stream: io.StringIO) -> None:
    log = structlog.get_logger("bot.x")
    logs.set_level("debug")
    log.debug("detail")
    logs.set_level("error")
    log.info("gone")
    assert [line["event"] for line in lines(stream)] == ["detail"]


# Letters that neither the mask nor a key of the event has.
secrets = st.lists(st.text('ABÄ"\\\n', min_size=1, max_size=6), min_size=1, max_size=4)


def texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in cast("dict[str, object]", value).items():
            yield key
            yield from texts(item)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from texts(item)
    else:
        yield str(value)


@given(secrets, st.text("xyAB"))
def test_never_is_a_whole_secret_left(hidden: list[str], around: str) -> None:
    nested = [*hidden, {"key": hidden, "".join(hidden): Exception(hidden[0])}]
    event = {"event": around.join(hidden), "list": nested}
    masked = Masker(hidden)(None, "info", event)
    assert not [text for text in texts(masked) for secret in hidden if secret in text]


def test_without_secrets_values_keep_their_types() -> None:
    event = {"count": 1, "share": 0.5, "flag": True, "none": None}
    assert Masker(["x"])(None, "info", dict(event)) == event
