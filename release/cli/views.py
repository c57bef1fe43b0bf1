"""How a release is shown where lines are wanted: plain ones for people, JSON ones for programs."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from release.decide.actions import Decision
from release.decide.events import (
    Began,
    Cleared,
    Commanded,
    Declined,
    Did,
    Ended,
    Entered,
    Event,
    Failed,
    Judged,
    Notified,
    Record,
    Trying,
    Unknown,
    Unlocked,
)
from release.decide.journal_codec import data_of, kind_of
from release.decide.model import Figures, Json, Lock
from release.decide.observation import Observation
from release.decide.phase_table import ROWS
from release.decide.phases import Phase
from release.decide.state import State
from release.decide.verdict_text import figure_lines

Print = Callable[[str], None]


def time_left(state: State, now: datetime) -> str:
    """Return how long the phase takes at least, else when it is over; empty when it rests.

    While a version is watched that is the time to watch, not the deadline: nobody waits for that.
    """
    if state.deadline is None:
        return ""
    until_deadline = _minutes((state.deadline - now).total_seconds())
    if (watch := _seconds_to_watch(state, now)) is None:
        return f"{until_deadline} left"
    if watch:
        return f"{_minutes(watch)} left"
    return f"0:00 left, deadline in {until_deadline}"


def _seconds_to_watch(state: State, now: datetime) -> int | None:
    """Return how long it is still watched at least; None where nothing is watched."""
    watched = {
        Phase.CANARY_ANALYSIS: state.spec.step_seconds,
        Phase.BAKE: state.spec.bake_seconds,
    }
    if state.phase not in watched:
        return None
    return max(0, round(watched[state.phase] - (now - state.entered_at).total_seconds()))


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes}:{rest:02}"


def line(record: Record) -> str:
    """Return a record in one line."""
    return f"{record.at:%H:%M:%S} {_words(record.event)}"


def _words(event: Event) -> str:
    match event:
        case Began(target):
            return f"began: {target.new} gets {target.image} ({_who(target.by, target.reason)})"
        case Entered(phase, _, reason):
            return f"{phase}: {reason}{_figures(event.figures)}"
        case Judged(verdict, reasons, figures):
            return f"  {verdict}: {'; '.join(reasons)}{_figures(figures)}"
        case Trying() | Did() | Failed() | Ended():
            return _action_words(event)
        case Commanded() | Declined() | Cleared() | Unlocked():
            return _person_words(event)
        case Notified() | Unknown():
            return "  people were told" if isinstance(event, Notified) else event.kind


def _action_words(event: Trying | Did | Failed | Ended) -> str:
    match event:
        case Trying():
            return f"  … {event.text}"
        case Did(action, result):
            return f"  ✓ {action}: {result}"
        case Failed(action, why) | Ended(action, why):
            return f"  ✗ {action}: {why}"


def _person_words(event: Commanded | Declined | Cleared | Unlocked) -> str:
    match event:
        case Commanded(command, by, reason):
            return f"{command} ({_who(by, reason)})"
        case Declined(reason):
            return f"declined: {reason}"
        case Cleared(digest, by, reason):
            return f"out of quarantine: {digest} ({_who(by, reason)})"
        case Unlocked(by, reason, holder):
            return f"unlocked ({_who(by, reason)}); it was held by {holder}"


def record_json(record: Record) -> dict[str, Json]:
    """Return a record as an object."""
    return {
        "sequence": record.sequence,
        "release": record.release,
        "at": record.at.isoformat(),
        "kind": kind_of(record.event),
        "data": data_of(record.event),
    }


def status_json(state: State, lock: Lock | None, now: datetime) -> dict[str, Json]:
    """Return where a release stands as an object.

    Args:
        state: of the release.
        lock: of who drives it; None when nobody does.
        now: for the time that is left.
    """
    deadline = state.deadline
    return {
        "release": state.release,
        "phase": state.phase.value,
        "reason": state.reason,
        "old": state.target.old.value,
        "new": state.target.new.value,
        "image": state.image or state.target.image,
        "beganAt": state.began_at.isoformat(),
        "enteredAt": state.entered_at.isoformat(),
        "secondsLeft": None if deadline is None else round((deadline - now).total_seconds()),
        "secondsToWatch": _seconds_to_watch(state, now),
        "swapped": state.swapped,
        "rollingBack": state.rolling_back,
        "backReason": state.back_reason,
        "by": state.target.by,
        "lockedBy": lock.holder if lock else None,
        "lockedSince": lock.since.isoformat() if lock else None,
        "next": ROWS[state.phase].hint,
    }


def status_lines(state: State, lock: Lock | None, now: datetime) -> list[str]:
    """Return where a release stands, for people."""
    status = status_json(state, lock, now)
    left = time_left(state, now)
    lines = [
        f"{state.phase}: {state.reason}",
        f"  release  {state.release}, begun {_time(state.began_at)} by {_name(state.target.by)}",
        f"  colors   {state.target.old} → {state.target.new}",
        f"  image    {status['image']}",
    ]
    if left:
        lines.append(f"  time     {left}")
    if state.back_reason:
        lines.append(f"  went back because {state.back_reason}")
    if lock is not None:
        lines.append(f"  driven by {lock.holder} since {_time(lock.since)}")
    elif not ROWS[state.phase].resting:
        lines.append(
            "  driven by nobody: it stands still until you type `release resume --stack STACK`"
        )
    return [*lines, f"  next     {status['next']}"]


def history_lines(states: Sequence[State]) -> list[str]:
    """Return one line per release, newest first."""
    return [
        f"{state.began_at:%Y-%m-%d %H:%M} {state.release} {state.phase:<20} "
        f"{state.target.old} → {state.target.new} {state.image or state.target.image}"
        f"{_because(state)}"
        for state in reversed(states)
    ]


@dataclass
class Plain:
    """Lines for people; what is waited for is said once."""

    print: Print
    _last_text: str = ""

    def recorded(self, record: Record, state: State) -> None:
        """Print what was written down."""
        del state
        # What is tried is waited for next, and this line says it.
        self._last_text = record.event.text if isinstance(record.event, Trying) else ""
        self.print(line(record))

    def waiting(self, state: State, decision: Decision, seen: Observation) -> None:
        """Print what is waited for, when it is something else than before."""
        words = "; ".join((decision.reason, *seen.blind))
        if words != self._last_text and state.phase is not Phase.WARM_STANDBY:
            self._last_text = words
            self.print(f"           {words}")

    def progress(self, line: str) -> None:
        """Print a line of what runs."""
        self.print(f"           {line}")


@dataclass
class Lines:
    """One JSON object a line."""

    print: Print

    def recorded(self, record: Record, state: State) -> None:
        """Print what was written down."""
        del state
        self.print(json.dumps(record_json(record)))

    def waiting(self, state: State, decision: Decision, seen: Observation) -> None:
        """Print nothing: the journal has what matters."""

    def progress(self, line: str) -> None:
        """Print a line of what runs."""
        self.print(json.dumps({"kind": "progress", "text": line}))


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _because(state: State) -> str:
    """Return why it went back, in what fits a line."""
    first, *rest = state.back_reason.splitlines() or [""]
    return f" ({first}{' …' if rest else ''})" if first else ""


def _name(by: object) -> str:
    return str(by or "nobody named")


def _who(by: str, reason: str) -> str:
    return f"{_name(by)}: {reason}" if reason else _name(by)


def _figures(figures: Figures) -> str:
    return "".join(f"\n{' ' * 11}{text}" for text in figure_lines(figures))
