"""Finds the words of words.toml in code, comments, messages, names and docs."""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tests.support.checkout import ROOT

DEF = re.compile(r"^ *(async )?def .*", re.MULTILINE)
KINDS = ("text", "name", "class", "module")
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
        )
        for row in tomllib.loads(text)["word"]
    ]


def hits(words: Iterable[Word], root: Path = ROOT) -> Iterator[Hit]:
    """Yield where each word stands below a folder."""
    by_kind = {kind: [word for word in words if word.kind == kind] for kind in KINDS}
    for path in _paths(root):
        shown = path.relative_to(root)
        source = path.read_text("utf-8")
        yield from _in_text(by_kind["text"], shown, source)
        for kind, line, text in _in_code(path, source):
            matching = (word for word in by_kind[kind] if word.pattern.fullmatch(text))
            yield from (Hit(word, shown, line, text) for word in matching)


def _in_text(words: Iterable[Word], shown: Path, source: str) -> Iterator[Hit]:
    # The name of a function is read as the sentence that it stands for.
    spelled = DEF.sub(lambda line: line[0].replace("_", " "), source)
    for word in words:
        for match in word.pattern.finditer(spelled):
            yield Hit(word, shown, 1 + spelled.count("\n", 0, match.start()), match[0])


def _in_code(path: Path, source: str) -> Iterator[tuple[str, int, str]]:
    if path.suffix == ".py":
        yield "module", 1, path.stem.removeprefix("test_")
    for node in ast.walk(ast.parse(source)) if path.suffix in {".py", ".pyi"} else ():
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield "name", node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield "name", node.lineno, node.arg
        elif isinstance(node, ast.ClassDef):
            yield "class", node.lineno, node.name


def _paths(root: Path) -> Iterator[Path]:
    inside = chain.from_iterable((root / folder).rglob("*") for folder in FOLDERS)
    for path in sorted([*inside, *(root / name for name in FILES)]):
        own = path.parent == LIST.parent or "__pycache__" in path.parts
        if path.suffix in SUFFIXES and path.is_file() and not own:
            yield path
