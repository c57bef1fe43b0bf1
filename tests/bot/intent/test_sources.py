import asyncio
import json
from pathlib import Path

import pytest

from bot.contract.color import Color
from bot.intent.file import FILE_BYTES_MAX, FileSource
from bot.intent.fixed import FixedSource
from bot.intent.state import IntentState
from bot.process.clock import Clock
from tests.support.fakes import BLUE, GREEN, until


def new_state() -> IntentState:
    return IntentState(Color.BLUE, Clock())


def write(path: Path, content: object) -> None:
    """Replace the file as one should: by renaming another over it."""
    text = content if isinstance(content, str) else json.dumps(content)
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.rename(path)


def test_a_file_is_read_and_read_again_when_replaced(tmp_path: Path) -> None:
    path, state = tmp_path / "intent.json", new_state()
    source = FileSource(path)
    write(path, BLUE.to_data())
    source.look(state)
    assert state.intent == BLUE
    write(path, GREEN.to_data())
    source.look(state)
    assert state.intent == GREEN
    assert state.changes == 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"activeColor": 1}',
        '{"activeColor": "red"}',
        '{"activeColor": "blue", "canaryPercent": 10}',
        "\x00" * 100,
        "x" * (FILE_BYTES_MAX + 1),
    ],
)
def test_a_file_with_something_else_keeps_the_last_intent(tmp_path: Path, content: str) -> None:
    path, state = tmp_path / "intent.json", new_state()
    source = FileSource(path)
    write(path, GREEN.to_data())
    source.look(state)
    write(path, content)
    source.look(state)
    source.look(state)
    assert state.intent == GREEN
    assert state.invalid


def test_a_missing_file_is_a_failing_source(tmp_path: Path) -> None:
    path, state = tmp_path / "intent.json", new_state()
    source = FileSource(path)
    source.look(state)
    assert state.intent is None
    assert "No such file" in str(state.source_error)
    write(path, BLUE.to_data())
    source.look(state)
    assert state.source_error is None


async def test_a_change_of_the_file_is_seen_within_200_ms(tmp_path: Path) -> None:
    path, state = tmp_path / "intent.json", new_state()
    write(path, BLUE.to_data())
    task = asyncio.create_task(FileSource(path).run(state))
    await asyncio.sleep(0.05)
    assert state.intent == BLUE
    write(path, GREEN.to_data())
    assert await until(lambda: state.intent == GREEN) < 0.2
    task.cancel()


async def test_a_lone_bot_is_active() -> None:
    state = new_state()
    task = asyncio.create_task(FixedSource(Color.BLUE).run(state))
    await asyncio.sleep(0.01)
    assert state.active
    task.cancel()
