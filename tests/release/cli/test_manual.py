"""docs/release has a page for each command: with its options, a transcript, and its exit codes."""

import contextlib
import io
import re

import pytest

from release.cli.exit_codes import Exit
from release.cli.main import COMMANDS, parser
from tests.support.checkout import ROOT

FOLDER = ROOT / "docs" / "release"
_OPTION = re.compile(r"--[a-z][a-z-]*")
_CODE = re.compile(r"^\| (\d+) \|", re.MULTILINE)
_FOREIGN = {"--yes"}
"""Options of other commands that a page may name."""


def options_of(name: str) -> set[str]:
    output = io.StringIO()
    with contextlib.redirect_stdout(output), pytest.raises(SystemExit):
        parser().parse_args([name, "--help"])
    return set(_OPTION.findall(output.getvalue())) - {"--help"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_page_names_all_options_of_its_command_and_no_others(name: str) -> None:
    page = (FOLDER / f"{name}.md").read_text()
    assert page.startswith(f"# `release {name}`\n")
    usage = page.partition("## Options")[2].partition("##")[0]
    assert set(_OPTION.findall(usage)) == options_of(name)
    known = {option for each in COMMANDS for option in options_of(each)}
    assert set(_OPTION.findall(page)) <= known | _FOREIGN


@pytest.mark.parametrize("name", COMMANDS)
def test_a_page_shows_the_command_at_work_and_how_it_may_end(name: str) -> None:
    page = (FOLDER / f"{name}.md").read_text()
    assert f"\n$ release {name} --stack " in page
    codes = {int(code) for code in _CODE.findall(page)}
    assert Exit.DONE in codes
    assert codes <= set(Exit)


def test_the_first_page_leads_to_all_of_them() -> None:
    first = (FOLDER / "README.md").read_text()
    assert {name for name in COMMANDS if f"]({name}.md)" not in first} == set()
    assert {page.stem for page in FOLDER.glob("*.md")} == {*COMMANDS, "README", "phases"}
