"""What the planner says: what to do, why, and when to look again at the latest."""

from dataclasses import dataclass
from datetime import datetime

from release.decide.actions import Action
from release.decide.model import NO_FIGURES, Figures
from release.decide.phases import Trigger


@dataclass(frozen=True, slots=True)
class Decision:
    """At most one of: move on by a trigger, answer a command with no, act. Else: wait."""

    reason: str
    actions: tuple[Action, ...] = ()
    wake_at: datetime | None = None
    """When to look again though nothing happened; None where only a person moves it on."""
    trigger: Trigger | None = None
    declined: bool = False
    """Whether the command that was asked for cannot be; `reason` says why."""
    image: str = ""
    """Pinned reference that was learned."""
    blame: bool = False
    """Whether the new image is at fault: then its digest is quarantined on the way back."""
    figures: Figures = NO_FIGURES
    """What a verdict rests on."""
