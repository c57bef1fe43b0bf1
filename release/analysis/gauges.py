"""What is bad by itself, without statistics: when some looks in a row agree on it."""

from collections.abc import Mapping, Sequence

from release.analysis.readings import valid_number
from release.decide.model import Counters, Look, Snapshot

LASTING = 3
"""So many looks in a row: one scrape in the wrong moment is no reason."""


def bad(looks: Sequence[Look], thresholds: Mapping[str, float]) -> list[str]:
    """Say what the last looks agree on. What is not told is not bad: `readings` says so."""
    last = _scrapes(looks)
    if len(last) < LASTING:
        return []
    reasons: list[str] = []
    ages = [max(map(_age, look.new.pods), default=0.0) for look in last]
    if min(ages) > thresholds["heartbeat_age_seconds"]:
        reasons.append(f"the heartbeat of a new pod is {ages[-1]:.0f} s old")
    more = [_unresolved(look.new) - _unresolved(look.old) for look in last]
    if min(more) > thresholds["unresolved_orders"]:
        reasons.append(f"{more[-1]:.0f} more orders without an answer than with the old color")
    return reasons


def _scrapes(looks: Sequence[Look]) -> list[Look]:
    """Return the last looks, oldest first, without those that were told the same scrape again."""
    recent: list[Look] = []
    later: list[float] | None = None
    for look in reversed(looks):
        at = [pod.at for pod in look.new.pods]
        if at != later:
            recent.append(look)
        if len(recent) == LASTING:
            break
        later = at
    return recent[::-1]


def _age(pod: Counters) -> float:
    return valid_number(pod.heartbeat_age_seconds) or 0.0


def _unresolved(snapshot: Snapshot) -> float:
    return sum(valid_number(pod.unresolved_orders) or 0.0 for pod in snapshot.pods)
