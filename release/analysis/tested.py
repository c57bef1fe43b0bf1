"""The tests of errors: which counters, against what, and how much of alpha each may spend."""

from collections.abc import Sequence
from dataclasses import dataclass

from release.analysis import errors, streams
from release.analysis.errors import Evidence
from release.analysis.readings import Read, valid_number
from release.analysis.streams import Pair, Step
from release.decide.model import Look

SHARES = {"orders": 0.75, "rejections": 0.04, "requests": 0.04, "latency": 0.085}
"""Of alpha, for each test: together they send a healthy version back no oftener than one would."""
IDLE_SHARE = 0.1
"""Of a test's own share on top, for when the old color tries nothing beside the new one."""
assert sum(SHARES.values()) + IDLE_SHARE * (sum(SHARES.values()) - SHARES["latency"]) <= 1  # noqa: S101 - constants that depend on each other

RECENT_SECONDS = 30.0
_SHARDED = frozenset({"orders", "rejections"})
"""What a canary's part of the shards brings to both colors; requests all go to the active one."""
_STREAMS: tuple[tuple[str, Read, Read], ...] = (
    ("orders", lambda c: c.orders, lambda c: c.order_errors),
    ("rejections", lambda c: c.orders, lambda c: c.rejections),
    ("requests", lambda c: c.requests, lambda c: c.request_errors),
)


@dataclass(frozen=True, slots=True)
class Tested:
    """One test."""

    name: str
    evidence: Evidence
    bar: float
    """The evidence that is enough."""
    expected: float
    """How many the new color should have tried by now, by what the old one did."""
    recent: Step
    """What the new color did of late."""

    @property
    def value(self) -> float:
        """How much speaks for "worse"."""
        return self.evidence.value

    @property
    def summary(self) -> str:
        """It in a sentence, for people."""
        e = self.evidence
        return (
            f"{self.name}: {e.new_wrong:.0f} of {e.new_tried:.0f} went wrong ({e.new_rate:.2%}), of"
            f" the old color's {e.old_wrong:.0f} of {e.old_tried:.0f} ({e.old_rate:.2%}), in"
            f" {e.bursts} bursts of errors; evidence {e.value:.3g} of {self.bar:.0f}"
        )


def tests_of(looks: Sequence[Look], alpha: float, *, concurrent: bool) -> list[Tested]:
    """Test every stream of errors.

    While both trade but the old color tries nothing in one of them (its symbols rest), nobody else
    could have made the next error: then its past is what the new one is held against.
    """
    tested: list[Tested] = []
    for name, tried, wrong in _STREAMS:
        steps = streams.pairs(looks, tried, wrong)
        before, share = streams.totals(looks[0].old, tried, wrong), SHARES[name] * alpha
        expected = _pace(looks, tried) * (looks[-1].new.at - looks[0].new.at)
        if concurrent and any(step.old.tried for step in steps):
            evidence = errors.together(steps)
            expected = evidence.old_tried if name in _SHARDED else 0.0
            tested.append(Tested(name, evidence, 1 / share, expected, _recent(steps)))
            continue
        share *= IDLE_SHARE if concurrent else 1.0
        evidence = errors.afterwards(steps, *before, share)
        expected = 0.0 if concurrent else expected
        tested.append(Tested(name, evidence, 1 / share, expected, _recent(steps)))
    return tested


def _recent(steps: Sequence[Pair]) -> Step:
    seconds = tried = wrong = 0.0
    for step in reversed(steps):
        if seconds >= RECENT_SECONDS:
            break
        seconds, tried = seconds + step.new.seconds, tried + step.new.tried
        wrong += step.new.wrong
    return Step(seconds, tried, wrong)


def _pace(looks: Sequence[Look], tried: Read) -> float:
    """Return how many the old color tried in a second, before these looks."""
    lived = [
        (valid_number(tried(pod)) or 0.0, pod.at - (valid_number(pod.started) or 0.0))
        for pod in looks[0].old.pods
    ]
    return sum(count / age for count, age in lived if age > 0)
