"""One row for each phase, with all that is true of it: a literal, total table. Knows no driver.

A trigger that a phase has no move for is refused with a reason (a person's) or is a defect (the
planner's own). The diagram in docs/release/phases.md is drawn from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from release.decide.model import Severity
from release.decide.observation import Need
from release.decide.phases import Outcome, Phase, Trigger

_NOTHING: frozenset[Need] = frozenset()
_PROMOTE = '`release promote --stack STACK --reason "…"` takes it for good enough'
_ABORT = "`release abort --stack STACK` ends it"
_ROLLBACK = "`release rollback --stack STACK` rolls it back"
_GOES_ON = "nothing: the rollback goes on by itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The facts of one phase."""

    moves: Mapping[Trigger, Phase]
    """Where each trigger leads."""
    needs: frozenset[Need] = _NOTHING
    """What it has to see, until its `up` has ended."""
    needs_applied: frozenset[Need] = _NOTHING
    """What it has to see after its `up`; a phase without one never comes here."""
    deadline: str | None = None
    """Attribute of `Spec` that says how many seconds it may last; None: no limit."""
    severity: Severity = Severity.INFO
    """Of the message that says that it was entered."""
    hint: str = _ABORT
    """What a person can do now."""
    outcome: Outcome = Outcome.UNFINISHED
    """What a command reports that ends here."""
    resting: bool = False
    """Nothing runs; only a person, or the end of the warm window, moves the release on."""
    rolling_back: bool = False
    """Once here, never forward again."""
    swapped: bool = False
    """The new color may be the active one."""


_TO_CLEANUP = {
    Trigger.FAIL: Phase.ROLLBACK_CLEANUP,
    Trigger.EXPIRE: Phase.ROLLBACK_CLEANUP,
    Trigger.ABORT: Phase.ROLLBACK_CLEANUP,
    Trigger.ROLLBACK: Phase.ROLLBACK_CLEANUP,
}
"""Before any shard or request moved there is nothing to bring back."""

_TO_PREPARE = {
    Trigger.FAIL: Phase.ROLLBACK_PREPARE,
    Trigger.EXPIRE: Phase.ROLLBACK_PREPARE,
    Trigger.ABORT: Phase.ROLLBACK_PREPARE,
    Trigger.ROLLBACK: Phase.ROLLBACK_PREPARE,
}

_ANALYSED = frozenset({Need.NEW_PODS, Need.JUDGEMENT})

