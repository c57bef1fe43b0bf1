"""A link of the documentation leads somewhere, and each page is reached from the index."""

import re
from pathlib import Path

import pytest

from tests.support.checkout import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
INDEX = ROOT / "docs" / "README.md"
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return what a heading's link is on the forge: small letters, no signs, dashes for blanks."""
    headings = _HEADING.findall(_BLOCK.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> list[tuple[Path, str]]:
    """Return the files and anchors that a page links to, those of other hosts left out."""
    targets: list[tuple[Path, str]] = []
    for link in _LINK.findall(_BLOCK.sub("", page.read_text())):
        name, _, anchor = link.partition("#")
        if "://" not in link:
            targets.append(((page.parent / name).resolve() if name else page, anchor))
    return targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for file, anchor in links(page):
        assert file.exists(), file
        assert not anchor or anchor in anchors(file), f"{file.name}#{anchor}"


def test_the_index_leads_to_every_page_at_the_top() -> None:
    listed = {file for file, _ in links(INDEX)}
    assert set((ROOT / "docs").glob("*.md")) - {INDEX} <= listed
