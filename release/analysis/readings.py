"""What one scrape is good for: which numbers a pod told, and what is odd about them.

A number that is missing is never taken for zero: a version that stopped counting would pass.
"""

import math
from collections.abc import Callable, Sequence

from release.decide.model import Counters, Look, Snapshot

STALE_SECONDS = 15.0
"""How far a pod's answer may be from the look that it belongs to, either way."""
RECENT_LOOKS = 30

Read = Callable[[Counters], float | None]

COUNTERS: tuple[tuple[str, Read], ...] = (
    ("requests", lambda c: c.requests),
    ("request_errors", lambda c: c.request_errors),
    ("orders", lambda c: c.orders),
    ("order_errors", lambda c: c.order_errors),
    ("rejections", lambda c: c.rejections),
)
REQUIRED: tuple[tuple[str, Read], ...] = (
    ("started", lambda c: c.started),
    *COUNTERS,
    ("unresolved_orders", lambda c: c.unresolved_orders),
    ("heartbeat_age_seconds", lambda c: c.heartbeat_age_seconds),
)
"""What every pod that is judged must tell."""


def valid_number(value: float | None) -> float | None:
    """Return a number that can be counted with, or None: missing, NaN, infinite, negative."""
    return value if value is not None and math.isfinite(value) and value >= 0 else None


def begun(looks: Sequence[Look]) -> Sequence[Look]:
    """Return the looks from the first on that saw the old color whole; at least the newest.

    What comes after is held against that one, so a single bad answer must not spoil them all.
    """
    for number, look in enumerate(looks):
        if not wrong_with(look.old):
            return looks[number:]
    return looks[-1:]


def unreadable(looks: Sequence[Look], *, concurrent: bool) -> list[str]:
    """Return why the newest look cannot be judged, in words; empty when it can."""
    last = looks[-1]
    # After a swap the old color is told by its first look; it may be gone by now.
    errors = [*wrong_with(last.new), *wrong_with(last.old if concurrent else looks[0].old)]
    for before in looks[-2:-1]:
        errors += _fallen(before.new, last.new)
        errors += _fallen(before.old, last.old) if concurrent else []
    return errors


def seldom_read(looks: Sequence[Look], *, concurrent: bool) -> str | None:
    """Say so when most of the recent looks saw nothing; None when enough of them did."""
    recent = looks[-RECENT_LOOKS:]
    read = sum(
        not wrong_with(look.new) and not (concurrent and wrong_with(look.old)) for look in recent
    )
    return None if 2 * read > len(recent) else f"{read} of the last {len(recent)} looks were whole"


def wrong_with(snapshot: Snapshot) -> list[str]:
    """Return all that is missing or odd in one color's scrape."""
    errors = list(snapshot.failures)
    if not snapshot.pods:
        errors.append(f"{snapshot.color}: no pod told anything")
    for pod in snapshot.pods:
        errors += _wrong_with_pod(pod, snapshot.at)
    if len({tuple(bound for bound, _ in pod.latency_buckets) for pod in snapshot.pods}) > 1:
        errors.append(f"{snapshot.color}: the pods' latency_buckets have different bounds")
    return errors


def _wrong_with_pod(pod: Counters, at: float) -> list[str]:
    errors: list[str] = []
    if not abs(at - pod.at) <= STALE_SECONDS:
        errors.append(f"{pod.pod}: told {at - pod.at:.0f} s ago")
    for name, read in REQUIRED:
        value = read(pod)
        if value is None:
            errors.append(f"{pod.pod}: {name} is not told")
        elif valid_number(value) is None:
            errors.append(f"{pod.pod}: {name} is {value}")
    errors += [
        f"{pod.pod}: {wrong:g} of {tried:g} went wrong"
        for wrong, tried in ((pod.order_errors, pod.orders), (pod.request_errors, pod.requests))
        if wrong is not None and tried is not None and wrong > tried
    ]
    if not pod.latency_buckets:
        errors.append(f"{pod.pod}: latency_buckets are not told")
    elif any(valid_number(count) is None for _, count in pod.latency_buckets):
        errors.append(f"{pod.pod}: latency_buckets are not numbers")
    return errors


def _fallen(before: Snapshot, after: Snapshot) -> list[str]:
    known = {(pod.pod, pod.started): pod for pod in before.pods}
    errors: list[str] = []
    for pod in after.pods:
        last = known.get((pod.pod, pod.started))
        for name, read in COUNTERS if last else ():
            now, was = valid_number(read(pod)), valid_number(read(last)) if last else None
            if now is not None and was is not None and now < was:
                errors.append(f"{pod.pod}: {name} fell from {was:g} to {now:g} in one process")
    return errors
