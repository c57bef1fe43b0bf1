"""The one reader and the one writer of journal records: typed events on this side, JSON on that.

A field of an event is the key of the store. A kind that another version wrote is carried as it is;
a known kind that lacks a key, or has a wrong value, is an error that names the record.
"""

from collections.abc import Mapping
from typing import cast

from pydantic import TypeAdapter, ValidationError

from release.decide import events
from release.decide.events import Event, Record, Unknown
from release.decide.model import Json, StoredRecord

_KINDS: Mapping[str, type[Event]] = {
    "began": events.Began,
    "entered": events.Entered,
    "trying": events.Trying,
    "did": events.Did,
    "failed": events.Failed,
    "ended": events.Ended,
    "commanded": events.Commanded,
    "declined": events.Declined,
    "judged": events.Judged,
    "notified": events.Notified,
    "cleared": events.Cleared,
    "unlocked": events.Unlocked,
}
_NAMES = {event: kind for kind, event in _KINDS.items()}
_ADAPTERS: Mapping[str, TypeAdapter[Event]] = {
    kind: TypeAdapter(event) for kind, event in _KINDS.items()
}


class RecordError(ValueError):
    """A record of the store cannot be read; says which, and what is wrong."""


def read(stored: StoredRecord) -> Record:
    """Return a record of the store.

    Raises:
        RecordError: its kind is known, and a key is missing or has a wrong value.
    """
    adapter = _ADAPTERS.get(stored.kind)
    if adapter is None:
        event: Event = Unknown(stored.kind, stored.data)
        return Record(stored.sequence, stored.release, stored.at, event)
    try:
        event = adapter.validate_python(dict(stored.data))
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
            for each in error.errors(include_url=False)
        )
        raise RecordError(
            f"journal record {stored.sequence} ({stored.kind}) cannot be read: {problems}"
        ) from None
    return Record(stored.sequence, stored.release, stored.at, event)


def kind_of(event: Event) -> str:
    """Return the name of an event's kind."""
    return event.kind if isinstance(event, Unknown) else _NAMES[type(event)]


def data_of(event: Event) -> dict[str, Json]:
    """Return what the store keeps of an event."""
    if isinstance(event, Unknown):
        return dict(event.data)
    dumped = _ADAPTERS[kind_of(event)].dump_python(event, mode="json", by_alias=True)
    return cast("dict[str, Json]", dumped)
