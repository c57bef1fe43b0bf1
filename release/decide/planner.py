"""Decides what a release does next: from its state and what was seen. Pure and synchronous.

The order is the policy: what a person asked for, what the phase wants, its deadline.
"""

from dataclasses import replace
from datetime import datetime

from release.decide.actions import Announce, Apply, Decision
from release.decide.observation import Need, Observation
from release.decide.phase_handlers import HANDLERS, Context
from release.decide.phase_table import ROWS
from release.decide.phases import Phase, Trigger
from release.decide.state import State
from release.decide.transitions import RESTING, ROLLING_BACK, RefusedError, after


def decide(state: State, seen: Observation, now: datetime) -> Decision:
    """Return what comes next. The spec is the one that the release began with, in its state."""
    if state.command is not None:
        return _commanded(state)
    if state.phase in RESTING and state.phase is not Phase.WARM_STANDBY:
        return Decision(f"{state.phase}: {state.reason}")
    decision = HANDLERS[state.phase](Context(state, seen, now))
    deadline = state.deadline
    if decision.trigger is None and deadline is not None:
        if now >= deadline:
            return _expired(state, decision, seen)
        wake_at = min(decision.wake_at or deadline, deadline)
        return replace(decision, wake_at=wake_at)
    return _blaming(state, decision)


def needs(state: State) -> frozenset[Need]:
    """Return what has to be looked at to decide; nothing more, since looking costs time."""
    if state.command is not None:
        return frozenset()
    if state.phase is Phase.ROLLBACK_PREPARE and not state.work(Announce.key).tries:
        return frozenset()  # what comes first needs no eyes, and seconds count
    row = ROWS[state.phase]
    needed = row.needs_applied if state.work(Apply.key).done else row.needs
    return needed if state.spec.verify_label else needed - {Need.CLAIMS}


def _commanded(state: State) -> Decision:
    command = state.command
    assert command is not None  # noqa: S101 -- the caller has looked
    why = f"{command.trigger} by {command.by}: {command.reason}"
    try:
        after(state.phase, command.trigger)
    except RefusedError as error:
        return Decision(str(error), declined=True)
    return _blaming(state, Decision(why, trigger=command.trigger))


def _expired(state: State, waiting: Decision, seen: Observation) -> Decision:
    seconds = state.spec.deadline_seconds(state.phase)
    if state.phase is Phase.WARM_STANDBY:
        return Decision(f"stood by for {seconds} s", trigger=Trigger.EXPIRE)
    why = "; ".join((f"not done within {seconds} s: {waiting.reason}", *seen.blind))
    figures = waiting.figures
    return _blaming(state, Decision(why, trigger=Trigger.EXPIRE, figures=figures))


def _blaming(state: State, decision: Decision) -> Decision:
    """Say whether the image is at fault: the step that failed knows, or a person rolled it back.

    A broken `up`, a deadline, too little traffic and a person who only stops are no fault of it,
    before the cutover and after.
    """
    if decision.trigger is None or after(state.phase, decision.trigger) not in ROLLING_BACK:
        return replace(decision, blame=False)
    return replace(decision, blame=decision.blame or decision.trigger is Trigger.ROLLBACK)
