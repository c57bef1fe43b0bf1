"""How a release is shown where lines are wanted: plain ones for people, JSON ones for programs."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from release.decide.decision import Decision
from release.decide.figures import shown
from release.decide.model import Json, Lock, Record
from release.decide.observation import Observation
from release.decide.phase_table import ROWS
from release.decide.phases import Phase
from release.decide.state import Kind, State

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
    data = record.data
    words: dict[str, Callable[[], str]] = {
        Kind.BEGAN: lambda: f"began: {data['new']} gets {data['image']} ({_who(data)})",
        Kind.ENTERED: lambda: f"{data['phase']}: {data['reason']}{_numbers(data)}",
        Kind.TRYING: lambda: f"  … {data['text']}",
        Kind.DID: lambda: f"  ✓ {data['action']}: {data['text']}",
        Kind.FAILED: lambda: f"  ✗ {data['action']}: {data['text']}",
        Kind.ENDED: lambda: f"  ✗ {data['action']}: {data['text']}",
        Kind.COMMANDED: lambda: f"{data['command']} ({_who(data)})",
        Kind.DECLINED: lambda: f"declined: {data['reason']}",
        Kind.JUDGED: lambda: f"  {data['verdict']}: {_reasons(data)}{_numbers(data)}",
        Kind.TOLD: lambda: "  people were told",
        Kind.CLEARED: lambda: f"out of quarantine: {data['digest']} ({_who(data)})",
        Kind.UNLOCKED: lambda: f"unlocked ({_who(data)}); it was held by {data['holder']}",
    }
    told = words.get(record.kind, lambda: record.kind)()
    return f"{record.at:%H:%M:%S} {told}"


def record_json(record: Record) -> dict[str, Json]:
    """Return a record as an object."""
    return {
        "sequence": record.sequence,
        "release": record.release,
        "at": record.at.isoformat(),
        "kind": record.kind,
        "data": dict(record.data),
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
    told = status_json(state, lock, now)
    left = time_left(state, now)
    lines = [
        f"{state.phase}: {state.reason}",
        f"  release  {state.release}, begun {_time(state.began_at)} by {_name(state.target.by)}",
        f"  colors   {state.target.old} → {state.target.new}",
        f"  image    {told['image']}",
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
    return [*lines, f"  next     {told['next']}"]


def history_lines(states: Sequence[State]) -> list[str]:
    """Return one line per release, newest first."""
    return [
        f"{state.began_at:%Y-%m-%d %H:%M} {state.release} {state.phase:<11} "
        f"{state.target.old} → {state.target.new} {state.image or state.target.image}"
        f"{_because(state)}"
        for state in reversed(states)
    ]


@dataclass
class Plain:
    """Lines for people; what is waited for is said once."""

    print: Print
    _said: str = ""

    def recorded(self, record: Record, state: State) -> None:
        """Print what was written down."""
        del state
        tried = record.kind == Kind.TRYING
        self._said = str(record.data["text"]) if tried else ""  # waited for next, and said by this
        self.print(line(record))

    def waiting(self, state: State, decision: Decision, seen: Observation) -> None:
        """Print what is waited for, when it is something else than before."""
        words = "; ".join((decision.reason, *seen.blind))
        if words != self._said and state.phase is not Phase.WARM_STANDBY:
            self._said = words
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


def _who(data: object) -> str:
    told = cast("dict[str, Json]", data)
    by, reason = _name(told.get("by")), told.get("reason")
    return f"{by}: {reason}" if reason else by


def _reasons(data: object) -> str:
    return "; ".join(map(str, cast("dict[str, list[Json]]", data)["reasons"]))


def _numbers(data: object) -> str:
    numbers = cast("dict[str, dict[str, float]]", data).get("numbers") or {}
    return "".join(f"\n{' ' * 11}{text}" for text in shown(numbers))
