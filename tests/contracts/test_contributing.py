import re

from tests.contracts.contracts import ROOT

PAGE = ROOT / "CONTRIBUTING.md"


def test_each_path_that_a_newcomer_is_sent_to_is_there() -> None:
    quoted = re.findall(r"`([\w./-]+)`", PAGE.read_text("utf-8"))
    paths = [path for path in quoted if "/" in path or path.endswith(".py")]
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_each_folder_below_tests_mirrors_a_package_or_is_named() -> None:
    text = PAGE.read_text("utf-8")
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/*.py")}
    folders |= {path.parents[1].name for path in (ROOT / "tests").glob("*/*/*.py")}
    mirrored = {name for name in folders if (ROOT / name / "__init__.py").exists()}
    assert {name for name in folders - mirrored if f"`tests/{name}`" not in text} == set()
