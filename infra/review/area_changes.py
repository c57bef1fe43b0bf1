"""What a rule speaks of and makes; and how most changes are said. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from infra.review import declared_state
from infra.review.declared_state import DeclaredState
from infra.review.fields import FieldChange
from infra.review.wording import arrow, listed, place


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence, and whether someone must look."""

    text: str
    attention: bool = True


@dataclass(frozen=True, slots=True)
class AreaChanges:
    """What a rule speaks of."""

    fields: Sequence[FieldChange]
    old: DeclaredState
    new: DeclaredState


Rule = Callable[[AreaChanges], list[Finding]]


def describe(fields: Sequence[FieldChange], *, attention: bool) -> list[Finding]:
    """Say each change once, with all objects that it is made to."""
    owners: dict[str, list[str]] = {}
    for field in fields:
        color = declared_state.color_of(field.step)
        owner = str(color) if color and field.step.kind == "Deployment" else field.step.title
        text = f"{place(field.path)}: {arrow(field.before, field.after)}"
        owners.setdefault(text, []).append(owner)
    return [Finding(f"{listed(who)}: {text}.", attention) for text, who in owners.items()]


def all_need_attention(changes: AreaChanges) -> list[Finding]:
    """Say each change, and that someone must look."""
    return describe(changes.fields, attention=True)
