import asyncio
import contextlib
import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from random import Random

import pytest
import structlog
from structlog.testing import capture_logs

from bot.config.newest import FILE_LAG_SECONDS
from bot.config.reload import Reload, read
from bot.config.reloadable import Reloadable
from bot.contract.reloadable import CONFIG_BYTES_MAX, CONFIG_FILE
from bot.kubernetes.config_map import Access, ConfigMapWatch
from bot.process.clock import Clock
from tests.support.fake_kubernetes import NAMESPACE, FakeKubernetes
from tests.support.fakes import serving, settings, until

START = Reloadable.of(settings())


@pytest.fixture(autouse=True)
def _plain_logs() -> None:  # pyright: ignore[reportUnusedFunction] - pytest calls it
    structlog.reset_defaults()


class Subject:
    """A folder, and a reload over it that is looked at by hand."""

    def __init__(self, folder: Path, *, production: bool = False) -> None:
        self.file = folder / CONFIG_FILE
        self.applied: list[Reloadable] = []
        self.now = 0.0
        self.version = 0
        self.reload = Reload(
            folder,
            START,
            production=production,
            on_change=self.applied.append,
            now=lambda: self.now,
        )

    def show(self, **values: object) -> None:
        """The API server shows this; the file has what it had."""
        self.version += 1
        self.reload.show({CONFIG_FILE: json.dumps(values)}, f"u-1/{self.version}")

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


def test_what_the_watch_shows_is_in_effect_before_the_file_says_it(tmp_path: Path) -> None:
    subject = Subject(tmp_path)
    subject.write(killSwitch=False)
    subject.reload.start()
    subject.show(killSwitch=False)
    subject.show(killSwitch=True)
    assert subject.reload.current.kill_switch
    assert subject.reload.generation == 2
    for _ in range(3):
        subject.look()
        assert subject.reload.current.kill_switch, "the file lags, and what it says is old"
    subject.write(killSwitch=True)
    subject.look()
    assert subject.reload.generation == 2


def test_a_file_that_changes_counts_while_the_watch_is_broken(tmp_path: Path) -> None:
    subject = Subject(tmp_path)
    subject.write(killSwitch=False)
    subject.reload.start()
    subject.show(killSwitch=False)
    subject.now = FILE_LAG_SECONDS
    subject.look()
    subject.reload.fail("403")
    assert subject.reload.watch_error == "403"
    subject.write(killSwitch=True)
    subject.look()
    assert subject.reload.current.kill_switch
    subject.show(killSwitch=True)
    assert subject.reload.watch_error is None
    assert subject.reload.generation == 2


def test_an_old_valid_file_does_not_end_the_alarm_of_a_newer_invalid_content(
    tmp_path: Path,
) -> None:
    subject = Subject(tmp_path)
    subject.write(killSwitch=False)
    subject.reload.start()
    hashed = subject.reload.content_hash
    subject.show(killSwitch=False)
    subject.show(killSwitch="maybe")
    subject.look()
    assert "killSwitch: 'maybe'" in (subject.reload.invalid or "")
    assert subject.reload.content_hash == hashed
    assert subject.reload.refused_hash not in ("", hashed)
    subject.show(killSwitch=True)
    assert (subject.reload.invalid, subject.reload.refused_hash) == (None, "")
    assert subject.reload.current.kill_switch


def test_a_config_map_without_the_file_or_gone_keeps_what_is_in_effect(tmp_path: Path) -> None:
    subject = Subject(tmp_path)
    subject.write(maxPositionSize="5")
    subject.reload.start()
    subject.reload.show({}, "u-1/1")
    assert "is not in the ConfigMap" in (subject.reload.invalid or "")
    subject.reload.refuse("ConfigMap n/bot-config: was deleted", "u-1/2")
    assert "was deleted" in (subject.reload.invalid or "")
    assert subject.reload.current.max_position_size == 5
    assert subject.reload.refused_hash == ""


def test_a_pod_whose_file_is_missing_trades_by_what_the_watch_shows(tmp_path: Path) -> None:
    subject = Subject(tmp_path)
    subject.reload.start()
    assert subject.reload.current.read_only
    subject.show(maxPositionSize="5")
    subject.look()
    assert subject.reload.current.max_position_size == 5
    assert not subject.reload.current.read_only
    assert subject.reload.invalid is None


async def test_a_watched_config_map_is_in_effect_within_200_ms(tmp_path: Path) -> None:
    subject = Subject(tmp_path)
    subject.write(killSwitch=False)
    subject.reload.start()
    api = FakeKubernetes({CONFIG_FILE: subject.file.read_text()}, name="bot-config")
    token = tmp_path / "token"
    token.write_text("t")
    async with serving(api.app) as url:
        access = Access(url, NAMESPACE, api.name, token, ca_file=None)
        watch = ConfigMapWatch(access, Clock(), Random(1))  # noqa: S311 - spreads retries
        watching = asyncio.create_task(watch.run(subject.reload))
        await until(lambda: api.watches > 0)
        await asyncio.sleep(0.05)
        async with running(subject):
            api.apply({CONFIG_FILE: json.dumps({"killSwitch": True})})
            assert await until(lambda: subject.reload.current.kill_switch) < 0.2
            await asyncio.sleep(0.3)
            assert subject.reload.current.kill_switch, "the file still says what was before"
        watching.cancel()
