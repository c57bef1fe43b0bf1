"""What people are told: one message per transition, made from its journal record. Pure."""

from collections.abc import Sequence
from datetime import datetime

from release.decide.events import Entered, Notified, Record
from release.decide.hints import pasteable
from release.decide.model import Message
from release.decide.phase_table import ROWS
from release.decide.state import State, fold
from release.decide.verdict_text import figure_lines

_FIGURES_MAX = 12


def identity(at: datetime, event: Entered) -> str:
    """Return what names a transition in the record that its message has arrived."""
    return f"{at.isoformat()}/{event.phase}"


def unsent(
    records: Sequence[Record], places: Sequence[str], since: datetime
) -> list[tuple[Record, State, str]]:
    """Return the transitions whose message a place lacks, with the state after each.

    Args:
        records: the whole journal.
        places: where messages go.
        since: what is older is no news any more.
    """
    arrived = {
        (record.release, record.event.transition, record.event.place)
        for record in records
        if isinstance(record.event, Notified)
    }
    missing: list[tuple[Record, State, str]] = []
    for position, record in enumerate(records):
        if not isinstance(record.event, Entered) or record.at < since:
            continue
        name = identity(record.at, record.event)
        lacking = [place for place in places if (record.release, name, place) not in arrived]
        if not lacking:
            continue
        state = fold(each for each in records[: position + 1] if each.release == record.release)
        missing += [(record, state, place) for place in lacking if state is not None]
    return missing


def message(stack: str, at: datetime, event: Entered, state: State) -> Message:
    """Return what to say about a transition.

    Args:
        stack: name of the stack.
        at: when it was.
        event: the transition.
        state: the state after it.
    """
    target = state.target
    return Message(
        key=f"{stack}/{state.release}/{identity(at, event)}",
        severity=ROWS[state.phase].severity,
        title=f"{stack}: {state.phase}: {target.old} → {target.new}",
        lines=(
            pasteable(state.reason, stack),
            f"image: {state.image or target.image}",
            *figure_lines(event.figures)[:_FIGURES_MAX],
        ),
    )
