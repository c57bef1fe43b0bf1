import os
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from release.adapters.journal_sqlite import SqliteJournal
from release.assembly import FOLDER, JOURNAL_URL, Assembly
from release.cli.exit_codes import Exit
from release.cli.main import parser, run
from release.decide.events import Began, Commanded, Did, entry
from release.decide.journal_codec import data_of
from release.decide.phases import Trigger
from release.drive.spool import Spool
from tests.support.release_stage import BLUE_GREEN, TARGET, StillClock

LOCAL = "config:\n  trading-bot:deployEnv: local\n  trading-bot:context: nowhere\n"
SHARED = "config:\n  trading-bot:deployEnv: staging\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a project with a local and a shared stack, neither deployed."""
    (tmp_path / "Pulumi.yaml").write_text("name: trading-bot\nruntime: python\n")
    (tmp_path / "Pulumi.local.yaml").write_text(LOCAL)
    (tmp_path / "Pulumi.staging.yaml").write_text(SHARED)
    return tmp_path


async def _typed(folder: Path, words: str, env: dict[str, str] | None = None) -> Exit:
    lines: list[str] = []
    return await run(
        parser().parse_args(words.split()), Assembly(folder, env or {}).session, lines.append
    )


async def test_a_local_stack_has_its_journal_in_a_file_beside_it(folder: Path) -> None:
    journal = SqliteJournal(folder / FOLDER / "journal.sqlite", "local")
    now = StillClock().now()
    await journal.append("r1", now, "began", data_of(Began(TARGET, BLUE_GREEN)), None)
    assert await _typed(folder, "status --stack local") is Exit.DONE
    assert await _typed(folder, "history --stack local --json") is Exit.DONE


async def test_a_shared_stack_needs_the_address_of_its_journal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await _typed(folder, "status --stack staging") is Exit.USAGE
    assert f"{JOURNAL_URL} is not set" in capsys.readouterr().err


async def test_a_stack_without_a_config_is_a_wrong_command_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await _typed(folder, "plan --stack nosuch") is Exit.USAGE
    text = capsys.readouterr().err
    assert "--stack nosuch" in text
    assert "local, staging" in text


async def test_a_journal_that_is_away_is_said_without_its_password(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    env = {JOURNAL_URL: "postgresql://u:hidden@127.0.0.1:1/none"}
    assert await _typed(folder, "status --stack staging", env) is not Exit.DONE
    stderr = capsys.readouterr().err
    assert "does not answer" in stderr
    assert "hidden" not in stderr


async def test_a_folder_without_a_project_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await _typed(tmp_path, "status --stack local") is Exit.USAGE
    assert "run this beside it" in capsys.readouterr().err


async def test_what_an_earlier_rollback_could_not_record_is_written_by_the_next_command(
    folder: Path,
) -> None:
    left = Spool(folder / FOLDER, "local", f"ada@{socket.gethostname()}:{2**22 + 1}-ab")
    waiting = [
        entry("r1", StillClock().now(), Began(TARGET, BLUE_GREEN)),
        entry("r1", StillClock().now(), Commanded(Trigger.ROLLBACK, "ada")),
    ]
    for record in waiting:
        left.add(record)
    assert await _typed(folder, "status --stack local") is Exit.DONE
    assert not list((folder / FOLDER).glob("*.jsonl"))
    journal = SqliteJournal(folder / FOLDER / "journal.sqlite", "local")
    assert [record.kind for record in await journal.read(0)] == ["began", "commanded"]


def test_what_could_not_be_recorded_outlives_its_process_and_is_taken_over_once(
    tmp_path: Path,
) -> None:
    now = StillClock().now()
    records = [
        entry("r1", now + timedelta(seconds=number), Did(str(number))) for number in range(3)
    ]
    for number, name in enumerate(("ada@here:1-a", "bob@here:2-b")):
        Spool(tmp_path, "local", name).add(records[number])
    alive = Spool(tmp_path, "local", "eve@here:3-c")
    alive.add(records[2])
    with alive.path.open("a") as file:
        file.write('["r1", "2026-')  # killed in the middle of a line

    ours = Spool(tmp_path, "local", "me@here:4-d", lambda holder: holder[:3] in ("ada", "bob"))
    assert ours.take_over() == records[:2]
    assert {path.name for path in tmp_path.iterdir()} == {ours.path.name, alive.path.name}
    assert Spool(tmp_path, "local", "other@here:5-e").take_over() == []

    assert Spool(tmp_path, "local", "x@here:6-f", lambda _: True).take_over() == records
    os.utime(next(tmp_path.iterdir()), (0, 0))
    late = Spool(tmp_path, "local", "y@elsewhere:7-a")
    assert late.take_over() == records
    late.save([])
    assert not list(tmp_path.iterdir())
