"""BuildKit's records inside the engine's build stream: protobuf in base64.

Only names of steps and lines of output are read. The messages are those of `moby.buildkit.v1`
(`StatusResponse`, `Vertex`, `VertexLog`), read by field number: no Python package ships them.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

TRACE_ID = "moby.buildkit.trace"

_VERTEXES, _LOGS = 1, 3
_VERTEX_NAME, _VERTEX_STARTED, _VERTEX_COMPLETED = 3, 5, 6
_LOG_MESSAGE = 4


@dataclass(frozen=True, slots=True)
class Line:
    """Something for a person to read."""

    text: str
    is_output: bool
    """Written by a command of the build, not by the builder about a step."""


def decode(aux: str) -> Iterator[Line]:
    """Yield the lines of one record (base64); what is not understood is left out."""
    try:
        yield from _lines(base64.b64decode(aux, validate=True))
    except (binascii.Error, DecodeError):
        return


def _lines(status: bytes) -> Iterator[Line]:
    for number, data in _fields(status):
        if number == _VERTEXES:
            yield from _step(data)
        elif number == _LOGS:
            yield from _output(data)


def _step(data: bytes) -> Iterator[Line]:
    numbers = {number for number, _ in _fields(data)}
    # A step is reported when planned, started and completed: told once, when it starts.
    if _VERTEX_STARTED in numbers and _VERTEX_COMPLETED not in numbers:
        yield from (Line(text, is_output=False) for text in _texts(data, _VERTEX_NAME))


def _output(data: bytes) -> Iterator[Line]:
    for text in _texts(data, _LOG_MESSAGE):
        yield from (Line(line, is_output=True) for line in text.splitlines() if line.strip())


def _texts(data: bytes, number: int) -> list[str]:
    return [value.decode(errors="replace") for field, value in _fields(data) if field == number]


def _fields(data: bytes) -> list[tuple[int, bytes]]:
    """Return the length-delimited fields; numbers are of no interest here."""
    message = Empty()
    message.ParseFromString(data)
    return [
        (field.field_number, field.data)
        for field in UnknownFieldSet(message)
        if isinstance(field.data, bytes)
    ]
