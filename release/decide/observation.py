"""What the engine saw, and which of it a phase needs. None is what was not seen, never zero."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from bot.contract.color import Color
from bot.contract.provenance import Claims
from infra.outputs import StackOutputs
from release.decide.model import Judgement, Pod


class Need(Enum):
    """One thing that can be looked at."""

    GATES = auto()
    OUTPUTS = auto()
    OLD_PODS = auto()
    NEW_PODS = auto()
    MIGRATIONS = auto()
    SMOKE = auto()
    CLAIMS = auto()
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
    migrations: tuple[Pod, ...] | None = None
    """Pods of the migrations, of whatever image; they come before the color's own."""
    lost_seconds: float = 0.0
    """How long this process has seen no ready pod of the new color."""
    smoke: tuple[str, ...] | None = None
    """What is wrong with the answers of the new color's preview Service."""
    claims: Claims | None = None
    """What registry and git say about the new image; its pods are in `new_pods`."""
    live: Color | None = None
    """Which color answers a new request to the live Service."""
    shards: Mapping[Color, int] | None = None
    judgement: Judgement | None = None
    blind: tuple[str, ...] = field(default=())
    """What could not be looked at, in words."""
