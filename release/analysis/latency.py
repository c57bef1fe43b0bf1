"""Whether the new color is slower: a bet on blocks of time, so that one slow burst is one loss.

In each block the medians of both colors are compared. If the new one is not slower by the factor
that is allowed, a block in which it looks so is at most as likely as one in which it does not; a
bet of a part of the capital on "slower" then cannot grow beyond 1/alpha with more than probability
alpha (Ville again). A block lasts until both colors have answered often enough to have a median,
so few orders make long blocks, not none. A burst of slowness that fills a few blocks is no proof;
what lasts is: ten slow blocks in a row at alpha = 5 %, and no fewer.
Source: as for errors; the sign test is Arbuthnot's, 1710.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from release.analysis.readings import valid_number
from release.decide.model import Counters, Look, Snapshot

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


class Blocks:
    """Compares block by block, look by look."""

    def __init__(self, first: Look, ratio: float, *, concurrent: bool) -> None:
        """Begin with a look; after a swap the old color is what it had answered by then."""
        self.slow = self.blocks = 0
        self._first = self._begin = self._last = first
        self._ratio = ratio
        self._past = None if concurrent else median(_of(first.old))
        self._concurrent = concurrent
        self._capitals = [1.0] * len(STAKES)

    def add(self, look: Look) -> None:
        """Take in the next look; it may end a block."""
        self._last, begin = look, self._begin
        if look.new.at - begin.new.at < BLOCK_SECONDS:
            return
        new = median(_between(begin.new, look.new))
        old = median(_between(begin.old, look.old)) if self._concurrent else self._past
        if new is None or old is None:
            return
        self._begin = look
        is_slow = new > self._ratio * old
        self.slow, self.blocks = self.slow + is_slow, self.blocks + 1
        self._capitals = [
            capital * (1 + stake if is_slow else 1 - stake)
            for capital, stake in zip(self._capitals, STAKES, strict=True)
        ]

    @property
    def slowness(self) -> Slowness:
        """The evidence so far."""
        whole = _between(self._first.new, self._last.new)
        value = sum(self._capitals) / len(self._capitals)
        return Slowness(value, self.slow, self.blocks, whole[-1][1] if whole else 0.0)


def slower(looks: Sequence[Look], ratio: float, *, concurrent: bool) -> Slowness:
    """Compare in each block of time; after a swap with all that the old color had answered."""
    blocks = Blocks(looks[0], ratio, concurrent=concurrent)
    for look in looks[1:]:
        blocks.add(look)
    return blocks.slowness


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
    """Add up; nothing when they cannot be added, or when a counter fell or is not a number."""
    counted = [buckets for buckets in all_buckets if buckets]
    if len({tuple(bound for bound, _ in buckets) for buckets in counted}) != 1:
        return ()
    if any(valid_number(count) is None for buckets in counted for _, count in buckets):
        return ()
    return tuple(
        (counted[0][n][0], sum(buckets[n][1] for buckets in counted))
        for n in range(len(counted[0]))
    )
