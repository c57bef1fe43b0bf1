import dataclasses
from pathlib import Path

import pytest

from testbed.toolchain import TOOLS, Tool, key, parse_go_version

GO = "go version go1.26.8 linux/amd64"


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    folder = tmp_path / "tool"
    folder.mkdir()
    (folder / "go.mod").write_text("module tool\n")
    (folder / "go.sum").write_text("a h1:b\n")
    return tmp_path


TOOL = Tool("tool", {"tool": "example.com/tool"})


def test_the_same_module_flags_and_go_give_the_same_key(modules: Path) -> None:
    assert key(TOOL, GO, modules) == key(dataclasses.replace(TOOL), GO, modules)


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(TOOL, ldflags="-s -w -X a=b"),
        dataclasses.replace(TOOL, tags="osusergo"),
        dataclasses.replace(TOOL, packages={"tool": "example.com/other"}),
        dataclasses.replace(TOOL, extra=("helper",)),
    ],
)
def test_another_flag_gives_another_key(modules: Path, other: Tool) -> None:
    assert key(other, GO, modules) != key(TOOL, GO, modules)


def test_another_go_gives_another_key(modules: Path) -> None:
    assert key(TOOL, GO, modules) != key(TOOL, GO.replace("8", "9"), modules)


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "main.go"])
def test_a_changed_or_new_module_file_gives_another_key(modules: Path, name: str) -> None:
    before = key(TOOL, GO, modules)
    (modules / "tool" / name).write_text("changed")
    assert key(TOOL, GO, modules) != before


def test_text_moved_between_files_gives_another_key(modules: Path) -> None:
    before = key(TOOL, GO, modules)
    (modules / "tool" / "go.mod").write_text("")
    (modules / "tool" / "go.sum").write_text("module tool\na h1:b\n")
    assert key(TOOL, GO, modules) != before


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (GO, (1, 26)),
        ("go version go1.9 linux/amd64", (1, 9)),
        ("go version go1.27rc1 linux/arm64", (1, 27)),
        ("command not found", (0, 0)),
        ("", (0, 0)),
    ],
)
def test_go_versions_are_read(text: str, version: tuple[int, int]) -> None:
    assert parse_go_version(text) == version


def test_every_tool_has_its_module_and_no_command_comes_twice() -> None:
    commands = [command for tool in TOOLS for command in tool.packages]
    assert len(commands) == len(set(commands))
    assert {len(key(tool, GO)) for tool in TOOLS} == {16}
