"""Pulumi's property bags on the wire, as plain Python values and back.

Secrets are taken out of their envelope on the way in; what must stay secret is put back on the way
out. Unknown values (preview) stay what they are on the wire: one of a few reserved texts.
"""

from collections.abc import Mapping
from typing import Any, cast

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

Properties = dict[str, Any]
"""A property bag: camelCase keys; texts, numbers, booleans, lists, bags as values; never None."""

_SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
_SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker of the protocol

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""A text that the engine does not know yet. Other types have marks of their own."""

_UNKNOWNS = frozenset(
    {
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # bag
    }
)


def is_unknown(value: object) -> bool:
    """Tell whether the value itself is not known yet."""
    return isinstance(value, str) and value in _UNKNOWNS


def contains_unknown(value: object) -> bool:
    """Tell whether the value or anything in it is not known yet."""
    if isinstance(value, Mapping):
        return any(contains_unknown(v) for v in cast("Mapping[str, object]", value).values())
    if isinstance(value, list):
        return any(contains_unknown(v) for v in cast("list[object]", value))
    return is_unknown(value)


def from_struct(struct: Struct) -> Properties:
    """Return the bag without nulls, secrets in clear."""
    return cast("Properties", _plain(json_format.MessageToDict(struct)))


def to_struct(properties: Mapping[str, object]) -> Struct:
    """Return the bag as it travels."""
    struct = Struct()
    json_format.ParseDict(dict(properties), struct)
    return struct


def secret(value: object) -> Properties:
    """Wrap a value so that the engine encrypts it in state and hides it in output."""
    return {_SIGNATURE_KEY: _SECRET_SIGNATURE, "value": value}


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    bag = cast("dict[str, object]", value)
    if bag.get(_SIGNATURE_KEY) == _SECRET_SIGNATURE:
        return _plain(bag.get("value"))
    return {key: _plain(item) for key, item in bag.items() if item is not None}
