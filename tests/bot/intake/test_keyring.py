"""Secrets that change while the bot runs."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot.contract import secrets as names
from bot.intake.keyring import LOOK_SECONDS, Keyring
from bot.process import logs
from tests.support.fakes import FakeTime

FIRST, SECOND = "the-first-of-two-tokens", "the-second-of-two-tokens"


@pytest.fixture
def log_stream() -> Iterator[io.StringIO]:
    """What the logs say; the process's own handlers come back."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("info", fields={}, stream=stream)
    yield stream
    root.handlers[:], root.level = before, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


async def test_a_secret_that_came_by_rotation_is_in_no_log(
    tmp_path: Path, log_stream: io.StringIO
) -> None:
    passing = FakeTime()
    token = tmp_path / names.SIGNALS_TOKEN
    token.write_text(FIRST)
    keyring = Keyring(tmp_path, passing.clock)
    token.write_text(SECOND)
    passing.seconds += LOOK_SECONDS
    assert (await keyring.keys()).has_token(SECOND.encode())
    logging.getLogger("x").info("sent with %s, before with %s", SECOND, FIRST)
    line = json.loads(log_stream.getvalue().splitlines()[-1])
    assert line["event"] == f"sent with {logs.MASK}, before with {logs.MASK}"


async def test_a_secret_that_can_be_guessed_lets_nobody_in(
    tmp_path: Path, log_stream: io.StringIO
) -> None:
    (tmp_path / names.SIGNALS_TOKEN).write_text("123456789012345")
    assert not await Keyring(tmp_path, FakeTime().clock).keys()
    lines = [json.loads(line) for line in log_stream.getvalue().splitlines()]
    assert [line["bytes_min"] for line in lines if line["level"] == "error"] == [16]
