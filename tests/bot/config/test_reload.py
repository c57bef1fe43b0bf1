import asyncio
import contextlib
import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from bot.config.reload import Reload, read
from bot.config.reloadable import Reloadable
from bot.contract.reloadable import CONFIG_BYTES_MAX, CONFIG_FILE
from tests.support.fakes import settings, until

START = Reloadable.of(settings())


@pytest.fixture(autouse=True)
def _plain_logs() -> None:  # pyright: ignore[reportUnusedFunction] - pytest calls it
    structlog.reset_defaults()


class Subject:
    """A folder, and a reload over it that is looked at by hand."""

    def __init__(self, folder: Path, *, production: bool = False) -> None:
        self.file = folder / CONFIG_FILE
        self.applied: list[Reloadable] = []
        self.reload = Reload(folder, START, production=production, on_change=self.applied.append)

    def write(self, **values: object) -> None:
        self.file.write_text(json.dumps(values))

    def look(self) -> None:
        for _ in range(2):
            self.reload.look(read(self.file))


def test_without_a_folder_the_start_values_hold() -> None:
    reload = Reload(None, START, production=True, on_change=lambda _: None)
    reload.start()
    assert (reload.current, reload.generation, reload.invalid) == (START, 0, None)


def test_the_file_is_read_at_the_start(tmp_path: Path) -> None:
    subject = Subject(tmp_path)
    subject.write(maxPositionSize="5")
    subject.reload.start()
    assert subject.reload.current.max_position_size == 5
    assert subject.reload.generation == 1
    assert subject.applied == [subject.reload.current]


@pytest.mark.parametrize("text", [None, "{", '{"readOnly": "no"}'])
def test_a_start_without_a_valid_file_is_read_only(tmp_path: Path, text: str | None) -> None:
    subject = Subject(tmp_path)
    if text is not None:
        subject.file.write_text(text)
    subject.reload.start()
    assert subject.reload.current.read_only
    assert subject.reload.generation == 0
    assert subject.reload.invalid
    subject.write()
    subject.look()
    assert (subject.reload.current, subject.reload.invalid) == (START, None)


def test_a_content_counts_when_it_was_seen_twice(tmp_path: Path) -> None:
    subject = Subject(tmp_path)
    subject.write()
    subject.reload.start()
    for half in ('{"max', '{"maxPositionSize"'):
        subject.file.write_text(half)
        subject.reload.look(read(subject.file))
        assert subject.reload.invalid is None
    subject.write(maxPositionSize="5")
    subject.look()
    assert subject.reload.current.max_position_size == 5
    assert subject.reload.generation == 2


def test_an_invalid_content_changes_nothing_and_alarms_once(tmp_path: Path) -> None:
    subject = Subject(tmp_path)
    subject.write(maxPositionSize="5")
    subject.reload.start()
    before = subject.reload.current
    with capture_logs() as logs:
        subject.write(maxPositionSize="6", riskLimitPct="200")
        for _ in range(3):
            subject.look()
    assert subject.reload.current is before
    assert subject.reload.generation == 1
    assert "riskLimitPct: '200': " in (subject.reload.invalid or "")
    (line,) = logs
    assert line["log_level"] == "error"
    assert line["errors"] == ["riskLimitPct: '200': must be less than or equal to 100"]


def test_the_way_back_ends_the_alarm_and_changes_nothing(tmp_path: Path) -> None:
    subject = Subject(tmp_path)
    subject.write(maxPositionSize="5")
    subject.reload.start()
    subject.file.write_text("{")
    subject.look()
    subject.write(maxPositionSize="5")
    subject.look()
    assert subject.reload.invalid is None
    assert subject.reload.generation == 1
    assert len(subject.applied) == 1


def test_whatever_lies_there_the_old_configuration_stays(tmp_path: Path) -> None:
    subject = Subject(tmp_path)
    subject.write(maxPositionSize="5")
    subject.reload.start()

    def folder() -> None:
        subject.file.mkdir()

    def pipe() -> None:
        os.mkfifo(subject.file)

    def circle() -> None:
        subject.file.symlink_to(subject.file)

    def huge() -> None:
        subject.file.write_bytes(b" " * (CONFIG_BYTES_MAX + 1))

    def binary() -> None:
        subject.file.write_bytes(b"\xff\x00")

    cases = ((lambda: None, "No such file"), (folder, "is not a file"), (pipe, "is not a file"))
    more = ((circle, "symbolic links"), (huge, "larger than"), (binary, "not UTF-8"))
    for make, says in (*cases, *more):
        subject.file.rmdir() if subject.file.is_dir() else subject.file.unlink(missing_ok=True)
        make()
        subject.look()
        assert says in (subject.reload.invalid or "")
        assert subject.reload.current.max_position_size == 5
        assert subject.reload.generation == 1


