"""What `.dockerignore` leaves out of a build context, by the rules of the Docker builder.

Our own matcher: docker-py's takes upper for lower case, keeps files of deeply nested folders that
are ignored, and misses `!` exceptions that begin with a wildcard.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

IGNORE_FILE = ".dockerignore"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of an ignore file."""

    segments: tuple[str, ...]
    exception: bool
    regex: re.Pattern[str]

    def matches(self, path: str) -> bool:
        """Tell whether the pattern names this path itself (not one of its parents)."""
        return self.regex.fullmatch(path) is not None

    def may_match_below(self, folder: str) -> bool:
        """Tell whether something inside the folder could match; true when in doubt."""
        for name, segment in zip(folder.split("/"), self.segments, strict=False):
            if "**" in segment:
                return True
            if not _translate(segment).fullmatch(name):
                return False
        return True


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, folder or link that belongs to the context; the path is relative to it, with `/`."""

    path: str
    is_folder: bool


def read_patterns(dockerfile: Path, context: Path) -> list[str]:
    """Return the lines that count: of `<Dockerfile>.dockerignore`, else of the context's file."""
    for candidate in (dockerfile.with_name(dockerfile.name + IGNORE_FILE), context / IGNORE_FILE):
        if candidate.is_file():
            lines = (line.strip() for line in candidate.read_text("utf-8-sig").splitlines())
            return [line for line in lines if line and not line.startswith("#")]
    return []


def compile_patterns(lines: list[str]) -> list[Pattern]:
    """Return the patterns in order; a later one wins."""
    patterns: list[Pattern] = []
    for line in lines:
        exception = line.startswith("!")
        segments = _clean(line[1:] if exception else line)
        if segments:
            patterns.append(Pattern(segments, exception, _translate("/".join(segments))))
    return patterns


def walk(context: Path, patterns: list[Pattern]) -> Iterator[Entry]:
    """Yield what belongs to the context; names in order, a folder before its content."""
    yield from _walk(context, "", patterns, [False] * len(patterns))


def _walk(folder: Path, prefix: str, patterns: list[Pattern], above: list[bool]) -> Iterator[Entry]:
    for item in sorted(folder.iterdir(), key=lambda child: child.name):
        path = prefix + item.name
        # A pattern that names a folder holds for everything in it.
        hits = [hit or p.matches(path) for hit, p in zip(above, patterns, strict=True)]
        ignored = _is_ignored(patterns, hits)
        is_folder = item.is_dir() and not item.is_symlink()
        if not ignored:
            yield Entry(path, is_folder)
        if is_folder and not (ignored and _nothing_below(patterns, path)):
            yield from _walk(item, path + "/", patterns, hits)


def _is_ignored(patterns: list[Pattern], hits: list[bool]) -> bool:
    ignored = False
    for pattern, hit in zip(patterns, hits, strict=True):
        if hit:
            ignored = not pattern.exception
    return ignored


def _nothing_below(patterns: list[Pattern], folder: str) -> bool:
    return not any(p.exception and p.may_match_below(folder) for p in patterns)


def _clean(text: str) -> tuple[str, ...]:
    segments: list[str] = []
    for segment in PurePosixPath("/" + text.strip()).parts[1:]:
        if segment != "..":
            segments.append(segment)
        elif segments:
            segments.pop()
    return tuple(segments)


def _translate(pattern: str) -> re.Pattern[str]:
    """Compile one pattern: `*` and `?` stay within a name, `**` crosses folders."""
    regex = ""
    rest = pattern
    while rest:
        token, rest = _next_token(rest)
        regex += token
    return re.compile(regex, re.DOTALL)


def _next_token(rest: str) -> tuple[str, str]:
    if rest.startswith("**"):
        after = rest[2:].removeprefix("/")
        return ("(?:.*/)?" if after else ".*"), after
    if rest[0] == "\\" and len(rest) > 1:
        return re.escape(rest[1]), rest[2:]
    if rest[0] == "[" and (end := rest.find("]", 2)) > 0:
        return "[" + rest[1:end].replace("[", r"\[") + "]", rest[end + 1 :]
    simple = {"*": "[^/]*", "?": "[^/]"}
    return simple.get(rest[0], re.escape(rest[0])), rest[1:]
