"""Why this `up` may not go on, by what releases wrote into the cluster. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.contract.release import QuarantineEntry, UnderWay, digest_of
from infra.guard.readiness import Expected


@dataclass(frozen=True, slots=True)
class ReleaseMarks:
    """What releases wrote down in the cluster."""

    quarantined: Mapping[str, QuarantineEntry] = field(default_factory=dict[str, QuarantineEntry])
    """By digest."""
    under_way: UnderWay | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who runs this `up`."""

    stack: str
    release: str
    """Id of the release that began it; empty when a person did."""
    rolls_back: bool = False
    """Whether that release rolls back."""


def refuse_caller(marks: ReleaseMarks, caller: Caller, trading: Sequence[Expected]) -> list[str]:
    """Return why nothing may be changed; empty when it may.

    Args:
        marks: what releases wrote down.
        caller: who runs the `up`.
        trading: what shall run under a color that trades.
    """
    texts = [] if marks.under_way is None else _under_way(marks.under_way, caller)
    for expected in trading:
        entry = marks.quarantined.get(digest_of(expected.image))
        if entry is not None:
            texts.append(_quarantined(entry, expected, caller))
    return texts


def _under_way(mark: UnderWay, caller: Caller) -> list[str]:
    if mark.release == caller.release:
        return []
    stack = caller.stack
    text = (
        f"a release is under way ({mark.release}), run by {mark.holder} since {mark.since}, so "
        f"nothing was moved by this `up`.\nLook: `release status --stack {stack}`. Wait for its "
        f"end, or end it: `release abort --stack {stack}`. When who ran it is gone: "
        f"`release resume --stack {stack}`."
    )
    return [text]


def _quarantined(entry: QuarantineEntry, expected: Expected, caller: Caller) -> str:
    color, stack = expected.color, caller.stack
    return (
        f"{color}.image: {entry.digest} is in quarantine since {entry.since}, by {entry.by}: "
        f"{entry.reason}. It may not trade, so nothing was moved.\n"
        f"Keep {color.other} live: `pulumi config set activeColor {color.other}` (a canary: "
        f"`pulumi config set canaryPercent 0`), and give {color} another image. If the digest is "
        "known to be good: "
        f'`release quarantine clear {entry.digest} --stack {stack} --reason "…"`.'
    )
