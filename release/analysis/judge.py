"""The verdict. Only PASS promotes, and only what was measured can pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from release.analysis import errors, latency, streams
from release.analysis.errors import Evidence
from release.model import Counters, Judgement, Look, Verdict

SHARES = {"orders": 1 / 2, "rejections": 1 / 6, "requests": 1 / 6, "latency": 1 / 6}
"""Of alpha, for each test: together they send a healthy version back no oftener than one would."""
LASTING = 3
"""A gauge counts as bad when this many looks in a row say so."""

_STREAMS: tuple[tuple[str, streams.Read, streams.Read], ...] = (
    ("orders", lambda c: c.orders, lambda c: c.order_errors),
    ("rejections", lambda c: c.orders, lambda c: c.rejections),
    ("requests", lambda c: c.requests, lambda c: c.request_errors),
)


@dataclass(frozen=True, slots=True)
class _Tested:
    name: str
    evidence: Evidence


def judge(looks: Sequence[Look], thresholds: Mapping[str, float], *, concurrent: bool) -> Judgement:
    """See `release.ports.Judge`.

    FAIL: one of the tests has enough evidence, or a gauge is bad for `LASTING` looks. ERROR: the
    newest look cannot be read. INCONCLUSIVE: too little was tried. PASS: none of these.
    """
    tested = [_test(looks, *stream, thresholds, concurrent=concurrent) for stream in _STREAMS]
    slow, slow_blocks, blocks = latency.slower(
        looks, thresholds["latency_ratio"], concurrent=concurrent
    )
    bars = {name: 1 / (share * thresholds["alpha"]) for name, share in SHARES.items()}
    numbers = _numbers(looks, tested) | {"slow_blocks": slow_blocks, "blocks": blocks}
    worse = [_worse(one) for one in tested if one.evidence.value >= bars[one.name]]
    if slow >= bars["latency"]:
        worse.append(
            f"slower by {thresholds['latency_ratio']:g} x in {slow_blocks} of {blocks} blocks of"
            f" {latency.BLOCK_SECONDS:g} s"
        )
    worse += _gauges(looks, thresholds)
    if worse:
        return Judgement(Verdict.FAIL, tuple(worse), numbers)
    if unreadable := streams.unreadable(looks, concurrent=concurrent):
        return Judgement(Verdict.ERROR, tuple(unreadable), numbers)
    if doubts := _doubts(looks, tested, thresholds):
        return Judgement(Verdict.INCONCLUSIVE, tuple(doubts), numbers)
    return Judgement(Verdict.PASS, ("no worse than the old color",), numbers)


def _test(  # noqa: PLR0913 - a stream, and how it is held
    looks: Sequence[Look],
    name: str,
    tried: streams.Read,
    wrong: streams.Read,
    thresholds: Mapping[str, float],
    *,
    concurrent: bool,
) -> _Tested:
    steps = streams.pairs(looks, tried, wrong)
    if concurrent:
        return _Tested(name, errors.together(steps))
    before = streams.totals(looks[0].old, tried, wrong)
    return _Tested(name, errors.afterwards(steps, *before, thresholds["alpha"] * SHARES[name]))


def _worse(tested: _Tested) -> str:
    e = tested.evidence
    return (
        f"{tested.name}: {e.new_bursts} bursts of errors in {e.new_tried:.0f} ({e.new_rate:.2%});"
        f" the old color {e.old_rate:.2%}; evidence {e.value:.3g}"
    )


def _gauges(looks: Sequence[Look], thresholds: Mapping[str, float]) -> list[str]:
    """Say what the last looks agree on."""
    if len(looks) < LASTING:
        return []
    last = looks[-LASTING:]
    found: list[str] = []
    ages = [_largest(look, lambda c: c.heartbeat_age_seconds) for look in last]
    if all(age is not None and age > thresholds["heartbeat_age_seconds"] for age in ages):
        found.append(f"the heartbeat of a new pod is {ages[-1]:.0f} s old")
    more = [
        sum(pod.unresolved_orders or 0 for pod in look.new.pods)
        - sum(pod.unresolved_orders or 0 for pod in look.old.pods)
        for look in last
    ]
    if all(count > thresholds["unresolved_orders"] for count in more):
        found.append(f"{more[-1]:.0f} more orders without an answer than with the old color")
    return found


def _largest(look: Look, read: streams.Read) -> float | None:
    def told(pod: Counters) -> float:
        return read(pod) or 0.0

    return max(map(told, look.new.pods), default=None)


def _doubts(
    looks: Sequence[Look], tested: Sequence[_Tested], thresholds: Mapping[str, float]
) -> list[str]:
    most = max(one.evidence.new_tried for one in tested)
    doubts: list[str] = []
    if most < thresholds["min_attempts"]:
        doubts.append(f"{most:.0f} of {thresholds['min_attempts']:.0f} attempts were seen")
    if (begun := streams.resets(looks)) >= streams.RESETS_MAX:
        doubts.append(f"counters of the new color began anew {begun} times")
    return doubts


def _numbers(looks: Sequence[Look], tested: Sequence[_Tested]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for one in tested:
        numbers[f"{one.name}_tried"] = one.evidence.new_tried
        numbers[f"{one.name}_new_rate_pct"] = round(100 * one.evidence.new_rate, 3)
        numbers[f"{one.name}_old_rate_pct"] = round(100 * one.evidence.old_rate, 3)
        numbers[f"{one.name}_evidence"] = round(one.evidence.value, 3)
    profit = [pod.profit_quote for pod in looks[-1].new.pods if pod.profit_quote is not None]
    if profit:
        numbers["profit_quote"] = sum(profit)
    return numbers
