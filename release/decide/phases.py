"""The names of a release's phases, and of what moves it on. `phase_table` has all facts of each."""

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
    """The new color has all shards and is compared with what the old one did before."""
    FINALIZATION = "finalization"
    """The new version stays; the config is committed, the mark in the cluster is removed."""
    WARM_STANDBY = "warm-standby"
    """Released; the old color stays warm."""
    SCALE_DOWN = "scale-down"
    """The old color is scaled down."""
    DONE = "done"
    LEFTOVER = "leftover"
    """Released, but the old color could not be scaled down."""
    ROLLBACK_PREPARE = "rollback-prepare"
    """A ready pod of the old color is awaited, and started when there is none."""
    ROLLBACK_CUTOVER = "rollback-cutover"
    """Service and intent move to the old color."""
    ROLLBACK_CLEANUP = "rollback-cleanup"
    """The old color has all shards; the new one is scaled down, its digest perhaps quarantined."""
    ROLLED_BACK = "rolled-back"
    REFUSED = "refused"
    """The gates said no; nothing was changed."""
    STUCK = "stuck"
    """The rollback could not be finished in time: a person is needed now."""


class Outcome(StrEnum):
    """How a release stands when its process ends."""

    RELEASED = "released"
    LEFTOVER = "leftover"
    ROLLED_BACK = "rolled-back"
    REFUSED = "refused"
    STUCK = "stuck"
    UNFINISHED = "unfinished"
    """It goes on with `release resume`."""


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
    """A person rolls the new version back."""
    RESUME = "resume"
    """A person lets a stopped release go on."""
    REPLACE = "replace"
    """The next release begins."""


BY_PEOPLE = frozenset(
    {Trigger.PROMOTE, Trigger.ABORT, Trigger.ROLLBACK, Trigger.RESUME, Trigger.REPLACE}
)
"""Triggers that come from a command; the others are the planner's own."""
