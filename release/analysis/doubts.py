"""Why it is too early to say: reasons to look on, and to go back when they last too long."""

from collections.abc import Mapping, Sequence

from release.analysis import readings, streams
from release.analysis.errors import upper_bound
from release.analysis.gauges import LASTING
from release.analysis.latency import BLOCK_SECONDS, Slowness
from release.analysis.tested import Tested
from release.decide.model import Look

SUSPICION = 4.0
"""Evidence that proves nothing, but against which nothing is promoted: of healthy versions every
fourth at most ever meets it, and then waits until it has gone down."""


_NONE_BY_CHANCE = 5.0
"""Of so many expected, a version as busy as the old one shows none less than once in 100 times."""
_SOME = 3.0
_FAR = 2.0
"""So many times the old color's rate, at its bound, nobody takes for chance."""
_ALPHA = 0.05


def about(
    looks: Sequence[Look],
    tested: Sequence[Tested],
    slow: Slowness,
    thresholds: Mapping[str, float],
    *,
    concurrent: bool,
) -> list[str]:
    """Return all of them, in words."""
    least = thresholds["min_attempts"]
    reasons = [*_too_little(looks, tested, least)]
    for one in tested:
        reasons += _about_test(one, least)
    reasons += _about_speed(slow, least)
    if (begun := streams.resets(looks)) >= streams.RESETS_MAX:
        reasons.append(f"counters of the new color began anew {begun} times")
    if seldom := readings.seldom_read(looks, concurrent=concurrent):
        reasons.append(seldom)
    return reasons


def _too_little(looks: Sequence[Look], tested: Sequence[Tested], least: float) -> list[str]:
    reasons: list[str] = []
    most = max(one.evidence.new_tried for one in tested)
    if most < least:
        reasons.append(f"{most:.0f} of {least:.0f} attempts were seen")
    seconds = looks[-1].new.at - looks[0].new.at
    if len(looks) < LASTING or seconds < BLOCK_SECONDS:
        reasons.append(f"{seconds:.0f} of {BLOCK_SECONDS:.0f} s were seen, in {len(looks)} looks")
    return reasons


def _about_test(one: Tested, least: float) -> list[str]:
    evidence = one.evidence
    if one.expected >= min(least, _NONE_BY_CHANCE) and evidence.new_tried <= 0:
        return [f"{one.name}: {one.expected:.0f} were expected of the new color, and none was seen"]
    if evidence.old_tried < least and evidence.new_wrong > 0:
        wrong = f"{evidence.new_wrong:.0f} of {evidence.new_tried:.0f} went wrong"
        return [f"{one.name}: {wrong}, and there is nothing to compare with"]
    if one.value >= SUSPICION:
        return [f"{one.summary}: no proof, but too much to go on"]
    return _about_now(one)


def _about_now(one: Tested) -> list[str]:
    """Let nothing pass in the middle of an outage: one burst is one error, but it may never end."""
    tried, wrong = one.recent.tried, one.recent.wrong
    usual = upper_bound(one.evidence.old_tried, one.evidence.old_wrong, _ALPHA)
    if wrong < _SOME or wrong <= _FAR * usual * tried:
        return []
    seconds = f"{one.recent.seconds:.0f} s"
    return [f"{one.name}: {wrong:.0f} of {tried:.0f} went wrong in the last {seconds}"]


def _about_speed(slow: Slowness, least: float) -> list[str]:
    if slow.blocks == 0 and slow.answered >= least:
        return [f"{slow.answered:.0f} orders were answered, but their latency has no comparison"]
    if slow.value >= SUSPICION:
        return [f"slower in {slow.slow} of {slow.blocks} blocks: no proof, but too much to go on"]
    return []
