"""What a planner decides: what to do, why, and when to look again.

Each action may be done twice: a killed process repeats its last.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from release.decide.model import NO_FIGURES, Figures, Scalar
from release.decide.phases import Trigger


@dataclass(frozen=True, slots=True)
class Apply:
    """Write these keys of the stack config, then run `up`. Takes long: the engine looks on."""

    key: ClassVar[str] = "apply"
    required: ClassVar[bool] = True
    changes: tuple[tuple[str, Scalar], ...]
    summary: str


@dataclass(frozen=True, slots=True)
class EndUp:
    """End our own running `up`, of this process or of one that died."""

    key: ClassVar[str] = "end-up"
    required: ClassVar[bool] = True

    @property
    def summary(self) -> str:
        """What a person reads."""
        return "end our own running `up`"


@dataclass(frozen=True, slots=True)
class Announce:
    """Let the guard refuse every `up` that is not ours."""

    key: ClassVar[str] = "announce"
    required: bool = True
    """Not on the way back: there the mark helps, and must not hold up."""

    @property
    def summary(self) -> str:
        """What a person reads."""
        return "mark the cluster: a release is under way"


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take the mark away."""

    key: ClassVar[str] = "withdraw"
    required: ClassVar[bool] = False

    @property
    def summary(self) -> str:
        """What a person reads."""
        return "take the mark of a release off the cluster"


@dataclass(frozen=True, slots=True)
class Ban:
    """Put a digest into quarantine."""

    key: ClassVar[str] = "quarantine"
    required: ClassVar[bool] = True
    digest: str
    reason: str

    @property
    def summary(self) -> str:
        """What a person reads."""
        return f"quarantine {self.digest}"


@dataclass(frozen=True, slots=True)
class Commit:
    """Commit the stack config. Goes on without when it fails, and says so."""

    key: ClassVar[str] = "commit"
    required: ClassVar[bool] = False
    message: str

    @property
    def summary(self) -> str:
        """What a person reads."""
        return f"commit the stack config: {self.message}"


Action = Apply | EndUp | Announce | Withdraw | Ban | Commit


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
