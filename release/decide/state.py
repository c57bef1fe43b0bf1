"""Where a release stands: the fold of its journal. Nothing else holds state."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import cast

from bot.contract.color import Color
from infra.outputs import StackOutputs
from release.decide.known import OUTPUTS, to_json
from release.decide.model import Json, Record
from release.decide.phases import Phase, Trigger
from release.decide.spec import Spec, from_journal
from release.decide.transitions import ROLLING_BACK, SWAPPED


class Kind(StrEnum):
    """Kinds of journal records."""

    BEGAN = "began"
    ENTERED = "entered"
    TRYING = "trying"
    DID = "did"
    FAILED = "failed"
    COMMANDED = "commanded"
    DECLINED = "declined"
    JUDGED = "judged"
    ENDED = "ended"
    """An `up` of a phase that was left before it ended."""
    CLEARED = "cleared"
    TOLD = "told"
    """A transition's message has arrived."""
    UNLOCKED = "unlocked"


@dataclass(frozen=True, slots=True)
class Work:
    """How far one action of the present phase has come."""

    tries: int = 0
    pending: bool = False
    """Begun, and no end written down: it runs, or whoever ran it was killed."""
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
class Target:
    """What a release is about; fixed when it begins."""

    new: Color
    image: str
    """Reference of the new image, or `build`."""
    replicas: int
    old_image: str
    """Pinned reference that the old color runs."""
    old_replicas: int
    revision: str = ""
    """Commit that it was begun from."""
    by: str = ""
    reason: str = ""
    overrides: tuple[str, ...] = ()
    """Gates that a person has answered for."""

    @property
    def old(self) -> Color:
        """The color that it comes from."""
        return self.new.other


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
        if record.kind == Kind.BEGAN:
            state = _begun(record)
        elif state is not None and record.release == state.release:
            state = folded(state, record)
    return state


def releases(records: Sequence[Record]) -> list[State]:
    """Return the last state of each release, oldest first."""
    found: dict[str, State] = {}
    for record in records:
        if record.kind == Kind.BEGAN:
            found[record.release] = _begun(record)
        elif record.release in found:
            found[record.release] = folded(found[record.release], record)
    return list(found.values())


def began(spec: Spec, target: Target, outputs: StackOutputs | None = None) -> dict[str, Json]:
    """Return the data of the first record."""
    return {
        OUTPUTS: None if outputs is None else to_json(outputs),
        "spec": cast("Json", spec.to_json()),
        "new": target.new.value,
        "image": target.image,
        "replicas": target.replicas,
        "old_image": target.old_image,
        "old_replicas": target.old_replicas,
        "revision": target.revision,
        "by": target.by,
        "reason": target.reason,
        "overrides": list(target.overrides),
    }


def _begun(record: Record) -> State:
    data = record.data
    target = Target(
        new=Color(_text(data, "new")),
        image=_text(data, "image"),
        replicas=int(_text(data, "replicas")),
        old_image=_text(data, "old_image"),
        old_replicas=int(_text(data, "old_replicas")),
        revision=_text(data, "revision"),
        by=_text(data, "by"),
        reason=_text(data, "reason"),
        overrides=tuple(str(each) for each in cast("list[Json]", data.get("overrides") or [])),
    )
    return State(
        release=record.release,
        spec=from_journal(data.get("spec")),
        target=target,
        began_at=record.at,
        phase=Phase.PREFLIGHT,
        entered_at=record.at,
        image=target.image if "@" in target.image else "",
        reason=target.reason,
    )


def folded(state: State, record: Record) -> State:
    """Return the state after one record; a kind that only informs changes nothing."""
    handler = _HANDLERS.get(record.kind)
    return state if handler is None else handler(state, record)


def _trying(state: State, record: Record) -> State:
    work = _work(state, record)
    return _with(state, record, replace(work, tries=work.tries + 1, pending=True))


def _did(state: State, record: Record) -> State:
    return _with(state, record, replace(_work(state, record), pending=False, done=True))


def _failed(state: State, record: Record) -> State:
    text = _text(record.data, "text")
    failed = replace(_work(state, record), pending=False, failed_at=record.at, text=text)
    return _with(state, record, failed)


def _commanded(state: State, record: Record) -> State:
    data = record.data
    trigger = Trigger(_text(data, "command"))
    return replace(state, command=Command(trigger, _text(data, "by"), _text(data, "reason")))


def _declined(state: State, _: Record) -> State:
    return replace(state, command=None)


def _entered(state: State, record: Record) -> State:
    data = record.data
    phase, trigger = Phase(_text(data, "phase")), Trigger(_text(data, "trigger"))
    back = phase in ROLLING_BACK and not state.rolling_back
    reason = _text(data, "reason")
    by_person = state.command is not None and state.command.trigger is trigger
    return replace(
        state,
        phase=phase,
        entered_at=record.at,
        image=_text(data, "image") or state.image,
        step=state.step + (phase is Phase.CANARY_SHIFT and trigger is not Trigger.RESUME),
        swapped=state.swapped or phase in SWAPPED,
        quarantine=state.quarantine or bool(data.get("quarantine")),
        reason=reason,
        back_reason=reason if back else state.back_reason,
        command=None if by_person else state.command,
        works={},
    )


def _work(state: State, record: Record) -> Work:
    return state.work(_text(record.data, "action"))


def _with(state: State, record: Record, work: Work) -> State:
    return replace(state, works={**state.works, _text(record.data, "action"): work})


def _text(data: Mapping[str, Json], key: str) -> str:
    value = data.get(key)
    return "" if value is None else str(value)


_HANDLERS: Mapping[str, Callable[[State, Record], State]] = {
    Kind.ENTERED: _entered,
    Kind.TRYING: _trying,
    Kind.DID: _did,
    Kind.FAILED: _failed,
    Kind.COMMANDED: _commanded,
    Kind.DECLINED: _declined,
}
