"""How a stack wants to be released: the keys `release:…` of its config, parsed once, frozen.

They have a namespace of their own, so that the Pulumi program, which refuses what it does not know,
need not know them: `pulumi config set release:strategy canary`.
"""

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from operator import attrgetter
from typing import Annotated, Any, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

from bot.contract import errors
from bot.contract.intent import CANARY_PERCENT_MAX
from bot.contract.provenance import Builds
from release.decide.freeze import WindowError, window
from release.decide.phase_table import ROWS
from release.decide.phases import Phase

PREFIX = "release:"

Percent = Annotated[int, Field(ge=1, le=CANARY_PERCENT_MAX)]
Seconds = Annotated[int, Field(ge=1, le=7 * 24 * 3600)]


class Strategy(StrEnum):
    """How the new color gets its share."""

    BLUE_GREEN = "blue-green"
    """All at once."""
    CANARY = "canary"
    """Some shards first."""


class SpecError(ValueError):
    """The keys of a release cannot be used; `problems` names each with value and what is right."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class _Strict(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class Thresholds(_Strict):
    """What an analysis holds the new color against."""

    alpha: float = Field(
        default=0.05, gt=0, lt=0.5, description="Probability of sending a healthy version back."
    )
    min_attempts: int = Field(
        default=20, ge=1, description="Orders or requests of the new color before it can pass."
    )
    heartbeat_age_seconds: float = Field(
        default=10.0, gt=0, description="A heartbeat that is older has stopped."
    )
    unresolved_orders: int = Field(
        default=5, ge=0, description="More orders without an answer than with the old color."
    )
    latency_ratio: float = Field(default=1.5, gt=1, description="Slower by this factor is worse.")

    def numbers(self) -> dict[str, float]:
        """Return them by name, as an analysis takes them."""
        return {name: float(value) for name, value in self.model_dump().items()}


class Deadlines(_Strict):
    """Seconds after which a phase is over, done or not."""

    preflight: Seconds = Field(default=60, description="Asking git, cluster and clock.")
    rollout: Seconds = Field(default=900, description="A build, a slow pull, migrations.")
    verification: Seconds = Field(default=120, description="From applied to verified.")
    canary_shift: Seconds = Field(default=180, description="An `up` and the handover of shards.")
    canary_analysis: Seconds = Field(default=3600, description="Until the analysis passes.")
    cutover: Seconds = Field(default=180, description="An `up`.")
    cutover_verification: Seconds = Field(
        default=60, description="Requests and shards at the new color."
    )
    bake: Seconds = Field(default=3600, description="Until the analysis passes.")
    finalization: Seconds = Field(default=120, description="A commit; without it when it fails.")
    scale_down: Seconds = Field(default=600, description="An `up`; pods drain.")
    rollback_prepare: Seconds = Field(default=300, description="A ready pod of the old color.")
    rollback_cutover: Seconds = Field(default=300, description="As many tries of an `up` as fit.")
    rollback_cleanup: Seconds = Field(default=600, description="Quarantine, an `up`, a commit.")


class Spec(_Strict):
    """All keys of a release."""

    strategy: Strategy = Field(
        default=Strategy.BLUE_GREEN, description="`blue-green`, or `canary`: some shards first."
    )
    canary_steps: tuple[Percent, ...] = Field(
        default=(),
        description="Percent of the shards at each step, rising. Default: as many as "
        "move the first symbol, then half of them.",
    )
    look_seconds: Seconds = Field(default=2, description="Between two looks at the counters.")
    step_seconds: Seconds = Field(default=60, description="Least time of each canary step.")
    bake_seconds: Seconds = Field(default=300, description="Least time after the swap.")
    warm_seconds: Seconds = Field(
        default=3600, description="How long the old color stays warm after the bake."
    )
    apply_attempts: int = Field(
        default=3, ge=1, le=10, description="Tries of an `up` on the way forward."
    )
    retry_seconds: Seconds = Field(default=2, description="Between two tries of an action.")
    lost_seconds: int = Field(
        default=2, ge=0, le=600, description="How long the new color may have no ready pod."
    )
    restarts: int = Field(
        default=2, ge=0, description="More restarts than this of one pod are a crash loop."
    )
    verify_shards: bool = Field(
        default=True, description="Whether shards are awaited; off where no database is shared."
    )
    verify_label: bool = Field(
        default=True,
        description="Whether the image's label is compared; off where its registry is away.",
    )
    builds: Builds | None = Field(
        default=None, description="Which builds may run. Default: the environment's."
    )
    commit: bool | None = Field(
        default=None, description="Whether to commit the stack config. Default: outside local."
    )
    push: bool = Field(default=False, description="Whether to push that commit.")
    freeze: tuple[str, ...] = Field(
        default=(), description="Times without releases: `Fri 16:00 - Mon 06:00 Europe/Berlin`."
    )
    thresholds: Thresholds = Field(default=Thresholds(), description="What the analysis allows.")
    deadlines: Deadlines = Field(default=Deadlines(), description="Seconds of each phase.")

    @field_validator("canary_steps")
    @classmethod
    def _steps_rise(cls, steps: tuple[int, ...]) -> tuple[int, ...]:
        if any(low >= high for low, high in pairwise(steps)):
            raise PydanticCustomError("steps", "must rise from step to step, like [36, 56]")
        return steps

    @field_validator("freeze")
    @classmethod
    def _windows_are_windows(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        for text in texts:
            try:
                window(text)
            except WindowError as error:
                raise PydanticCustomError("window", "{why}", {"why": str(error)}) from None
        return texts

    @model_validator(mode="after")
    def _watches_fit(self) -> Self:
        pairs = (
            ("stepSeconds", self.step_seconds, "canaryAnalysis", self.deadlines.canary_analysis),
            ("bakeSeconds", self.bake_seconds, "bake", self.deadlines.bake),
        )
        for key, least, phase, most in pairs:
            if least >= most:
                raise PydanticCustomError(
                    "fits",
                    "{key} must be less than deadlines.{phase}, which is {most}",
                    {"key": f"{key} = {least}", "phase": phase, "most": most},
                )
        return self

    @property
    def steps(self) -> tuple[int, ...]:
        """Percentages of the canary steps; none for blue-green."""
        return self.canary_steps if self.strategy is Strategy.CANARY else ()

    def deadline_seconds(self, phase: Phase) -> int | None:
        """Return how long a phase may last; None where a release rests until somebody comes."""
        attribute = ROWS[phase].deadline
        return None if attribute is None else int(attrgetter(attribute)(self))

    def to_json(self) -> dict[str, Any]:
        """Return what the journal keeps, so that a resumed release has the rules it began with."""
        return self.model_dump(mode="json", by_alias=True)


def parse(config: Mapping[str, object]) -> Spec:
    """Read the spec from all keys of a stack config; those of others are left alone.

    Raises:
        SpecError: with every problem at once.
    """
    ours = {
        key.removeprefix(PREFIX): value for key, value in config.items() if key.startswith(PREFIX)
    }
    try:
        return Spec.model_validate(ours)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise SpecError(sorted(_problem(detail) for detail in details)) from None


def from_journal(payload: object) -> Spec:
    """Return the spec that a release began with, perhaps under another version of this program.

    A rollback must not fail on a key that was renamed since: what is not understood is left out.
    """
    try:
        return Spec.model_validate(payload)
    except ValidationError as error:
        known = cast("dict[str, object]", payload) if isinstance(payload, dict) else {}
        odd = {str(detail["loc"][0]) for detail in error.errors() if detail["loc"]}
        rest = {key: value for key, value in known.items() if key not in odd}
        return Spec() if len(rest) == len(known) else from_journal(rest)


def _problem(detail: ErrorDetails) -> str:
    return f"{PREFIX}{errors.line(detail, _known)}"


def _known(path: errors.Path) -> list[str]:
    nested: dict[str, type[BaseModel]] = {"thresholds": Thresholds, "deadlines": Deadlines}
    model = nested.get(str(path[0]), Spec) if len(path) > 1 else Spec
    return [str(field.alias) for field in model.model_fields.values()]
