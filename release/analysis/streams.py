"""From cumulative counters to what happened between two looks.

Each pod's numbers are compared with the last ones that it told, however long ago: counters lose
nothing while nobody looks. A process that is new to us counts from zero only when it began in this
phase; one that was not seen, or not readable, before has a past that is not of this phase.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from release.analysis.readings import COUNTERS, Read, valid_number
from release.decide.model import Counters, Look, Snapshot

RESETS_MAX = 3
"""So many new processes of one color within one phase are a loop: their counts mean little."""


@dataclass(frozen=True, slots=True)
class Step:
    """One color between two looks: how many were tried, and how many of them went wrong."""

    seconds: float
    tried: float
    wrong: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Both colors between two looks."""

    old: Step
    new: Step


Known = dict[tuple[str, float], tuple[float, float]]


@dataclass(slots=True)
class _Meter:
    """Turns one color's snapshots into steps."""

    tried: Read
    wrong: Read
    begin: float
    _known: Known = field(default_factory=Known)

    def after(self, snapshot: Snapshot, seconds: float) -> Step:
        """Return what was counted since the last snapshot that reported it."""
        parts = [self._since_last_reading(pod) for pod in snapshot.pods]
        return Step(seconds, sum(tried for tried, _ in parts), sum(wrong for _, wrong in parts))

    def _since_last_reading(self, pod: Counters) -> tuple[float, float]:
        # Both or neither: errors without attempts, or attempts without errors, are no rate.
        tried, wrong, started = (
            valid_number(self.tried(pod)),
            valid_number(self.wrong(pod)),
            valid_number(pod.started),
        )
        if tried is None or wrong is None or started is None:
            return 0.0, 0.0
        last = self._known.get((pod.pod, started))
        self._known[pod.pod, started] = tried, wrong
        if last is None:
            return (tried, wrong) if started >= self.begin else (0.0, 0.0)
        if tried < last[0] or wrong < last[1]:
            last = 0.0, 0.0  # it fell: it began anew, whatever it says of its start
        # The two are not counted at the same instant: an error may be told before its attempt.
        return max(tried - last[0], wrong - last[1]), wrong - last[1]


def pairs(looks: Sequence[Look], tried: Read, wrong: Read) -> list[Pair]:
    """Return what happened between each two looks that follow each other."""
    old = _Meter(tried, wrong, looks[0].old.at)
    new = _Meter(tried, wrong, looks[0].new.at)
    old.after(looks[0].old, 0.0)
    new.after(looks[0].new, 0.0)
    return [
        Pair(
            old.after(after.old, max(0.0, after.old.at - before.old.at)),
            new.after(after.new, max(0.0, after.new.at - before.new.at)),
        )
        for before, after in pairwise(looks)
    ]


def totals(snapshot: Snapshot, tried: Read, wrong: Read) -> tuple[float, float]:
    """Return what a color counted since its pods began; a pod that does not tell both, nothing."""
    counted = [(valid_number(tried(pod)), valid_number(wrong(pod))) for pod in snapshot.pods]
    both = [(max(t, w), w) for t, w in counted if t is not None and w is not None]
    return sum(t for t, _ in both), sum(w for _, w in both)


def resets(looks: Sequence[Look]) -> int:
    """Return how often a pod of the new color began anew since the first look.

    Told by another start, or by counters that fell in what says that it is the same process.
    """
    begun = {(pod.pod, pod.started) for look in looks for pod in look.new.pods}
    last: dict[tuple[str, float | None], Counters] = {}
    falls = 0
    for look in looks:
        for pod in look.new.pods:
            before = last.get((pod.pod, pod.started))
            falls += before is not None and _fell(before, pod)
            last[pod.pod, pod.started] = pod
    return len(begun) - len({pod for pod, _ in begun}) + falls


def _fell(before: Counters, after: Counters) -> bool:
    readings = [(valid_number(read(before)), valid_number(read(after))) for _, read in COUNTERS]
    return any(was is not None and now is not None and now < was for was, now in readings)
