"""Finds the words of words.toml in code, comments, messages, names and docs."""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tests.support.checkout import ROOT

DEF = re.compile(r"\s*(async )?def ")
LIST = Path(__file__).with_name("words.toml")
FOLDERS = ("bot", "infra", "pipeline", "release", "testbed", "tests", "docs", ".github")
FILES = ("README.md", "CONTRIBUTING.md", "Makefile", "pyproject.toml", ".importlinter")
SUFFIXES = {"", ".py", ".pyi", ".md", ".yml", ".yaml", ".toml", ".txt", ".mk"}


@dataclass(frozen=True, slots=True)
class Word:
    """A word not to write. `pattern`: what finds it, in places of this kind."""

    kind: str
    spelling: str
    pattern: re.Pattern[str]
    write: str
    enforced: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a word stands."""

    word: Word
    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text!r}: write {self.word.write}"


def read_words(text: str) -> list[Word]:
    """Return the words of the list, in its order."""
    return [
        Word(
            row.get("kind", "text"),
            row["pattern"],
            re.compile(rf"(?<![A-Za-z])(?:{row['pattern']})(?![A-Za-z])", re.IGNORECASE),
            row["write"],
            row.get("enforced", True),
        )
        for row in tomllib.loads(text)["word"]
    ]


def hits(words: Iterable[Word], root: Path = ROOT) -> Iterator[Hit]:
    """Yield where each word stands below a folder."""
    by_kind = {kind: [word for word in words if word.kind == kind] for kind in PLACES}
    for path in _paths(root):
        source = path.read_text("utf-8")
        for kind, places in PLACES.items():
            for line, text in places(path, source) if by_kind[kind] else ():
                for word in by_kind[kind]:
                    yield from _in_place(word, path.relative_to(root), line, text)


def _in_place(word: Word, path: Path, line: int, text: str) -> Iterator[Hit]:
    if word.kind == "text":
        spelled = (
            text.replace("_", " ") if text.lstrip().startswith(("def ", "async def ")) else text
        )
        yield from (Hit(word, path, line, match[0]) for match in word.pattern.finditer(spelled))
    elif word.pattern.fullmatch(text):
        yield Hit(word, path, line, text)


def _paths(root: Path) -> Iterator[Path]:
    inside = chain.from_iterable((root / folder).rglob("*") for folder in FOLDERS)
    for path in sorted([*inside, *(root / name for name in FILES)]):
        own = path.parent == LIST.parent or "__pycache__" in path.parts
        if path.suffix in SUFFIXES and path.is_file() and not own:
            yield path


def _lines(_: Path, source: str) -> Iterator[tuple[int, str]]:
    yield from enumerate(source.splitlines(), start=1)


def _names(path: Path, source: str) -> Iterator[tuple[int, str]]:
    for node in _nodes(path, source):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg


def _classes(path: Path, source: str) -> Iterator[tuple[int, str]]:
    for node in _nodes(path, source):
        if isinstance(node, ast.ClassDef):
            yield node.lineno, node.name


def _modules(path: Path, _: str) -> Iterator[tuple[int, str]]:
    if path.suffix == ".py":
        yield 1, path.stem.removeprefix("test_")


def _nodes(path: Path, source: str) -> Iterator[ast.AST]:
    if path.suffix in {".py", ".pyi"}:
        yield from ast.walk(ast.parse(source))


PLACES = {"text": _lines, "name": _names, "class": _classes, "module": _modules}
