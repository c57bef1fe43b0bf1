"""Which files of a context remain, pattern by pattern."""

from pathlib import Path

import pytest

from testbed.docker_provider.ignore import compile_patterns, read_patterns, walk

TREE = ("a.py", "README.md", "src/b.py", "src/deep/c.py", "src/deep/data.txt", "x/y/cache/z/d.bin")


def remaining(folder: Path, lines: list[str]) -> set[str]:
    entries = walk(folder, compile_patterns(lines))
    return {entry.path for entry in entries if not entry.is_folder}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in TREE:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("lines", "ignored"),
    [
        ([], set[str]()),
        (["a.py"], {"a.py"}),
        (["/a.py"], {"a.py"}),
        (["./src/../a.py"], {"a.py"}),
        (["*.py"], {"a.py"}),
        (["**/*.py"], {"a.py", "src/b.py", "src/deep/c.py"}),
        (["src"], {"src/b.py", "src/deep/c.py", "src/deep/data.txt"}),
        (["src/"], {"src/b.py", "src/deep/c.py", "src/deep/data.txt"}),
        (["src/*.py"], {"src/b.py"}),
        (["src/**"], {"src/b.py", "src/deep/c.py", "src/deep/data.txt"}),
        (["**/cache"], {"x/y/cache/z/d.bin"}),
        (["**/deep/*.txt"], {"src/deep/data.txt"}),
        (["?.py"], {"a.py"}),
        (["[a-c].py"], {"a.py"}),
        (["[^a].py"], set[str]()),
        (["readme.md"], set[str]()),
        (["a+py", "a.p"], set[str]()),
        (["."], set[str]()),
    ],
)
def test_a_pattern_ignores_what_the_docker_builder_would(
    tree: Path, lines: list[str], ignored: set[str]
) -> None:
    assert remaining(tree, lines) == set(TREE) - ignored


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["*", "!a.py"], {"a.py"}),
        (["*", "!src"], {"src/b.py", "src/deep/c.py", "src/deep/data.txt"}),
        (["*", "!src/deep/c.py"], {"src/deep/c.py"}),
        (["*", "!**/*.py"], {"a.py", "src/b.py", "src/deep/c.py"}),
        (["*", "!src", "src/deep"], {"src/b.py"}),
        (["*", "!src", "src/deep", "!src/deep/c.py"], {"src/b.py", "src/deep/c.py"}),
        (["!a.py", "*"], set[str]()),
        (["**", "!x/y"], {"x/y/cache/z/d.bin"}),
        (["*", "!x/y", "**/cache", "!x/y/cache/other"], set[str]()),
    ],
)
def test_an_exception_brings_back_what_a_later_line_does_not_take(
    tree: Path, lines: list[str], kept: set[str]
) -> None:
    assert remaining(tree, lines) == kept


def test_comments_blank_lines_and_a_byte_order_mark_do_not_count(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("\ufeffa.py\n\n# b.py\n  c.py  \n", "utf-8")
    assert read_patterns(tmp_path / "Dockerfile", tmp_path) == ["a.py", "c.py"]


def test_the_dockerfiles_own_ignore_file_wins_over_the_contexts(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("a")
    (tmp_path / "bot.Dockerfile.dockerignore").write_text("b")
    assert read_patterns(tmp_path / "bot.Dockerfile", tmp_path) == ["b"]


@pytest.mark.parametrize(
    ("exception", "entered", "passed_by"),
    [
        ("!src/deep/c.py", {"src", "src/deep"}, {"x", "src/other"}),
        ("!**/*.py", {"src", "x/y"}, set[str]()),
        ("!s*/deep", {"src", "src/deep/er"}, {"x", "src/other"}),
    ],
)
def test_an_ignored_folder_is_entered_only_where_an_exception_may_be(
    exception: str, entered: set[str], passed_by: set[str]
) -> None:
    [pattern] = compile_patterns([exception])
    assert {f for f in entered | passed_by if pattern.may_match_below(f)} == entered


def test_a_link_to_a_folder_is_a_link(tree: Path) -> None:
    (tree / "loop").symlink_to(tree)
    assert "loop" in remaining(tree, [])
