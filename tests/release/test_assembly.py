from pathlib import Path

import pytest

from release.adapters.journal_sqlite import SqliteJournal
from release.assembly import FOLDER, JOURNAL_URL, Assembly
from release.cli import parser, run
from release.exits import Exit
from release.log import entry
from release.spool import Spool
from release.state import Kind, began
from tests.release.worlds import BLUE_GREEN, TARGET, StillClock

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
        parser().parse_args(words.split()), Assembly(folder, env or {}).site, lines.append
    )


async def test_a_local_stack_has_its_journal_in_a_file_beside_it(folder: Path) -> None:
    journal = SqliteJournal(folder / FOLDER / "journal.sqlite", "local")
    now = StillClock().now()
    await journal.append("r1", now, Kind.BEGAN, began(BLUE_GREEN, TARGET), None)
    assert await _typed(folder, "status --stack local") is Exit.DONE
    assert await _typed(folder, "history --stack local --json") is Exit.DONE


async def test_a_shared_stack_needs_the_address_of_its_journal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await _typed(folder, "status --stack staging") is Exit.USAGE
    assert f"{JOURNAL_URL} is not set" in capsys.readouterr().err


async def test_a_journal_that_is_away_is_said_without_its_password(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    env = {JOURNAL_URL: "postgresql://u:hidden@127.0.0.1:1/none"}
    assert await _typed(folder, "status --stack staging", env) is not Exit.DONE
    said = capsys.readouterr().err
    assert "does not answer" in said
    assert "hidden" not in said


async def test_a_folder_without_a_project_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await _typed(tmp_path, "status --stack local") is Exit.USAGE
    assert "run this beside it" in capsys.readouterr().err


async def test_what_an_earlier_rollback_could_not_record_is_written_by_the_next_command(
    folder: Path,
) -> None:
    path = folder / FOLDER / "local.unrecorded.jsonl"
    waiting = [
        entry("r1", StillClock().now(), Kind.BEGAN, began(BLUE_GREEN, TARGET)),
        entry("r1", StillClock().now(), Kind.COMMANDED, {"command": "rollback", "by": "ada"}),
    ]
    Spool(path).save(waiting)
    assert Spool(path).load() == waiting
    assert await _typed(folder, "status --stack local") is Exit.DONE
    assert not path.exists()
    journal = SqliteJournal(folder / FOLDER / "journal.sqlite", "local")
    assert [record.kind for record in await journal.read(0)] == ["began", "commanded"]
