"""The phases of a release and what may follow what: a literal, total table. Knows no driver.

A trigger that a phase has no row for is refused with words (a person's) or is a defect (the
planner's own). The diagram in docs/release/phases.md is drawn from here.
"""

from collections.abc import Mapping
from enum import StrEnum


class Phase(StrEnum):
    """Where a release is."""

    PREFLIGHT = "preflight"
    """Nothing is changed yet; may it begin at all?"""
    ROLLOUT = "rollout"
    """The standby color gets the image."""
    VERIFICATION = "verification"
    """Version, digest and label of each pod, smoke checks through the preview Service."""
    CANARY_SHIFT = "canary-shift"
    """The new color gets a share of the shards."""
    CANARY_ANALYSIS = "canary-analysis"
    """Both colors trade and are compared."""
    CUTOVER = "cutover"
    """Service and intent move to the new color."""
    CUTOVER_VERIFICATION = "cutover-verification"
    """New requests and all shards are awaited at the new color."""
    BAKE = "bake"
    """The new color has everything and is compared with the old one before."""
    FINALIZATION = "finalization"
    """The new version stays; it is committed and the mark in the cluster goes."""
    WARM_STANDBY = "warm-standby"
    """Released; the old color still stands by."""
    SCALE_DOWN = "scale-down"
    """The old color is scaled down."""
    DONE = "done"
    LEFTOVER = "leftover"
    """Released, but the old color could not be scaled down."""
    ROLLBACK_PREPARE = "rollback-prepare"
    """Way back: a ready pod of the old color is awaited, made when there is none."""
    ROLLBACK_CUTOVER = "rollback-cutover"
    """Way back: Service and intent move to the old color."""
    ROLLBACK_CLEANUP = "rollback-cleanup"
    """The old color has everything; the new one is quarantined and scaled down."""
    ROLLED_BACK = "rolled-back"
    REFUSED = "refused"
    """The gates said no; nothing was changed."""
    STUCK = "stuck"
    """The way back could not be finished in time: a person is needed now."""


class Trigger(StrEnum):
    """What moves a release on."""

    READY = "ready"
    """What the phase is for is done."""
    STEP = "step"
    """It is done, and another canary step follows."""
    FAIL = "fail"
    """It cannot be done, or the new version is worse."""
    EXPIRE = "expire"
    """The phase's deadline is over."""
    PROMOTE = "promote"
    """A person takes what was seen for good enough."""
    ABORT = "abort"
    """A person ends an unfinished release."""
    ROLLBACK = "rollback"
    """A person sends the new version back."""
    RESUME = "resume"
    """A person lets a stopped release go on."""
    REPLACE = "replace"
    """The next release begins."""


BY_PEOPLE = frozenset(
    {Trigger.PROMOTE, Trigger.ABORT, Trigger.ROLLBACK, Trigger.RESUME, Trigger.REPLACE}
)
"""Triggers that come from a command; the others are the planner's own."""

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

_MOVES: Mapping[Phase, Mapping[Trigger, Phase]] = {
    Phase.PREFLIGHT: {
        Trigger.READY: Phase.ROLLOUT,
        Trigger.FAIL: Phase.REFUSED,
        Trigger.EXPIRE: Phase.REFUSED,
        Trigger.ABORT: Phase.REFUSED,
        Trigger.ROLLBACK: Phase.REFUSED,
    },
    Phase.ROLLOUT: {Trigger.READY: Phase.VERIFICATION, **_TO_CLEANUP},
    Phase.VERIFICATION: {
        Trigger.STEP: Phase.CANARY_SHIFT,
        Trigger.READY: Phase.CUTOVER,
        **_TO_CLEANUP,
    },
    Phase.CANARY_SHIFT: {Trigger.READY: Phase.CANARY_ANALYSIS, **_TO_PREPARE},
    Phase.CANARY_ANALYSIS: {
        Trigger.STEP: Phase.CANARY_SHIFT,
        Trigger.READY: Phase.CUTOVER,
        Trigger.PROMOTE: Phase.CUTOVER,
        **_TO_PREPARE,
    },
    Phase.CUTOVER: {Trigger.READY: Phase.CUTOVER_VERIFICATION, **_TO_PREPARE},
    Phase.CUTOVER_VERIFICATION: {Trigger.READY: Phase.BAKE, **_TO_PREPARE},
    Phase.BAKE: {
        Trigger.READY: Phase.FINALIZATION,
        Trigger.PROMOTE: Phase.FINALIZATION,
        **_TO_PREPARE,
    },
    Phase.FINALIZATION: {
        Trigger.READY: Phase.WARM_STANDBY,
        Trigger.EXPIRE: Phase.WARM_STANDBY,
        Trigger.ROLLBACK: Phase.ROLLBACK_PREPARE,
    },
    Phase.WARM_STANDBY: {
        Trigger.EXPIRE: Phase.SCALE_DOWN,
        Trigger.ROLLBACK: Phase.ROLLBACK_PREPARE,
        Trigger.REPLACE: Phase.DONE,
    },
    Phase.SCALE_DOWN: {
        Trigger.READY: Phase.DONE,
        Trigger.FAIL: Phase.LEFTOVER,
        Trigger.EXPIRE: Phase.LEFTOVER,
        Trigger.ROLLBACK: Phase.ROLLBACK_PREPARE,
    },
    Phase.DONE: {Trigger.ROLLBACK: Phase.ROLLBACK_PREPARE, Trigger.REPLACE: Phase.DONE},
    Phase.LEFTOVER: {
        Trigger.RESUME: Phase.SCALE_DOWN,
        Trigger.ROLLBACK: Phase.ROLLBACK_PREPARE,
        Trigger.REPLACE: Phase.DONE,
    },
    Phase.ROLLBACK_PREPARE: {Trigger.READY: Phase.ROLLBACK_CUTOVER, Trigger.EXPIRE: Phase.STUCK},
    Phase.ROLLBACK_CUTOVER: {Trigger.READY: Phase.ROLLBACK_CLEANUP, Trigger.EXPIRE: Phase.STUCK},
    Phase.ROLLBACK_CLEANUP: {Trigger.READY: Phase.ROLLED_BACK, Trigger.EXPIRE: Phase.STUCK},
    Phase.ROLLED_BACK: {Trigger.REPLACE: Phase.ROLLED_BACK},
    Phase.REFUSED: {Trigger.REPLACE: Phase.REFUSED},
    Phase.STUCK: {Trigger.RESUME: Phase.ROLLBACK_PREPARE, Trigger.ROLLBACK: Phase.ROLLBACK_PREPARE},
}

