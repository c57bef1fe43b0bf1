"""The verdict. Only PASS promotes, and only what was measured can pass."""

from collections.abc import Mapping, Sequence

from release.analysis import doubts, gauges, latency, readings
from release.analysis.latency import Slowness
from release.analysis.tested import SHARES, Tested, tests_of
from release.decide.model import Judgement, Look, Verdict


def judge(looks: Sequence[Look], thresholds: Mapping[str, float], *, concurrent: bool) -> Judgement:
    """See `release.ports.Judge`.

    FAIL: one of the tests has enough evidence, or a gauge is bad for some looks. ERROR: the newest
    look cannot be read. INCONCLUSIVE: too little was seen, or what was seen speaks for "worse"
    without proving it. PASS: none of these.
    """
    if not looks:
        return Judgement(Verdict.INCONCLUSIVE, ("nobody has looked yet",))
    looks = readings.begun(looks)
    tested = tests_of(looks, thresholds["alpha"], concurrent=concurrent)
    slow = latency.slower(looks, thresholds["latency_ratio"], concurrent=concurrent)
    bar = 1 / (SHARES["latency"] * thresholds["alpha"])
    numbers = _numbers(looks, tested, slow)
    worse = [one.said for one in tested if one.value >= one.bar]
    if slow.value >= bar:
        worse.append(
            f"slower by {thresholds['latency_ratio']:g} x in {slow.slow} of {slow.blocks} blocks of"
            f" at least {latency.BLOCK_SECONDS:g} s"
        )
    worse += gauges.bad(looks, thresholds)
    if worse:
        return Judgement(Verdict.FAIL, tuple(worse), numbers)
    if unreadable := readings.unreadable(looks, concurrent=concurrent):
        return Judgement(Verdict.ERROR, tuple(unreadable), numbers)
    if found := doubts.about(looks, tested, slow, thresholds, concurrent=concurrent):
        return Judgement(Verdict.INCONCLUSIVE, tuple(found), numbers)
    return Judgement(Verdict.PASS, ("no worse than the old color",), numbers)


def _numbers(looks: Sequence[Look], tested: Sequence[Tested], slow: Slowness) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for one in tested:
        numbers[f"{one.name}_tried"] = one.evidence.new_tried
        numbers[f"{one.name}_new_rate_pct"] = round(100 * one.evidence.new_rate, 3)
        numbers[f"{one.name}_old_rate_pct"] = round(100 * one.evidence.old_rate, 3)
        numbers[f"{one.name}_evidence"] = round(one.value, 3)
        numbers[f"{one.name}_evidence_needed"] = round(one.bar, 1)
    numbers |= {"slow_blocks": slow.slow, "blocks": slow.blocks}
    profit = [pod.profit_quote for pod in looks[-1].new.pods if pod.profit_quote is not None]
    if profit:
        numbers["profit_quote"] = sum(profit)
    return numbers
