"""What a journal tells: one frozen type per kind of event; `journal_codec` reads and writes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator

from infra.outputs import StackOutputs
from release.decide.model import NO_FIGURES, Figures, Json, Scalar, Target, Verdict
from release.decide.phases import Phase, Trigger
from release.decide.spec import Spec, from_journal


@dataclass(frozen=True, slots=True)
class Began:
    """A release begins, with the rules that it keeps to its end."""

    target: Target
    spec: Annotated[Spec, BeforeValidator(from_journal)]
    outputs: StackOutputs | None = None
    """What was deployed then, so that a rollback at night need not ask the engine."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A release entered a phase."""

    phase: Phase
    trigger: Trigger
    reason: str
    image: str = ""
    """Pinned reference that was learned; empty when none was."""
    quarantine: bool = False
    """Whether the new image is to blame."""
    figures: Figures = NO_FIGURES


@dataclass(frozen=True, slots=True)
class Trying:
    """An action begins."""

    action: str
    text: str
    changes: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])
    """Keys of the stack config that it writes."""


@dataclass(frozen=True, slots=True)
class Did:
    """An action was done."""

    action: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """An action was not done."""

    action: str
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """An `up` of a phase that was left before it ended."""

    action: str
    text: str


@dataclass(frozen=True, slots=True)
class Commanded:
    """A person asks for something."""

    command: Trigger
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Declined:
    """What a person asked for cannot be."""

    reason: str


@dataclass(frozen=True, slots=True)
class Judged:
    """The analysis says something else than before."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    figures: Figures = NO_FIGURES


@dataclass(frozen=True, slots=True)
class Notified:
    """The message of a transition has arrived."""

    transition: str
    place: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """A digest may run again."""

    digest: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A person took the lock away."""

    by: str
    reason: str
    holder: str
    """Who had it; empty when nobody had."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A kind that this version does not know; carried as it is."""

    kind: str
    data: Mapping[str, Json]


Event = (
    Began
    | Entered
    | Trying
    | Did
    | Failed
    | Ended
    | Commanded
    | Declined
    | Judged
    | Notified
    | Cleared
    | Unlocked
    | Unknown
)


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of a stack's journal. Nothing is ever changed or taken away."""

    sequence: int
    """Given by the store, rising; 0 while only buffered."""
    release: str
    """Id of the release that it belongs to."""
    at: datetime
    event: Event


def entry(release: str, at: datetime, event: Event) -> Record:
    """Return a record that the store has not numbered yet."""
    return Record(0, release, at, event)
