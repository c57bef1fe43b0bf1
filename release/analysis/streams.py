"""From cumulative counters to what happened between two looks; what cannot be read says so.

A counter that is missing is never taken for zero: a version that stopped counting would pass.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from release.model import Counters, Look, Snapshot

STALE_SECONDS = 15.0
RESETS_MAX = 3
"""So many new processes of one color within one phase are a loop: their counts mean little."""

Read = Callable[[Counters], float | None]


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


def pairs(looks: Sequence[Look], tried: Read, wrong: Read) -> list[Pair]:
    """Return what happened between each two looks that follow each other."""
    return [
        Pair(_step(before.old, after.old, tried, wrong), _step(before.new, after.new, tried, wrong))
        for before, after in pairwise(looks)
    ]


def totals(snapshot: Snapshot, tried: Read, wrong: Read) -> tuple[float, float]:
    """Return what a color counted since its pods began."""
    return (
        sum(tried(pod) or 0.0 for pod in snapshot.pods),
        sum(wrong(pod) or 0.0 for pod in snapshot.pods),
    )


def _step(before: Snapshot, after: Snapshot, tried: Read, wrong: Read) -> Step:
    known = {pod.pod: pod for pod in before.pods}
    all_tried = all_wrong = 0.0
    for pod in after.pods:
        last = known.get(pod.pod)
        if last is not None and last.started == pod.started:
            all_tried += max(0.0, (tried(pod) or 0.0) - (tried(last) or 0.0))
            all_wrong += max(0.0, (wrong(pod) or 0.0) - (wrong(last) or 0.0))
        elif last is not None or (pod.started or 0.0) >= before.at:
            # A process that began meanwhile counted from zero. One that was merely not seen before
            # has a past that is not of this phase.
            all_tried += tried(pod) or 0.0
            all_wrong += wrong(pod) or 0.0
    return Step(max(0.0, after.at - before.at), all_tried, all_wrong)


def resets(looks: Sequence[Look]) -> int:
    """Return how many processes of the new color began anew since the first look."""
    begun = {(pod.pod, pod.started) for look in looks for pod in look.new.pods}
    return len(begun) - len({pod for pod, _ in begun})


REQUIRED: tuple[tuple[str, Read], ...] = (
    ("started", lambda c: c.started),
    ("requests", lambda c: c.requests),
    ("request_errors", lambda c: c.request_errors),
    ("orders", lambda c: c.orders),
    ("order_errors", lambda c: c.order_errors),
    ("rejections", lambda c: c.rejections),
    ("unresolved_orders", lambda c: c.unresolved_orders),
    ("heartbeat_age_seconds", lambda c: c.heartbeat_age_seconds),
)
"""What every pod that is judged must tell."""


def unreadable(looks: Sequence[Look], *, concurrent: bool) -> list[str]:
    """Return why the newest look cannot be judged, in words; empty when it can."""
    last = looks[-1]
    found = _wrong_with(last.new)
    # After a swap the old color is told by its first look; it may be gone by now.
    found += _wrong_with(last.old if concurrent else looks[0].old)
    found += [
        f"{pod.pod}: {name} fell from {before:g} to {after:g} in one process"
        for name, before, after, pod in _fallen(looks)
    ]
    return found


def _wrong_with(snapshot: Snapshot) -> list[str]:
    found = list(snapshot.failures)
    if not snapshot.pods:
        found.append(f"{snapshot.color}: no pod told anything")
    for pod in snapshot.pods:
        if not snapshot.at - pod.at <= STALE_SECONDS:
            found.append(f"{pod.pod}: told {snapshot.at - pod.at:.0f} s ago")
        for name, read in REQUIRED:
            value = read(pod)
            if value is None:
                found.append(f"{pod.pod}: {name} is not told")
            elif not math.isfinite(value) or value < 0:
                found.append(f"{pod.pod}: {name} is {value}")
        counted = ((pod.order_errors, pod.orders), (pod.request_errors, pod.requests))
        found += [
            f"{pod.pod}: {wrong:g} of {tried:g} went wrong"
            for wrong, tried in counted
            if wrong is not None and tried is not None and wrong > tried
        ]
    return found


def _fallen(looks: Sequence[Look]) -> list[tuple[str, float, float, Counters]]:
    found: list[tuple[str, float, float, Counters]] = []
    last = [(before, after) for before, after in pairwise(looks[-2:])]
    both = [pair for b, a in last for pair in ((b.new, a.new), (b.old, a.old))]
    for before, after in both:
        known = {(pod.pod, pod.started): pod for pod in before.pods}
        for pod in after.pods:
            last = known.get((pod.pod, pod.started))
            for name, read in REQUIRED[1:6]:
                now, was = read(pod), read(last) if last else None
                if now is not None and was is not None and now < was:
                    found.append((name, was, now, pod))
    return found
