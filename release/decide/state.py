"""Where a release stands: the fold of its journal. Nothing else holds state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from infra.outputs import StackOutputs
from release.decide.events import (
    Began,
    Commanded,
    Declined,
    Did,
    Entered,
    Failed,
    Record,
    Trying,
)
from release.decide.model import Target
from release.decide.phases import Phase, Trigger
from release.decide.spec import Spec
from release.decide.transitions import ROLLING_BACK, SWAPPED


@dataclass(frozen=True, slots=True)
class Work:
    """How far one action of the present phase has come."""

    tries: int = 0
    pending: bool = False
    """Begun, and no end written down: it runs, or the process that ran it was killed."""
    done: bool = False
    failed_at: datetime | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """What a person asked for."""

    trigger: Trigger
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class State:
    """A release, as far as its journal tells."""

    release: str
    spec: Spec
    target: Target
    began_at: datetime
    phase: Phase
    entered_at: datetime
    image: str
    """Pinned reference of the new image; empty until a build made it."""
    step: int = 0
    """Canary steps that were entered."""
    swapped: bool = False
    """Whether the new color may have been active."""
    quarantine: bool = False
    """Whether its digest is to be quarantined on the way back."""
    reason: str = ""
    """Why it is in this phase."""
    back_reason: str = ""
    """Why it went back."""
    command: Command | None = None
    """Asked for and not yet answered."""
    works: Mapping[str, Work] = field(default_factory=dict[str, Work])

    @property
    def rolling_back(self) -> bool:
        """Whether it will never go forward again."""
        return self.phase in ROLLING_BACK

    @property
    def deadline(self) -> datetime | None:
        """When the phase is over, done or not."""
        seconds = self.spec.deadline_seconds(self.phase)
        return None if seconds is None else self.entered_at + timedelta(seconds=seconds)

    @property
    def digest(self) -> str:
        """`sha256:…` of the new image; empty until it is known."""
        return self.image.partition("@")[2]

    def work(self, key: str) -> Work:
        """Return how far an action of this phase has come."""
        return self.works.get(key, Work())


def fold(records: Iterable[Record]) -> State | None:
    """Return the state of the last release in a stack's journal; None when there was none."""
    state: State | None = None
    for record in records:
        if isinstance(record.event, Began):
            state = _begun(record, record.event)
        elif state is not None and record.release == state.release:
            state = folded(state, record)
    return state


def releases(records: Sequence[Record]) -> list[State]:
    """Return the last state of each release, oldest first."""
    states: dict[str, State] = {}
    for record in records:
        if isinstance(record.event, Began):
            states[record.release] = _begun(record, record.event)
        elif record.release in states:
            states[record.release] = folded(states[record.release], record)
    return list(states.values())


def last_outputs(records: Sequence[Record]) -> StackOutputs | None:
    """Return the outputs that the newest release began with: names in them do not change."""
    for record in reversed(records):
        if isinstance(record.event, Began) and record.event.outputs is not None:
            return record.event.outputs
    return None


def _begun(record: Record, event: Began) -> State:
    target = event.target
    return State(
        release=record.release,
        spec=event.spec,
        target=target,
        began_at=record.at,
        phase=Phase.PREFLIGHT,
        entered_at=record.at,
        image=target.image if "@" in target.image else "",
        reason=target.reason,
    )


def folded(state: State, record: Record) -> State:
    """Return the state after one record; an event that only informs changes nothing."""
    match record.event:
        case Entered() as event:
            return _entered(state, record.at, event)
        case Trying() | Did() | Failed() as event:
            work = _worked(state.work(event.action), record.at, event)
            return replace(state, works={**state.works, event.action: work})
        case Commanded(trigger, by, reason):
            return replace(state, command=Command(trigger, by, reason))
        case Declined():
            return replace(state, command=None)
        case _:
            return state


def _entered(state: State, at: datetime, event: Entered) -> State:
    back = event.phase in ROLLING_BACK and not state.rolling_back
    shifts = event.phase is Phase.CANARY_SHIFT and event.trigger is not Trigger.RESUME
    by_person = state.command is not None and state.command.trigger is event.trigger
    return replace(
        state,
        phase=event.phase,
        entered_at=at,
        image=event.image or state.image,
        step=state.step + shifts,
        swapped=state.swapped or event.phase in SWAPPED,
        quarantine=state.quarantine or event.quarantine,
        reason=event.reason,
        back_reason=event.reason if back else state.back_reason,
        command=None if by_person else state.command,
        works={},
    )


def _worked(work: Work, at: datetime, event: Trying | Did | Failed) -> Work:
    match event:
        case Trying():
            return replace(work, tries=work.tries + 1, pending=True)
        case Did():
            return replace(work, pending=False, done=True)
        case Failed():
            return replace(work, pending=False, failed_at=at, text=event.text)