ROWS: Mapping[Phase, Row] = {
    Phase.PREFLIGHT: Row(
        moves={
            Trigger.READY: Phase.ROLLOUT,
            Trigger.FAIL: Phase.REFUSED,
            Trigger.EXPIRE: Phase.REFUSED,
            Trigger.ABORT: Phase.REFUSED,
            Trigger.ROLLBACK: Phase.REFUSED,
        },
        needs=frozenset({Need.GATES}),
        deadline="deadlines.preflight",
    ),
    Phase.ROLLOUT: Row(
        moves={Trigger.READY: Phase.VERIFICATION, **_TO_CLEANUP},
        needs=frozenset({Need.NEW_PODS, Need.MIGRATIONS}),
        needs_applied=frozenset({Need.OUTPUTS, Need.NEW_PODS}),
        deadline="deadlines.rollout",
    ),
    Phase.VERIFICATION: Row(
        moves={Trigger.STEP: Phase.CANARY_SHIFT, Trigger.READY: Phase.CUTOVER, **_TO_CLEANUP},
        needs=frozenset({Need.NEW_PODS, Need.SMOKE, Need.CLAIMS}),
        deadline="deadlines.verification",
    ),
    Phase.CANARY_SHIFT: Row(
        moves={Trigger.READY: Phase.CANARY_ANALYSIS, **_TO_PREPARE},
        needs=frozenset({Need.NEW_PODS}),
        needs_applied=frozenset({Need.NEW_PODS, Need.SHARDS}),
        deadline="deadlines.canary_shift",
    ),
    Phase.CANARY_ANALYSIS: Row(
        moves={
            Trigger.STEP: Phase.CANARY_SHIFT,
            Trigger.READY: Phase.CUTOVER,
            Trigger.PROMOTE: Phase.CUTOVER,
            **_TO_PREPARE,
        },
        needs=_ANALYSED,
        deadline="deadlines.canary_analysis",
        hint=f"{_PROMOTE}, {_ABORT}",
    ),
    Phase.CUTOVER: Row(
        moves={Trigger.READY: Phase.CUTOVER_VERIFICATION, **_TO_PREPARE},
        needs=frozenset({Need.NEW_PODS}),
        needs_applied=frozenset({Need.NEW_PODS}),
        deadline="deadlines.cutover",
        swapped=True,
    ),
    Phase.CUTOVER_VERIFICATION: Row(
        moves={Trigger.READY: Phase.BAKE, **_TO_PREPARE},
        needs=frozenset({Need.NEW_PODS, Need.LIVE, Need.SHARDS}),
        deadline="deadlines.cutover_verification",
        swapped=True,
    ),
    Phase.BAKE: Row(
        moves={
            Trigger.READY: Phase.FINALIZATION,
            Trigger.PROMOTE: Phase.FINALIZATION,
            **_TO_PREPARE,
        },
        needs=_ANALYSED,
        deadline="deadlines.bake",
        hint=f"{_PROMOTE}, {_ROLLBACK}",
        swapped=True,
    ),
    Phase.FINALIZATION: Row(
        moves={
            Trigger.READY: Phase.WARM_STANDBY,
            Trigger.EXPIRE: Phase.WARM_STANDBY,
            Trigger.ROLLBACK: Phase.ROLLBACK_PREPARE,
        },
        deadline="deadlines.finalization",
        severity=Severity.GOOD,
        hint=_ROLLBACK,
        swapped=True,
    ),
    Phase.WARM_STANDBY: Row(
        moves={
            Trigger.EXPIRE: Phase.SCALE_DOWN,
            Trigger.ROLLBACK: Phase.ROLLBACK_PREPARE,
            Trigger.REPLACE: Phase.DONE,
        },
        deadline="warm_seconds",
        severity=Severity.GOOD,
        hint=f"{_ROLLBACK} within seconds; `release resume --stack STACK` scales the old color "
        "down when the window is over",
        outcome=Outcome.RELEASED,
        resting=True,
        swapped=True,
    ),
    Phase.SCALE_DOWN: Row(
        moves={
            Trigger.READY: Phase.DONE,
            Trigger.FAIL: Phase.LEFTOVER,
            Trigger.EXPIRE: Phase.LEFTOVER,
            Trigger.ROLLBACK: Phase.ROLLBACK_PREPARE,
        },
        deadline="deadlines.scale_down",
        hint=_ROLLBACK,
        swapped=True,
    ),
    Phase.DONE: Row(
        moves={Trigger.ROLLBACK: Phase.ROLLBACK_PREPARE, Trigger.REPLACE: Phase.DONE},
        severity=Severity.GOOD,
        hint="`release rollback --stack STACK` starts the old color again and rolls back",
        outcome=Outcome.RELEASED,
        resting=True,
        swapped=True,
    ),
    Phase.LEFTOVER: Row(
        moves={
            Trigger.RESUME: Phase.SCALE_DOWN,
            Trigger.ROLLBACK: Phase.ROLLBACK_PREPARE,
            Trigger.REPLACE: Phase.DONE,
        },
        severity=Severity.BAD,
        hint="`release resume --stack STACK` tries to scale the old color down again",
        outcome=Outcome.LEFTOVER,
        resting=True,
        swapped=True,
    ),
    Phase.ROLLBACK_PREPARE: Row(
        moves={Trigger.READY: Phase.ROLLBACK_CUTOVER, Trigger.EXPIRE: Phase.STUCK},
        needs=frozenset({Need.OLD_PODS}),
        needs_applied=frozenset({Need.OLD_PODS}),
        deadline="deadlines.rollback_prepare",
        severity=Severity.BAD,
        hint=_GOES_ON,
        rolling_back=True,
    ),
    Phase.ROLLBACK_CUTOVER: Row(
        moves={Trigger.READY: Phase.ROLLBACK_CLEANUP, Trigger.EXPIRE: Phase.STUCK},
        needs_applied=frozenset({Need.LIVE, Need.SHARDS}),
        deadline="deadlines.rollback_cutover",
        severity=Severity.BAD,
        hint=_GOES_ON,
        rolling_back=True,
    ),
    Phase.ROLLBACK_CLEANUP: Row(
        moves={Trigger.READY: Phase.ROLLED_BACK, Trigger.EXPIRE: Phase.STUCK},
        deadline="deadlines.rollback_cleanup",
        severity=Severity.BAD,
        hint=_GOES_ON,
        rolling_back=True,
    ),
    Phase.ROLLED_BACK: Row(
        moves={Trigger.REPLACE: Phase.ROLLED_BACK},
        severity=Severity.BAD,
        hint="`release logs --stack STACK` shows why; `release deploy --stack STACK` brings a "
        "fixed version",
        outcome=Outcome.ROLLED_BACK,
        resting=True,
        rolling_back=True,
    ),
    Phase.REFUSED: Row(
        moves={Trigger.REPLACE: Phase.REFUSED},
        severity=Severity.BAD,
        hint="fix what the gates name, then `release deploy --stack STACK` again",
        outcome=Outcome.REFUSED,
        resting=True,
    ),
    Phase.STUCK: Row(
        moves={
            Trigger.RESUME: Phase.ROLLBACK_PREPARE,
            Trigger.ROLLBACK: Phase.ROLLBACK_PREPARE,
        },
        severity=Severity.URGENT,
        hint="a person is needed: `release logs --stack STACK` names what holds it up; fix that, "
        "then `release resume --stack STACK`",
        outcome=Outcome.STUCK,
        resting=True,
        rolling_back=True,
    ),
}
