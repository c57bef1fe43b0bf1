"""The verdict. Only PASS promotes, and only what was measured can pass."""

from collections.abc import Mapping, Sequence

from release.analysis import doubts, gauges, latency, readings
from release.analysis.latency import Slowness
from release.analysis.tested import SHARES, Tested, tests_of
from release.decide.model import Figures, Judgement, Look, StreamFigures, Verdict


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
    figures = _figures(looks, tested, slow)
    worse = [one.summary for one in tested if one.value >= one.bar]
    if slow.value >= bar:
        worse.append(
            f"slower by {thresholds['latency_ratio']:g} x in {slow.slow} of {slow.blocks} blocks of"
            f" at least {latency.BLOCK_SECONDS:g} s"
        )
    worse += gauges.bad(looks, thresholds)
    if worse:
        return Judgement(Verdict.FAIL, tuple(worse), figures)
    if unreadable := readings.unreadable(looks, concurrent=concurrent):
        return Judgement(Verdict.ERROR, tuple(unreadable), figures)
    if reasons := doubts.about(looks, tested, slow, thresholds, concurrent=concurrent):
        return Judgement(Verdict.INCONCLUSIVE, tuple(reasons), figures)
    return Judgement(Verdict.PASS, ("no worse than the old color",), figures)


def _figures(looks: Sequence[Look], tested: Sequence[Tested], slow: Slowness) -> Figures:
    streams = tuple(
        StreamFigures(
            name=one.name,
            tried=one.evidence.new_tried,
            new_rate_pct=round(100 * one.evidence.new_rate, 3),
            old_rate_pct=round(100 * one.evidence.old_rate, 3),
            evidence=round(one.value, 3),
            evidence_needed=round(one.bar, 1),
        )
        for one in tested
    )
    profit = [pod.profit_quote for pod in looks[-1].new.pods if pod.profit_quote is not None]
    return Figures(streams, slow.slow, slow.blocks, sum(profit) if profit else None)
