"""Finds the one node of a YAML text that a path names. Pure.

PyYAML tells where each node begins and ends; what could be meant in two ways is refused.
"""

from collections.abc import Iterator, Sequence
from typing import cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from release.decide.model import Scalar

Path = Sequence[str]

_NULL = "tag:yaml.org,2002:null"
_NUMBERS = frozenset({"tag:yaml.org,2002:bool", "tag:yaml.org,2002:int"})
SECURE = "secure"
"""The key that marks an encrypted value."""


class EditError(ValueError):
    """The text cannot be changed there; says why. Never repeats a value of the file."""


def root_of(text: str) -> Node | None:
    """Parse a text; None when there is nothing in it."""
    try:
        root = cast(
            "Node | None",
            yaml.compose(text, yaml.SafeLoader),  # pyright: ignore[reportUnknownMemberType]  # its stub
        )
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" in line {mark.line + 1}" if mark else ""
        raise EditError(f"the file is no YAML{where}: {error.problem}") from None
    except yaml.YAMLError:
        raise EditError("the file is no YAML: it has characters that YAML does not allow") from None
    nodes = list(_nodes(root)) if root is not None else []
    if len(set(map(id, nodes))) < len(nodes):
        raise EditError("the file uses YAML aliases (`*name`); write their values out")
    return root


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    children: list[Node | tuple[Node, Node]] = [] if isinstance(node, ScalarNode) else node.value
    for child in children:
        for one in child if isinstance(child, tuple) else (child,):
            yield from _nodes(one)


def mapping_of(node: Node, path: Path) -> MappingNode:
    """Return the node as what holds keys."""
    if isinstance(node, MappingNode):
        return node
    raise EditError(f"{name_of(path)} holds no keys; write it as a mapping")


def child_of(mapping: MappingNode, key: str, path: Path) -> Node | None:
    """Return what a mapping holds under a key, or None."""
    entries = cast("list[tuple[Node, Node]]", mapping.value)
    values = [
        value for name, value in entries if isinstance(name, ScalarNode) and name.value == key
    ]
    if len(values) > 1:
        raise EditError(f"{name_of([*path, key])} is there twice; take one away")
    return values[0] if values else None


def scalar_of(node: Node, path: Path) -> Scalar:
    """Return what a node says, as Pulumi would read it."""
    if isinstance(node, MappingNode) and child_of(node, SECURE, path) is not None:
        raise EditError(f"{name_of(path)} is encrypted; a release neither reads nor writes secrets")
    if not isinstance(node, ScalarNode):
        raise EditError(f"{name_of(path)} holds more than one value; name one of its keys")
    if is_null(node):
        return ""
    if node.tag in _NUMBERS:
        return cast("Scalar", yaml.safe_load(node.value))
    return str(node.value)


def is_null(node: Node) -> bool:
    """Tell whether nothing stands there."""
    return isinstance(node, ScalarNode) and node.tag == _NULL


def name_of(path: Path) -> str:
    """Return a path as people read it."""
    return " → ".join(path) or "the file"
