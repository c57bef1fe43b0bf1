"""Whether the new color is slower: a bet on blocks of time, so that one slow burst is one loss.

In each block the medians of both colors are compared. If the new one is not slower by the factor
that is allowed, a block in which it looks so is at most as likely as one in which it does not; a
bet of half the stake on "slower" then cannot grow beyond 1/alpha with more than probability alpha
(Ville again). Source: as for errors; the sign test is Arbuthnot's, 1710.
"""

from collections.abc import Sequence

from release.model import Counters, Look, Snapshot

BLOCK_SECONDS = 10.0
ANSWERS_MIN = 5.0
"""Fewer answers in a block have no median worth a bet."""
STAKES = (0.3, 0.6, 0.9)

Buckets = tuple[tuple[float, float], ...]


def slower(looks: Sequence[Look], ratio: float, *, concurrent: bool) -> tuple[float, int, int]:
    """Return the evidence, the slow blocks and all blocks that could be compared."""
    begin = 0
    capitals = [1.0] * len(STAKES)
    slow = blocks = 0
    for end in range(1, len(looks)):
        if looks[end].new.at - looks[begin].new.at < BLOCK_SECONDS:
            continue
        new = median(_between(looks[begin].new, looks[end].new))
        old = median(
            _between(looks[begin].old, looks[end].old) if concurrent else _of(looks[0].old)
        )
        begin = end
        if new is None or old is None:
            continue
        blocks += 1
        is_slow = new > ratio * old
        slow += is_slow
        capitals = [
            capital * (1 + stake if is_slow else 1 - stake)
            for capital, stake in zip(capitals, STAKES, strict=True)
        ]
    return sum(capitals) / len(capitals), slow, blocks


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
    return _sum([_since(known.get((pod.pod, pod.started)), pod) for pod in after.pods])


def _since(before: Counters | None, after: Counters) -> Buckets:
    if before is None or len(before.latency_buckets) != len(after.latency_buckets):
        return ()
    return tuple(
        (bound, max(0.0, now - was))
        for (bound, now), (_, was) in zip(
            after.latency_buckets, before.latency_buckets, strict=True
        )
    )


def _sum(all_buckets: list[Buckets]) -> Buckets:
    told = [buckets for buckets in all_buckets if buckets]
    if not told or len({len(buckets) for buckets in told}) > 1:
        return ()
    return tuple(
        (told[0][n][0], sum(buckets[n][1] for buckets in told)) for n in range(len(told[0]))
    )
