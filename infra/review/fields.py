"""Which single values change, by path; nothing secret comes out. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from bot.contract.reloadable import CONFIG_FILE
from infra.names import CONFIG
from infra.review.preview import Operation, Step

FILE_PATH = f"data.{CONFIG_FILE}."
"""Where the keys are that a running bot takes over."""
HIDDEN = "(hidden)"
LATER = "(known after it is built)"
_ENGINE_SECRET = "[secret]"  # noqa: S105 -- what the engine prints instead of one
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine prints for a value that only the `up` will know (its UnknownStringValue)."""
_URL_WITH_USER = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s@]+@", re.IGNORECASE)
_SOUNDS_SECRET = re.compile(
    r"(?:^|[^a-z])(?:secret|password|passphrase|passwd|token|credentials?|api.?key|private.?key)"
    r"(?:[^a-z]|$)",
    re.IGNORECASE,
)
_PLAIN = frozenset({"automountServiceAccountToken", "secret", "secretName"})
"""Fields of manifests that only point at a secret."""
_WORD = re.compile(r"[A-Za-z0-9_-]+")
_INDEX = re.compile(r'\[(?:"([^"]+)"|(\d+))\]')


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value; None stands for its absence."""

    step: Step
    path: str
    before: str | None
    after: str | None


def sounds_secret(name: str) -> bool:
    """Tell whether a value of this name had better be in a Secret.

    >>> sounds_secret("VENUE_API_KEY"), sounds_secret("MAX_POSITION_SIZE")
    (True, False)
    """
    return _SOUNDS_SECRET.search(name.replace("_", ".")) is not None


def redacted(text: str) -> str:
    """Return a text without users and passwords in its URLs.

    >>> redacted("postgresql://bot:hush@db.example/bot")
    'postgresql://(hidden)@db.example/bot'
    """
    return _URL_WITH_USER.sub(rf"\1{HIDDEN}@", text).replace(_UNKNOWN, LATER)


def changed(step: Step) -> list[FieldChange]:
    """Return every value of this step that changes, in the order of the paths."""
    if step.operation is Operation.SAME:
        return []
    before, after = dict(_flat(step, step.before)), dict(_flat(step, step.after))
    changes = [
        FieldChange(step, path, before.get(path), after.get(path))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]
    if step.operation in (Operation.UPDATE, Operation.REPLACE):
        changes += _unseen(step, changes)
    return [_shown(field) for field in changes]


def _unseen(step: Step, changes: Sequence[FieldChange]) -> list[FieldChange]:
    """Return what the engine saw and the printed inputs hide: secrets print alike."""
    seen = {_normal(field.path) for field in changes}
    return [
        FieldChange(step, _path(path), HIDDEN, HIDDEN)
        for path in step.touched
        if not any(_related(_normal(_path(path)), other) for other in seen)
    ]


def _related(path: str, other: str) -> bool:
    return path.startswith(other) or other.startswith(path)


def _normal(path: str) -> str:
    """Return a path without what stands in brackets: lists are named here, numbered there."""
    return re.sub(r"\[[^\]]*\]", "", path)


def _path(path: str) -> str:
    """Return an engine's path in the spelling of `_flat`."""
    return _INDEX.sub(lambda match: f".{match[1]}" if match[1] else f"[{match[2]}]", path)


def _shown(field: FieldChange) -> FieldChange:
    return FieldChange(
        field.step, field.path, _value(field, field.before), _value(field, field.after)
    )


def _value(field: FieldChange, value: str | None) -> str | None:
    if value is None:
        return None
    names = set(re.split(r"[.\[\]]", field.path)) - _PLAIN
    hidden = field.step.kind == "Secret" and field.path.startswith(("data", "stringData"))
    if hidden or value == _ENGINE_SECRET or any(map(sounds_secret, names)):
        return HIDDEN
    return redacted(value)


def _flat(step: Step, tree: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(tree, Mapping):
        items = cast("Mapping[str, object]", tree).items()
        for key, value in items:
            yield from _flat(step, value, f"{path}.{key}" if path else key)
    elif isinstance(tree, list):
        yield from _flat_list(step, cast("list[object]", tree), path)
    elif step.name == CONFIG and path.startswith("data.") and isinstance(tree, str):
        yield from _flat_file(step, tree, path)
    elif tree is not None:
        yield path, tree if isinstance(tree, str) else json.dumps(tree)


def _flat_list(step: Step, items: list[object], path: str) -> Iterator[tuple[str, str]]:
    for index, item in enumerate(items):
        item_name = (
            cast("Mapping[str, object]", item).get("name") if isinstance(item, Mapping) else None
        )
        name = str(item_name or index)
        key = name if _WORD.fullmatch(name) else str(index)
        whole = cast("object", item)
        yield from _flat(step, _nameless(whole) if key == name else whole, f"{path}[{key}]")


def _nameless(item: object) -> object:
    """Leave out the name that the path says already, unless it is all there is."""
    if not isinstance(item, Mapping):
        return item
    named = cast("Mapping[str, object]", item)
    return {key: value for key, value in named.items() if key != "name"} or named


def _flat_file(step: Step, text: str, path: str) -> Iterator[tuple[str, str]]:
    """Open the file that a running bot takes over: its keys are what a reviewer reads."""
    try:
        content: object = json.loads(text)
    except ValueError:
        content = None
    if isinstance(content, Mapping):
        yield from _flat(step, cast("object", content), path)
    else:
        yield path, text
