"""Whether the new color is slower: a bet on blocks of time, so that one slow burst is one loss.

In each block the medians of both colors are compared. If the new one is not slower by the factor
that is allowed, a block in which it looks so is at most as likely as one in which it does not; a
bet of a part of the capital on "slower" then cannot grow beyond 1/alpha with more than probability
alpha (Ville again). A block lasts until both colors have answered often enough to have a median,
so few orders make long blocks, not none. A burst of slowness that fills a few blocks is no proof;
what lasts is: at the bar of 200, ten slow blocks in a row and no fewer.
Source: as for errors; the sign test is Arbuthnot's, 1710.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from release.analysis.readings import told
from release.model import Counters, Look, Snapshot

BLOCK_SECONDS = 10.0
ANSWERS_MIN = 5.0
"""Fewer answers have no median worth a bet: the block goes on."""
STAKES = (0.3, 0.6, 0.9)

Buckets = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Slowness:
    """The evidence for "slower", and what it rests on."""

    value: float
    slow: int
    blocks: int
    """That could be compared."""
    answered: float
    """By the new color, in the whole time."""


def slower(looks: Sequence[Look], ratio: float, *, concurrent: bool) -> Slowness:
    """Compare in each block of time; after a swap with all that the old color had answered."""
    begin = slow = blocks = 0
    capitals = [1.0] * len(STAKES)
    past = None if concurrent else median(_of(looks[0].old))
    for end in range(1, len(looks)):
        if looks[end].new.at - looks[begin].new.at < BLOCK_SECONDS:
            continue
        new = median(_between(looks[begin].new, looks[end].new))
        old = median(_between(looks[begin].old, looks[end].old)) if concurrent else past
        if new is None or old is None:
            continue
        begin = end
        blocks += 1
        is_slow = new > ratio * old
        slow += is_slow
        capitals = [
            capital * (1 + stake if is_slow else 1 - stake)
            for capital, stake in zip(capitals, STAKES, strict=True)
        ]
    whole = _between(looks[0].new, looks[-1].new)
    answered = whole[-1][1] if whole else 0.0
    return Slowness(sum(capitals) / len(capitals), slow, blocks, answered)


def median(buckets: Buckets) -> float | None:
    """Return the median of a cumulative histogram, linear in a bucket; None: too few answers."""
    if not buckets or buckets[-1][1] < ANSWERS_MIN:
        return None
    half, below, count = buckets[-1][1] / 2, 0.0, 0.0
    for bound, within in buckets:
        if within >= half:
            if bound == float("inf"):
                return below
            share = (half - count) / (within - count) if within > count else 1.0
            return below + share * (bound - below)
        below, count = bound, within
    return below


def _of(snapshot: Snapshot) -> Buckets:
    return _sum([pod.latency_buckets for pod in snapshot.pods])


def _between(before: Snapshot, after: Snapshot) -> Buckets:
    known = {(pod.pod, pod.started): pod for pod in before.pods}
    return _sum(
        [
            _since(known.get((pod.pod, pod.started)), pod, before.at)
            for pod in after.pods
            if pod.started is not None
        ]
    )


def _since(before: Counters | None, after: Counters, begin: float) -> Buckets:
    if before is None:
        return after.latency_buckets if (after.started or 0.0) >= begin else ()
    was, now = before.latency_buckets, after.latency_buckets
    if [bound for bound, _ in was] != [bound for bound, _ in now]:
        return ()
    return tuple((bound, n - w) for (bound, n), (_, w) in zip(now, was, strict=True))


def _sum(all_buckets: list[Buckets]) -> Buckets:
    """Add up; nothing when they cannot be added, or when a counter fell or is no number."""
    counted = [buckets for buckets in all_buckets if buckets]
    if len({tuple(bound for bound, _ in buckets) for buckets in counted}) != 1:
        return ()
    if any(told(count) is None for buckets in counted for _, count in buckets):
        return ()
    return tuple(
        (counted[0][n][0], sum(buckets[n][1] for buckets in counted))
        for n in range(len(counted[0]))
    )
