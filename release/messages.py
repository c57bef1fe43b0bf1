"""What people are told: one message per transition, made from its journal record. Pure."""

from collections.abc import Sequence
from typing import cast

from release.figures import shown
from release.model import Message, Record, Severity
from release.phases import Phase
from release.state import Kind, State, fold

_SEVERITY = {
    Phase.CLOSING: Severity.GOOD,
    Phase.WARM: Severity.GOOD,
    Phase.DONE: Severity.GOOD,
    Phase.RAISING: Severity.BAD,
    Phase.RETURNING: Severity.BAD,
    Phase.TIDYING: Severity.BAD,
    Phase.ROLLED_BACK: Severity.BAD,
    Phase.REFUSED: Severity.BAD,
    Phase.LEFTOVER: Severity.BAD,
    Phase.STUCK: Severity.URGENT,
}
_NUMBERS_MAX = 12


def identity(record: Record) -> str:
    """Return what names a transition in the record that its message has arrived."""
    return f"{record.at.isoformat()}/{record.data.get('phase')}"


def untold(records: Sequence[Record]) -> list[tuple[Record, State]]:
    """Return the last release's transitions that nobody was told, with the state after each."""
    state = fold(records)
    if state is None:
        return []
    ours = [record for record in records if record.release == state.release]
    arrived = {str(record.data.get("of")) for record in ours if record.kind == Kind.TOLD}
    found: list[tuple[Record, State]] = []
    for position, record in enumerate(ours):
        then = fold(ours[: position + 1]) if record.kind == Kind.ENTERED else None
        if then is not None and identity(record) not in arrived:
            found.append((record, then))
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
        severity=_SEVERITY.get(state.phase, Severity.INFO),
        title=f"{stack}: {state.phase}: {target.old} → {target.new}",
        lines=(
            state.reason,
            f"image: {state.image or target.image}",
            *shown(numbers)[:_NUMBERS_MAX],
        ),
    )
