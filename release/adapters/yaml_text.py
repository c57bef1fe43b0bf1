"""Changes one value inside a YAML text and nothing else. Pure.

PyYAML tells where each node begins and ends; a rewrite by any dumper would move comments, quotes
and line breaks that people chose. What this cannot change safely it refuses.
"""

import json
import re
from typing import cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from release.adapters.yaml_nodes import (
    SECURE,
    EditError,
    Path,
    child_of,
    is_null,
    mapping_of,
    root_of,
    scalar_of,
)
from release.decide.model import Scalar

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:@-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"})
"""Words that some YAML reader takes for something else than text."""
_INDENT = "  "
_BLOCK_STYLES = ("|", ">")


def plain_values(text: str, key: str) -> dict[str, object]:
    """Return what a top-level mapping holds, without what is encrypted at any depth.

    Raises:
        EditError: the text is no such YAML.
    """
    root = root_of(text)
    node = child_of(mapping_of(root, ()), key, ()) if root is not None else None
    if node is None or is_null(node):
        return {}
    mapping_of(node, (key,))
    content = cast("dict[str, object]", yaml.safe_load(text))[key]
    return cast("dict[str, object]", _without_secrets(content))


def _without_secrets(content: object) -> object:
    if isinstance(content, dict):
        entries = cast("dict[object, object]", content).items()
        return {key: _without_secrets(value) for key, value in entries if not _is_secret(value)}
    if isinstance(content, list):
        items = cast("list[object]", content)
        return [_without_secrets(item) for item in items if not _is_secret(item)]
    return content


def _is_secret(value: object) -> bool:
    return isinstance(value, dict) and SECURE in value


def value_at(text: str, path: Path) -> Scalar | None:
    """Return the value at a path, or None where there is none.

    Raises:
        EditError: what stands there is no plain value, or the text is no such YAML.
    """
    node: Node | None = root_of(text)
    for position, key in enumerate(path):
        if node is None or is_null(node):
            return None
        node = child_of(mapping_of(node, path[:position]), key, path[:position])
    if node is None or is_null(node):
        return None
    return scalar_of(node, path)


def with_value(text: str, path: Path, value: Scalar) -> str:
    """Return the text with this value at this path.

    Raises:
        EditError: it cannot be put there without touching something else.
    """
    if value_at_is(text, path, value):
        return text
    edited = _edited(text, path, value)
    _prove(text, edited, path, value)
    return edited


def value_at_is(text: str, path: Path, value: Scalar) -> bool:
    """Tell whether the path holds this very value; `1` is not `true`."""
    current = value_at(text, path)
    return current == value and type(current) is type(value)


def _edited(text: str, path: Path, value: Scalar) -> str:
    node = root_of(text)
    if node is None:
        return f"{_ended(text)}{_block(path, value, '')}\n"
    for position, key in enumerate(path):
        if is_null(node):
            return _filled(text, node, path[position:], value, position)
        mapping = mapping_of(node, path[:position])
        child = child_of(mapping, key, path[:position])
        if child is None:
            return _inserted(text, mapping, path[position:], value)
        node = child
    scalar_of(node, path)
    new = _rendered(value, cast("ScalarNode", node))
    return _spliced(text, node, new)


def _spliced(text: str, node: Node, new: str) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, ScalarNode) and node.style in _BLOCK_STYLES:
        new = f"{new}{_line_end(text)}"  # its end is after its last line break
    if start == end and text[start - 1 : start] == ":":
        new = f" {new}"
    return text[:start] + new + text[end:]


def _inserted(text: str, mapping: MappingNode, path: Path, value: Scalar) -> str:
    """Add a key behind the last one of a mapping, in the mapping's own style."""
    entries = cast("list[tuple[Node, Node]]", mapping.value)
    if mapping.flow_style:
        at = entries[-1][1].end_mark.index if entries else mapping.start_mark.index + 1
        return f"{text[:at]}{', ' if entries else ''}{_flow(path, value)}{text[at:]}"
    newline = _line_end(text)
    indent = " " * entries[0][0].start_mark.column
    new = _block(path, value, indent).replace("\n", newline)
    at = _after_last_line(text, entries[-1][1])
    return f"{_ended(text[:at])}{new}{newline}{text[at:]}"


def _filled(text: str, node: Node, path: Path, value: Scalar, depth: int) -> str:
    """Put a mapping where a key stands without a value."""
    if node.start_mark.index != node.end_mark.index:  # `~` or `null`
        return _spliced(text, node, f"{{{_flow(path, value)}}}")
    newline = _line_end(text)
    at = _line_of(text, node.start_mark.index)
    new = _block(path, value, _INDENT * depth).replace("\n", newline)
    return f"{_ended(text[:at])}{new}{newline}{text[at:]}"


def _after_last_line(text: str, node: Node) -> int:
    """Return where the line behind the last thing in a node begins; its comment stays with it."""
    while isinstance(node, (MappingNode, yaml.SequenceNode)) and not node.flow_style and node.value:
        last: Node | tuple[Node, Node] = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    if isinstance(node, ScalarNode) and node.style in _BLOCK_STYLES:
        return node.end_mark.index
    return _line_of(text, node.end_mark.index)


def _line_of(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}{_line_end(text)}"


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _block(path: Path, value: Scalar, indent: str) -> str:
    lines = [f"{indent}{_INDENT * depth}{_key(key)}:" for depth, key in enumerate(path)]
    return "\n".join(lines) + f" {_rendered(value)}"


def _flow(path: Path, value: Scalar) -> str:
    first, *rest = path
    inner = f"{{{_flow(rest, value)}}}" if rest else _rendered(value)
    return f"{_key(first)}: {inner}"


def _key(key: str) -> str:
    return key if _is_plain(key) else json.dumps(key)


def _rendered(value: Scalar, old: ScalarNode | None = None) -> str:
    """Return the value as YAML, quoted as the old one was."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    style = old.style if old is not None else None
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if style != '"' and _is_plain(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_plain(text: str) -> bool:
    """Tell whether no YAML reader, of 1.1 or 1.2, takes the bare word for anything but text."""
    if not _PLAIN.fullmatch(text) or text.endswith(":") or text.lower() in _WORDS:
        return False
    return text[0].isalpha() or "/" in text


def _prove(before: str, after: str, path: Path, value: Scalar) -> None:
    """Read what came out: this value there, all else as it was."""
    expected: object = yaml.safe_load(before)
    try:
        actual: object = yaml.safe_load(after)
    except yaml.YAMLError:
        raise EditError("it cannot be written there as YAML") from None
    if actual != _set(expected, path, value) or not value_at_is(after, path, value):
        raise EditError("it cannot be written there without changing something else")


def _set(content: object, path: Path, value: Scalar) -> object:
    if not path:
        return value
    first, *rest = path
    known = cast("dict[object, object]", content) if isinstance(content, dict) else {}
    return {**known, first: _set(known.get(first), rest, value)}
