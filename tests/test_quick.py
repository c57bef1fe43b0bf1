import os
from pathlib import Path

import pytest

from tests.quick import changed_since, selected
from tests.support.process import Shell

KEYS = ("NAME", "EMAIL")


@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        ("bot/venues/paper.py", ["tests/bot/venues/test_paper.py"]),
        ("bot/venues/port.py", ["tests/bot/venues/test_venues.py"]),
        ("tests/bot/venues/test_paper.py", ["tests/bot/venues/test_paper.py"]),
        ("bot/venues/gone.py", []),
        ("docs/teams.md", []),
    ],
)
def test_the_tests_of_a_module_bear_its_name_or_import_it(
    tmp_path: Path, changed: str, tests: list[str]
) -> None:
    package, mirror = tmp_path / "bot/venues", tmp_path / "tests/bot/venues"
    package.mkdir(parents=True)
    mirror.mkdir(parents=True)
    (package / "paper.py").touch()
    (package / "port.py").touch()
    (mirror / "test_paper.py").write_text("from bot.venues import paper\n")
    (mirror / "test_venues.py").write_text("from bot.venues.port import Venue\n")

    assert selected([changed], tmp_path) == tests


def test_what_changed_is_what_the_base_has_not(tmp_path: Path) -> None:
    somebody = {f"GIT_{role}_{key}": "somebody" for role in ("AUTHOR", "COMMITTER") for key in KEYS}
    git = Shell(tmp_path, os.environ | somebody).run
    git("git", "init", "--quiet", "--initial-branch", "main")
    (tmp_path / "kept").touch()
    git("git", "add", ".")
    git("git", "commit", "--quiet", "--message", "first")
    git("git", "switch", "--quiet", "--create", "work")
    (tmp_path / "committed").touch()
    git("git", "add", ".")
    git("git", "commit", "--quiet", "--message", "second")
    (tmp_path / "new").touch()

    assert changed_since("main", tmp_path) == ["committed", "new"]