RESTING = frozenset(
    {
        Phase.WARM_STANDBY,
        Phase.DONE,
        Phase.LEFTOVER,
        Phase.ROLLED_BACK,
        Phase.REFUSED,
        Phase.STUCK,
    }
)
"""Nothing runs here; only a person, or the end of the warm window, moves a release on."""

TABLE: Mapping[Phase, Mapping[Trigger, Phase]] = {
    phase: row if phase in RESTING else {**row, Trigger.RESUME: phase}
    for phase, row in _MOVES.items()
}
"""A phase that was interrupted is entered again: its deadline and its tries begin anew."""

ROLLING_BACK = frozenset(
    {
        Phase.ROLLBACK_PREPARE,
        Phase.ROLLBACK_CUTOVER,
        Phase.ROLLBACK_CLEANUP,
        Phase.ROLLED_BACK,
        Phase.STUCK,
    }
)
"""Once here, never forward again."""

AUTHORITY_MOVED = frozenset(
    {
        Phase.CANARY_SHIFT,
        Phase.CANARY_ANALYSIS,
        Phase.CUTOVER,
        Phase.CUTOVER_VERIFICATION,
        Phase.BAKE,
        Phase.FINALIZATION,
        Phase.WARM_STANDBY,
        Phase.SCALE_DOWN,
        Phase.DONE,
        Phase.LEFTOVER,
    }
)
"""The new color may hold shards here, so the way back leads through the old one's readiness."""

SWAPPED = frozenset(
    {
        Phase.CUTOVER,
        Phase.CUTOVER_VERIFICATION,
        Phase.BAKE,
        Phase.FINALIZATION,
        Phase.WARM_STANDBY,
        Phase.SCALE_DOWN,
        Phase.DONE,
        Phase.LEFTOVER,
    }
)
"""The new color may be the active one here."""

_REFUSALS: Mapping[Trigger, str] = {
    Trigger.PROMOTE: "can be promoted only while it is watched or bakes",
    Trigger.ABORT: "has nothing left to abort; `release rollback` sends the new version back",
    Trigger.ROLLBACK: "is on its way back already, or has nothing to go back from",
    Trigger.RESUME: "has nothing that could go on",
    Trigger.REPLACE: "is not over; finish it (`release resume`) or end it (`release abort`) first",
}


class RefusedError(ValueError):
    """A person's trigger does not fit the phase; says why."""


def after(phase: Phase, trigger: Trigger) -> Phase:
    """Return the phase that follows.

    Raises:
        RefusedError: a command that does not fit here.
        LookupError: the planner's own trigger where it cannot come: a defect.
    """
    following = TABLE[phase].get(trigger)
    if following is not None:
        return following
    if trigger in BY_PEOPLE:
        raise RefusedError(f"this release is in phase {phase}: it {_REFUSALS[trigger]}")
    raise LookupError(f"{trigger} cannot come in {phase}")


def diagram() -> str:
    """Return the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> preflight"]
    for phase, row in TABLE.items():
        targets: dict[Phase, list[Trigger]] = {}
        for trigger, target in row.items():
            if target is not phase:
                targets.setdefault(target, []).append(trigger)
        lines += [
            f"    {_id(phase)} --> {_id(target)}: {', '.join(triggers)}"
            for target, triggers in targets.items()
        ]
    return "\n".join(lines)


def _id(phase: Phase) -> str:
    return phase.value.replace("-", "_")


_PAGE = """# Phases of a release

Drawn from the table in `release/decide/phases.py` by `python -m release.decide.phases`; a test
holds it against the code. What a command asks for and a phase has no arrow for is refused in words.

```mermaid
{diagram}
```
"""


def page() -> str:
    """Return docs/release/phases.md."""
    return _PAGE.format(diagram=diagram())


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 -- a person redirects it into the manual
