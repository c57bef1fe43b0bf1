"""What the engine saw, and which of it a phase needs. None is what was not seen, never zero."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from bot.contract.color import Color
from infra.outputs import StackOutputs
from release.model import Judgement, Pod
from release.phases import Phase


class Need(Enum):
    """One thing that can be looked at."""

    GATES = auto()
    OUTPUTS = auto()
    OLD_PODS = auto()
    NEW_PODS = auto()
    SMOKE = auto()
    LIVE = auto()
    SHARDS = auto()
    JUDGEMENT = auto()


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at the world."""

    running: bool = False
    """Whether an `up` of this very process runs."""
    gates: tuple[str, ...] | None = None
    """Why the release may not begin; empty when it may."""
    outputs: StackOutputs | None = None
    old_pods: tuple[Pod, ...] | None = None
    new_pods: tuple[Pod, ...] | None = None
    smoke: tuple[str, ...] | None = None
    """What is wrong with the answers of the new color's preview Service."""
    live: Color | None = None
    """Which color answers a new request to the live Service."""
    shards: Mapping[Color, int] | None = None
    judgement: Judgement | None = None
    blind: tuple[str, ...] = field(default=())
    """What could not be looked at, in words."""


NEEDS: Mapping[Phase, frozenset[Need]] = {
    Phase.GATING: frozenset({Need.GATES, Need.OUTPUTS}),
    Phase.PLACING: frozenset({Need.OUTPUTS, Need.NEW_PODS}),
    Phase.VERIFYING: frozenset({Need.NEW_PODS, Need.SMOKE}),
    Phase.STEPPING: frozenset({Need.NEW_PODS, Need.SHARDS}),
    Phase.WATCHING: frozenset({Need.NEW_PODS, Need.SHARDS, Need.JUDGEMENT}),
    Phase.SWAPPING: frozenset({Need.OUTPUTS, Need.NEW_PODS}),
    Phase.SETTLING: frozenset({Need.NEW_PODS, Need.LIVE, Need.SHARDS}),
    Phase.BAKING: frozenset({Need.NEW_PODS, Need.JUDGEMENT}),
    Phase.WARM: frozenset(),
    Phase.COOLING: frozenset(),
    Phase.DONE: frozenset(),
    Phase.LEFTOVER: frozenset(),
    Phase.RAISING: frozenset({Need.OUTPUTS, Need.OLD_PODS}),
    Phase.RETURNING: frozenset({Need.LIVE, Need.SHARDS}),
    Phase.TIDYING: frozenset(),
    Phase.ROLLED_BACK: frozenset(),
    Phase.REFUSED: frozenset(),
    Phase.STUCK: frozenset(),
}
