"""The phases of a release and what may follow what: a literal, total table. Knows no driver.

A trigger that a phase has no row for is refused with words (a person's) or is a defect (the
planner's own). The diagram in docs/release/phases.md is drawn from here.
"""

from collections.abc import Mapping
from enum import StrEnum


class Phase(StrEnum):
    """Where a release is."""

    GATING = "gating"
    """Nothing is changed yet; may it begin at all?"""
    PLACING = "placing"
    """The standby color gets the image."""
    VERIFYING = "verifying"
    """Version, digest and label of each pod, smoke checks through the preview Service."""
    STEPPING = "stepping"
    """The new color gets a share of the shards."""
    WATCHING = "watching"
    """Both colors trade and are compared."""
    SWAPPING = "swapping"
    """Service and intent move to the new color."""
    SETTLING = "settling"
    """New requests and all shards are awaited at the new color."""
    BAKING = "baking"
    """The new color has everything and is compared with the old one before."""
    CLOSING = "closing"
    """The new version stays; it is committed and the mark in the cluster goes."""
    WARM = "warm"
    """Released; the old color still stands by."""
    COOLING = "cooling"
    """The old color is scaled down."""
    DONE = "done"
    LEFTOVER = "leftover"
    """Released, but the old color could not be scaled down."""
    RAISING = "raising"
    """Way back: a ready pod of the old color is awaited, made when there is none."""
    RETURNING = "returning"
    """Way back: Service and intent move to the old color."""
    TIDYING = "tidying"
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

_TO_TIDYING = {
    Trigger.FAIL: Phase.TIDYING,
    Trigger.EXPIRE: Phase.TIDYING,
    Trigger.ABORT: Phase.TIDYING,
    Trigger.ROLLBACK: Phase.TIDYING,
}
"""Before any shard or request moved there is nothing to bring back."""

_TO_RAISING = {
    Trigger.FAIL: Phase.RAISING,
    Trigger.EXPIRE: Phase.RAISING,
    Trigger.ABORT: Phase.RAISING,
    Trigger.ROLLBACK: Phase.RAISING,
}

_MOVES: Mapping[Phase, Mapping[Trigger, Phase]] = {
    Phase.GATING: {
        Trigger.READY: Phase.PLACING,
        Trigger.FAIL: Phase.REFUSED,
        Trigger.EXPIRE: Phase.REFUSED,
        Trigger.ABORT: Phase.REFUSED,
        Trigger.ROLLBACK: Phase.REFUSED,
    },
    Phase.PLACING: {Trigger.READY: Phase.VERIFYING, **_TO_TIDYING},
    Phase.VERIFYING: {
        Trigger.STEP: Phase.STEPPING,
        Trigger.READY: Phase.SWAPPING,
        **_TO_TIDYING,
    },
    Phase.STEPPING: {Trigger.READY: Phase.WATCHING, **_TO_RAISING},
    Phase.WATCHING: {
        Trigger.STEP: Phase.STEPPING,
        Trigger.READY: Phase.SWAPPING,
        Trigger.PROMOTE: Phase.SWAPPING,
        **_TO_RAISING,
    },
    Phase.SWAPPING: {Trigger.READY: Phase.SETTLING, **_TO_RAISING},
    Phase.SETTLING: {Trigger.READY: Phase.BAKING, **_TO_RAISING},
    Phase.BAKING: {Trigger.READY: Phase.CLOSING, Trigger.PROMOTE: Phase.CLOSING, **_TO_RAISING},
    Phase.CLOSING: {
        Trigger.READY: Phase.WARM,
        Trigger.EXPIRE: Phase.WARM,
        Trigger.ROLLBACK: Phase.RAISING,
    },
    Phase.WARM: {
        Trigger.EXPIRE: Phase.COOLING,
        Trigger.ROLLBACK: Phase.RAISING,
        Trigger.REPLACE: Phase.DONE,
    },
    Phase.COOLING: {
        Trigger.READY: Phase.DONE,
        Trigger.FAIL: Phase.LEFTOVER,
        Trigger.EXPIRE: Phase.LEFTOVER,
        Trigger.ROLLBACK: Phase.RAISING,
    },
    Phase.DONE: {Trigger.ROLLBACK: Phase.RAISING, Trigger.REPLACE: Phase.DONE},
    Phase.LEFTOVER: {
        Trigger.RESUME: Phase.COOLING,
        Trigger.ROLLBACK: Phase.RAISING,
        Trigger.REPLACE: Phase.DONE,
    },
    Phase.RAISING: {Trigger.READY: Phase.RETURNING, Trigger.EXPIRE: Phase.STUCK},
    Phase.RETURNING: {Trigger.READY: Phase.TIDYING, Trigger.EXPIRE: Phase.STUCK},
    Phase.TIDYING: {Trigger.READY: Phase.ROLLED_BACK, Trigger.EXPIRE: Phase.STUCK},
    Phase.ROLLED_BACK: {Trigger.REPLACE: Phase.ROLLED_BACK},
    Phase.REFUSED: {Trigger.REPLACE: Phase.REFUSED},
    Phase.STUCK: {Trigger.RESUME: Phase.RAISING, Trigger.ROLLBACK: Phase.RAISING},
}

RESTING = frozenset(
    {
        Phase.WARM,
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

GOING_BACK = frozenset(
    {Phase.RAISING, Phase.RETURNING, Phase.TIDYING, Phase.ROLLED_BACK, Phase.STUCK}
)
"""Once here, never forward again."""

AUTHORITY_MOVED = frozenset(
    {
        Phase.STEPPING,
        Phase.WATCHING,
        Phase.SWAPPING,
        Phase.SETTLING,
        Phase.BAKING,
        Phase.CLOSING,
        Phase.WARM,
        Phase.COOLING,
        Phase.DONE,
        Phase.LEFTOVER,
    }
)
"""The new color may hold shards here, so the way back leads through the old one's readiness."""

SWAPPED = frozenset(
    {
        Phase.SWAPPING,
        Phase.SETTLING,
        Phase.BAKING,
        Phase.CLOSING,
        Phase.WARM,
        Phase.COOLING,
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
        raise RefusedError(f"this release is {phase}: it {_REFUSALS[trigger]}")
    raise LookupError(f"{trigger} cannot come in {phase}")


def diagram() -> str:
    """Return the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> gating"]
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
