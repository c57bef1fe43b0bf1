"""What a rule speaks of and makes; and how most changes are said. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from infra.review import world
from infra.review.leaves import Leaf
from infra.review.wording import arrow, listed, place
from infra.review.world import World


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence, and whether someone must look."""

    text: str
    attention: bool = True


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a rule speaks of."""

    leaves: Sequence[Leaf]
    old: World
    new: World


Rule = Callable[[Sentence], list[Finding]]


def said(leaves: Sequence[Leaf], *, attention: bool) -> list[Finding]:
    """Say each change once, with all objects that it is made to."""
    owners: dict[str, list[str]] = {}
    for leaf in leaves:
        color = world.color_of(leaf.step)
        owner = str(color) if color and leaf.step.kind == "Deployment" else leaf.step.title
        text = f"{place(leaf.path)}: {arrow(leaf.before, leaf.after)}"
        owners.setdefault(text, []).append(owner)
    return [Finding(f"{listed(who)}: {text}.", attention) for text, who in owners.items()]


def loud(told: Sentence) -> list[Finding]:
    """Say each change, and that someone must look."""
    return said(told.leaves, attention=True)
