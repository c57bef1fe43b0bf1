"""Where texts name commands: blocks and spans of Markdown, backticks in strings of the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.docs.checking import ANY, known
from tests.support.checkout import ROOT

_BLOCK = re.compile(r"^```(console|sh|shell)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_ANY_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")
_ENVIRONMENT = re.compile(r"^(?:[A-Z_]+=\S* )+")
PACKAGES = ("bot", "infra", "pipeline", "release", "testbed")


def pages() -> list[Path]:
    """Return the Markdown files of the project, but for the decisions: they tell of their day."""
    decisions = ROOT / "docs" / "adr"
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(page for page in files if decisions not in page.parents)


def typed(page: str) -> Iterator[str]:
    """Yield the lines that a page's console blocks tell people to type."""
    for language, block in _BLOCK.findall(page):
        whole = block.replace("\\\n", " ")
        for line in whole.splitlines():
            if language != "console":
                yield line
            elif line.startswith("$ "):
                yield line.removeprefix("$ ")


def named(page: str) -> Iterator[str]:
    """Yield the commands that a page names between backticks, in its sentences and tables."""
    text = _ANY_BLOCK.sub("", page)
    yield from _commands(text.replace("[--", "--").replace("[list]", "list").replace("]", ""))


def messages(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each string of a module that is no docstring."""
    tree = ast.parse(source)
    notes = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if id(node) in notes | parts:
            continue
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(map(_text, node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def hints(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the command of each hint in the messages of a module."""
    for line, text in messages(source):
        for command in _commands(text):
            yield line, command


def _text(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else ANY


def _commands(text: str) -> Iterator[str]:
    for span in _SPAN.findall(text):
        words = _ENVIRONMENT.sub("", span.replace("\n", " ")).split()
        if len(words) > 1 and known(words[0]):
            yield " ".join(words)
