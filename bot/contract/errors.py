"""One wording for what a validator found, for all callers: key, value, and what would be right.

Works on plain mappings with the keys `loc`, `msg`, `type` and `input`, as pydantic makes them;
this package does not import it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import cast

Path = Sequence[int | str]


def dotted(path: Path) -> str:
    """Return a path as people write it.

    >>> dotted(("blue", "ports", 0))
    'blue.ports[0]'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def path_of(detail: Mapping[str, object]) -> Path:
    """Return where the value is."""
    return cast("Path", detail["loc"])


def message_of(detail: Mapping[str, object]) -> str:
    """Return what the value must be."""
    text = str(detail["msg"]).removeprefix("Value error, ").replace("Input should", "must")
    choices = re.findall(r"'([^']*)'", text) if detail["type"] == "enum" else []
    close = get_close_matches(str(detail["input"]), choices, n=1)
    return f"{text} (did you mean {close[0]}?)" if close else text


def unknown_key(path: Path, known: Sequence[str]) -> str:
    """Return the line for a key that nobody knows, with the nearest one or all of them."""
    close = get_close_matches(str(path[-1]), known, n=1)
    if close:
        return f"{dotted(path)}: unknown key; did you mean {dotted((*path[:-1], close[0]))}?"
    return f"{dotted(path)}: unknown key; known: {', '.join(known)}"


def line(
    detail: Mapping[str, object],
    known: Callable[[Path], Sequence[str]],
    shown: Callable[[Path, object], str] | None = None,
) -> str:
    """Return the line for one thing that a validator found.

    Args:
        detail: the validator's record.
        known: returns the keys that there are beside the last part of a path.
        shown: returns a value as messages may show it; without it as Python writes it.
    """
    path = path_of(detail)
    if detail["type"] == "extra_forbidden":
        return unknown_key(path, known(path))
    if not path:
        return message_of(detail)
    value = shown(path, detail["input"]) if shown else repr(detail["input"])
    return f"{dotted(path)}: {value}: {message_of(detail)}"
