"""The index of decisions has each of them, with its title, the day and whether it holds."""

import re

from tests.support.checkout import ROOT

FOLDER = ROOT / "docs" / "adr"
_ROW = re.compile(r"^\| \[(\d+)\]\((.+?)\) \| (.+) \| \d{4}-\d\d-\d\d \| (.+) \|$", re.MULTILINE)


def test_the_index_has_each_decision() -> None:
    rows = _ROW.findall((FOLDER / "README.md").read_text())
    files = sorted(FOLDER.glob("0*.md"))
    titles = [f"# {number}. {title}" for number, _, title, _ in rows]
    assert [name for _, name, _, _ in rows] == [file.name for file in files]
    assert titles == [file.read_text().splitlines()[0] for file in files]
    assert {status.split()[0] for *_, status in rows} <= {"accepted", "replaced"}
