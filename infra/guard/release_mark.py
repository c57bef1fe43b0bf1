"""What releases left in the cluster, and whether an `up` may go on in the face of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.contract.release import QuarantineEntry, UnderWay, digest_of
from infra.guard.readiness import Expected


@dataclass(frozen=True, slots=True)
class Standing:
    """What `release` wrote down."""

    quarantined: Mapping[str, QuarantineEntry] = field(default_factory=dict[str, QuarantineEntry])
    """By digest."""
    under_way: UnderWay | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """Who runs this `up`."""

    stack: str
    release: str
    """Id of the release that began it; empty when a person did."""
    returns: bool = False
    """Whether that release sends its new version back."""


def refusals(standing: Standing, asking: Asking, trading: Sequence[Expected]) -> list[str]:
    """Return why nothing may be changed; empty when it may.

    Args:
        standing: what is written down.
        asking: who wants to.
        trading: what shall run under a color that trades.
    """
    found = [] if standing.under_way is None else _under_way(standing.under_way, asking)
    for expected in trading:
        entry = standing.quarantined.get(digest_of(expected.image))
        if entry is not None:
            found.append(_quarantined(entry, expected, asking))
    return found


def _under_way(mark: UnderWay, asking: Asking) -> list[str]:
    if mark.release == asking.release:
        return []
    stack = asking.stack
    text = (
        f"a release is under way ({mark.release}), run by {mark.holder} since {mark.since}, so "
        f"nothing was moved by this `up`.\nLook: `release status --stack {stack}`. Wait for its "
        f"end, or end it: `release abort --stack {stack}`. When who ran it is gone: "
        f"`release resume --stack {stack}`."
    )
    return [text]


def _quarantined(entry: QuarantineEntry, expected: Expected, asking: Asking) -> str:
    color, stack = expected.color, asking.stack
    return (
        f"{color}.image: {entry.digest} is in quarantine since {entry.since}, by {entry.by}: "
        f"{entry.reason}. It may not trade, so nothing was moved.\n"
        f"Stay where you are: `pulumi config set activeColor {color.other}` (a canary: "
        f"`pulumi config set canaryPercent 0`), and give {color} another image. If the digest is "
        f"known to be good: `release quarantine clear {entry.digest} --stack {stack} --reason …`."
    )
