"""What is bad by itself, without statistics: when some looks in a row agree on it."""

from collections.abc import Mapping, Sequence

from release.analysis.readings import told
from release.decide.model import Counters, Look, Snapshot

LASTING = 3
"""So many looks in a row: one scrape in the wrong moment is no reason."""


def bad(looks: Sequence[Look], thresholds: Mapping[str, float]) -> list[str]:
    """Say what the last looks agree on. What is not told is not bad: `readings` says so."""
    last = _scrapes(looks)
    if len(last) < LASTING:
        return []
    found: list[str] = []
    ages = [max(map(_age, look.new.pods), default=0.0) for look in last]
    if min(ages) > thresholds["heartbeat_age_seconds"]:
        found.append(f"the heartbeat of a new pod is {ages[-1]:.0f} s old")
    more = [_unresolved(look.new) - _unresolved(look.old) for look in last]
    if min(more) > thresholds["unresolved_orders"]:
        found.append(f"{more[-1]:.0f} more orders without an answer than with the old color")
    return found


def _scrapes(looks: Sequence[Look]) -> list[Look]:
    """Return the last looks, oldest first, without those that were told the same scrape again."""
    found: list[Look] = []
    later: list[float] | None = None
    for look in reversed(looks):
        at = [pod.at for pod in look.new.pods]
        if at != later:
            found.append(look)
        if len(found) == LASTING:
            break
        later = at
    return found[::-1]


def _age(pod: Counters) -> float:
    return told(pod.heartbeat_age_seconds) or 0.0


def _unresolved(snapshot: Snapshot) -> float:
    return sum(told(pod.unresolved_orders) or 0.0 for pod in snapshot.pods)
