"""What people are told: one message per transition, made from its journal record. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from release.decide.figures import shown
from release.decide.hints import pasteable
from release.decide.model import Json, Message, Record
from release.decide.phase_table import ROWS
from release.decide.state import Kind, State, fold

_NUMBERS_MAX = 12


def identity(record: Record) -> str:
    """Return what names a transition in the record that its message has arrived."""
    return f"{record.at.isoformat()}/{record.data.get('phase')}"


def arrival(record: Record, place: str) -> dict[str, Json]:
    """Return the data of the record that a place knows of a transition."""
    return {"of": identity(record), "place": place}


def untold(
    records: Sequence[Record], places: Sequence[str], since: datetime
) -> list[tuple[Record, State, str]]:
    """Return the transitions that a place was not told, with the state after each.

    Args:
        records: the whole journal.
        places: where messages go.
        since: what is older is no news any more.
    """
    told = [record for record in records if record.kind == Kind.TOLD]
    arrived = {(record.release, record.data.get("of"), record.data.get("place")) for record in told}
    found: list[tuple[Record, State, str]] = []
    for position, record in enumerate(records):
        if record.kind != Kind.ENTERED or record.at < since:
            continue
        missing = [
            place for place in places if (record.release, identity(record), place) not in arrived
        ]
        if not missing:
            continue
        then = fold(each for each in records[: position + 1] if each.release == record.release)
        found += [(record, then, place) for place in missing if then is not None]
    return found


def message(stack: str, record: Record, state: State) -> Message:
    """Return what to say about a transition.

    Args:
        stack: name of the stack.
        record: the record of the transition.
        state: the state after it.
    """
    target = state.target
    numbers = cast("dict[str, float]", record.data.get("numbers") or {})
    return Message(
        key=f"{stack}/{record.release}/{identity(record)}",
        severity=ROWS[state.phase].severity,
        title=f"{stack}: {state.phase}: {target.old} → {target.new}",
        lines=(
            pasteable(state.reason, stack),
            f"image: {state.image or target.image}",
            *shown(numbers)[:_NUMBERS_MAX],
        ),
    )