def test_a_file_that_cannot_be_opened_names_who_must_read_it(tmp_path: Path) -> None:
    seen = read(tmp_path / "no folder" / CONFIG_FILE)
    assert seen.raw is None
    assert "readable by the bot's user" in seen.error


def test_a_symlink_swap_as_kubernetes_does_it_takes_effect(tmp_path: Path) -> None:
    subject = Subject(tmp_path)
    for number in (1, 2):
        version = tmp_path / f"..version_{number}"
        version.mkdir()
        (version / CONFIG_FILE).write_text(json.dumps({"maxPositionSize": str(number)}))
    (tmp_path / "..data").symlink_to("..version_1")
    subject.file.symlink_to(f"..data/{CONFIG_FILE}")
    subject.reload.start()
    assert subject.reload.current.max_position_size == 1
    (tmp_path / "..new").symlink_to("..version_2")
    (tmp_path / "..new").rename(tmp_path / "..data")
    subject.look()
    assert subject.reload.current.max_position_size == 2
    assert subject.reload.generation == 2


def test_production_refuses_raised_risk_that_nobody_answers_for(tmp_path: Path) -> None:
    subject = Subject(tmp_path, production=True)
    subject.write()
    subject.reload.start()
    subject.write(maxPositionSize="2000")
    subject.look()
    assert "maxPositionSize: 2000: raises risk in production" in (subject.reload.invalid or "")
    assert subject.reload.current == START
    word = {"by": "ann", "reason": "calm", "values": {"maxPositionSize": "2000"}}
    subject.write(maxPositionSize="2000", acknowledgeRiskIncrease=word)
    subject.look()
    assert subject.reload.invalid is None
    assert subject.reload.current.max_position_size == 2000


def test_production_takes_less_risk_without_a_word(tmp_path: Path) -> None:
    subject = Subject(tmp_path, production=True)
    subject.write(killSwitch=True, maxPositionSize="1")
    subject.reload.start()
    assert subject.reload.current.kill_switch
    assert subject.reload.invalid is None


def test_the_word_for_one_release_of_the_kill_switch_is_none_for_the_next(tmp_path: Path) -> None:
    subject = Subject(tmp_path, production=True)
    word = {"by": "ann", "reason": "checked", "values": {"killSwitch": False}}
    subject.write(killSwitch=True)
    subject.reload.start()
    for again in (False, True):
        subject.write(killSwitch=again, acknowledgeRiskIncrease=word)
        subject.look()
        assert subject.reload.current.kill_switch is again
    subject.write(killSwitch=False, acknowledgeRiskIncrease=word)
    subject.look()
    assert subject.reload.current.kill_switch
    assert "stood there before" in (subject.reload.invalid or "")


def test_a_pod_that_starts_anew_needs_the_word_beside_what_is_raised(tmp_path: Path) -> None:
    word = {"by": "ann", "reason": "calm", "values": {"maxPositionSize": "2000"}}
    for values, invalid in (
        ({"maxPositionSize": "2000"}, True),
        ({"maxPositionSize": "2000", "acknowledgeRiskIncrease": word}, False),
        ({"maxPositionSize": "1500", "acknowledgeRiskIncrease": word}, False),
    ):
        subject = Subject(tmp_path, production=True)
        subject.write(**values)
        subject.reload.start()
        assert (subject.reload.invalid is not None) is invalid
        assert subject.reload.current.read_only is invalid


@contextlib.asynccontextmanager
async def running(subject: Subject) -> AsyncGenerator[None, None]:
    task = asyncio.create_task(subject.reload.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_running_bot_takes_over_what_is_written(tmp_path: Path) -> None:
    subject = Subject(tmp_path)
    subject.write()
    subject.reload.start()
    async with running(subject):
        for number in range(1, 6):
            subject.write(maxPositionSize=str(number))
            await until(lambda n=number: subject.reload.current.max_position_size == n)
        subject.file.unlink()
        await until(lambda: subject.reload.invalid is not None)
    assert subject.reload.generation == 6


async def test_without_a_folder_there_is_nothing_to_watch() -> None:
    reload = Reload(None, START, production=False, on_change=lambda _: None)
    task = asyncio.create_task(reload.run())
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    await asyncio.wait([task])
