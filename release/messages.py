"""What people are told: one message per transition, made from its journal record. Pure."""

from typing import cast

from release.model import Json, Message, Record, Severity
from release.phases import Phase
from release.state import State

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


def message(stack: str, record: Record, state: State) -> Message:
    """Return what to say about a transition.

    Args:
        stack: name of the stack.
        record: the record of the transition.
        state: the state after it.
    """
    target = state.target
    numbers = cast("dict[str, Json]", record.data.get("numbers") or {})
    shown = [f"{name}: {value}" for name, value in list(numbers.items())[:_NUMBERS_MAX]]
    return Message(
        key=f"{stack}/{record.release}/{record.at.isoformat()}",
        severity=_SEVERITY.get(state.phase, Severity.INFO),
        title=f"{stack}: {state.phase}: {target.old} → {target.new}",
        lines=(state.reason, f"image: {state.image or target.image}", *shown),
    )
