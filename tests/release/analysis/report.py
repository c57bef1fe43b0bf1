"""`python -m tests.release.analysis.report`: the figures of the analysis, into docs/analysis.md."""

import statistics
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.release.analysis.alarms import HEALTHY, alarm_after, alarm_after_swap
from tests.release.analysis.rules import RULES, by_minute
from tests.release.analysis.simulator import Scenario, counts
from tests.release.analysis.slow_canaries import Pace
from tests.release.analysis.slow_canaries import alarm_after as slow_alarm
from tests.support.checkout import ROOT

_FILE = ROOT / "docs" / "analysis.md"
_BEGIN = "<!-- made by `python -m tests.release.analysis.report` -->"
FRESH = 1_000_000
"""Seeds from here on took no part in any choice of a constant."""
BAD = {
    f"{pace:g} a minute, {rate} times": Scenario(pace, pace, times_as_bad=float(rate))
    for pace, rate in ((20.0, 3), (20.0, 10), (20.0, 100), (100.0, 3), (100.0, 10), (100.0, 100))
}
"""Half an hour of a version that goes wrong so many times as often as the old one's 0.5 %."""

SLOW_EACH = 10
"""Latency takes longer to simulate: each tenth canary."""
SLOW = {
    "as quick": Pace(),
    "1.2 times as slow": Pace(times=1.2),
    "twice": Pace(times=2.0),
    "3 times": Pace(times=3.0),
    "10 times": Pace(times=10.0),
    "20 times, for one minute": Pace(times=20.0, begin=300.0, end=360.0),
    "20 times, for three minutes": Pace(times=20.0, begin=300.0, end=480.0),
}
"""The new color's answers beside the old one's; the allowed factor is 1.5."""

Minutes = Callable[[Scenario, int], float | None]


def _ours(alarm: Minutes) -> Minutes:
    def minutes(scenario: Scenario, seed: int) -> float | None:
        return _minutes(alarm(scenario, seed))

    return minutes


def _theirs(name: str) -> Minutes:
    def minutes(scenario: Scenario, seed: int) -> float | None:
        old, new = (by_minute(each, scenario.look_seconds) for each in counts(scenario, seed))
        return RULES[name](old, new)

    return minutes


JUDGES: dict[str, Minutes] = {
    "**this analysis, both trade**": _ours(alarm_after),
    "**this analysis, after a swap**": _ours(alarm_after_swap),
    **{name: _theirs(name) for name in RULES},
}


def main() -> None:
    """Replace the figures; the text around them stays."""
    parser = ArgumentParser(prog="python -m tests.release.analysis.report", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="canaries of each cell")
    runs: int = parser.parse_args().runs
    text = _FILE.read_text().split(_BEGIN)[0]
    _FILE.write_text(text + "\n".join([_BEGIN, *_figures(runs)]) + "\n")


def _figures(runs: int) -> list[str]:
    seeds = range(FRESH, FRESH + runs)
    return [
        f"{runs} canaries of half an hour in each cell, on seeds that took no part in choosing any",
        "constant; the same streams for all.",
        "",
        "### Healthy versions that are rolled back",
        *_table(HEALTHY, seeds, _share),
        "",
        "### Bad versions: share that is found in half an hour, median minutes of those found",
        *_table(BAD, seeds, _detection),
        "",
        "### Latency: share that is called slower in half an hour, median minutes",
        *_slow(range(FRESH, FRESH + runs // SLOW_EACH)),
    ]


def _slow(seeds: Sequence[int]) -> list[str]:
    rows = ["", f"| {len(seeds)} canaries each | {' | '.join(SLOW)} |"]
    rows.append("|---" * (len(SLOW) + 1) + "|")
    for pace in (20.0, 100.0):
        cells = [
            _detection(
                [_minutes(slow_alarm(Pace(pace), replace(slow, per_minute=pace), s)) for s in seeds]
            )
            for slow in SLOW.values()
        ]
        rows.append(f"| {pace:g} orders a minute and color | {' | '.join(cells)} |")
    return rows


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60


def _table(
    scenarios: dict[str, Scenario], seeds: Sequence[int], cell: Callable[[list[float | None]], str]
) -> list[str]:
    rows = ["", f"| | {' | '.join(scenarios)} |", "|---" * (len(scenarios) + 1) + "|"]
    for name, judge in JUDGES.items():
        cells = [
            cell([judge(scenario, seed) for seed in seeds]) if _fits(name, scenario) else "-"
            for scenario in scenarios.values()
        ]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return rows


def _fits(name: str, scenario: Scenario) -> bool:
    """Say whether the question makes sense: after a swap there is no part of a canary."""
    return "after a swap" not in name or scenario.per_minute == scenario.new_per_minute


def _share(minutes: list[float | None]) -> str:
    return f"{100 * sum(each is not None for each in minutes) / len(minutes):.1f} %"


def _detection(minutes: list[float | None]) -> str:
    detected = [each for each in minutes if each is not None]
    middle = f", {statistics.median(detected):.1f} min" if detected else ""
    return f"{100 * len(detected) / len(minutes):.0f} %{middle}"


if __name__ == "__main__":
    main()
