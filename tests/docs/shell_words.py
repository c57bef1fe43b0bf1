"""The commands in a line that people type at a shell: words only, nothing is run."""

import re
import shlex
from collections.abc import Iterator

_SUBSTITUTION = re.compile(r"\$\(([^()]*)\)")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
_SEPARATORS = frozenset({"&&", "||", ";", "|", "&"})
_REDIRECTIONS = frozenset({">", ">>", "<", "2>", ">&"})
SUBSTITUTED = "SUBSTITUTED"
"""Stands for what `$(…)` prints."""


def commands(line: str) -> Iterator[list[str]]:
    """Yield the words of each command in a line, those inside of `$(…)` first.

    Assignments before a command, redirections and comments are left out.

    Raises:
        ValueError: no shell takes this line.
    """
    while match := _SUBSTITUTION.search(line):
        yield from commands(match[1])
        line = f"{line[: match.start()]}{SUBSTITUTED}{line[match.end() :]}"
    words: list[str] = []
    for token in _tokens(line):
        if token in _SEPARATORS:
            yield from _command(words)
            words = []
        else:
            words.append(token)
    yield from _command(words)


def _tokens(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;<>")
    lexer.whitespace_split = True
    return list(lexer)


def _command(words: list[str]) -> Iterator[list[str]]:
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in _REDIRECTIONS:
            next(rest, None)
        elif kept or not _ASSIGNMENT.fullmatch(word):
            kept.append(word)
    if kept:
        yield kept
