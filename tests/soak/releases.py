"""`python -m tests.soak.releases`: versions rolled back, again and again; earlier runs count.

Each run does what is missing, prints how long the ways back took and of what that was made up, and
fails if any repetition ever broke a promise.
"""

import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.contract.color import Color
from tests.soak.results import Result, append, fingerprint, load, missing
from tests.support.checkout import ROOT
from tests.support.deployed import deployed
from tests.support.market import trading_stack
from tests.support.platform import Platform, find_platform
from tests.support.releasing import SOON, Releases
from tests.support.rolled_back import let_in_again
from tests.support.stack import BUILD, Stack, two_colors
from tests.support.versions import MISSING, VERSIONS

_FILE = ROOT / "reports" / "soak-releases.jsonl"
_SOURCES = ("bot", "infra", "release", "requirements", "tests/support", "tests/cluster/faulty")
_PARTS = ("detect", "decide", "apply")

_AFTER, _WHOLE = "after detection", "whole"
_AIMS = {"by command": (_WHOLE, 50, 3.0), "killed after the swap": (_AFTER, 95, 5.0)}
"""What was promised of which part: the percentile, and its seconds at most."""


def main() -> int:
    """Do what is missing."""
    parser = ArgumentParser(prog="python -m tests.soak.releases", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--only", action="append", choices=VERSIONS, help="one of them; repeatable")
    arguments = parser.parse_args()
    kinds: Sequence[str] = arguments.only or list(VERSIONS)
    sources = fingerprint(_SOURCES)
    done = load(_FILE, sources)
    left = {kind: missing(kind, arguments.repetitions, done) for kind in kinds}
    _say(f"sources {sources}; to do: {', '.join(f'{n} {kind}' for kind, n in left.items())}")
    if any(left.values()):
        with tempfile.TemporaryDirectory(prefix="soak-releases-") as folder:
            _work(left, sources, Path(folder), find_platform())
    results = load(_FILE, sources)
    broken = [f"{result.kind}: {reason}" for result in results for reason in result.broken]
    for kind in kinds:
        ours = [result for result in results if result.kind == kind]
        measurements = [result.measurements for result in ours if result.measurements]
        _say(figures(kind, measurements))
        broken += missed(kind, measurements)
    _say("\n".join(broken) or "every repetition was as promised")
    return 1 if broken else 0


def _work(left: Mapping[str, int], sources: str, folder: Path, platform: Platform) -> None:
    good = _built(folder / "build", platform)
    images = {kind: VERSIONS[kind].image(good, platform) for kind in left}
    with trading_stack("soak-release", good, folder / "soak", platform, **SOON) as market:
        releases = Releases(market)
        for number in range(max(left.values())):
            for kind in (kind for kind in left if number < left[kind]):
                rows = folder / f"{kind}-{number}"
                rows.mkdir()
                result = _repetition(kind, releases, images[kind], rows, sources)
                if result is not None:
                    append(_FILE, result)
                if VERSIONS[kind].fault != MISSING:
                    let_in_again(releases, images[kind])


def _repetition(
    kind: str, releases: Releases, image: str, rows: Path, sources: str
) -> Result | None:
    """Do it once; None when the prober was late, which proves nothing."""
    try:
        outcome = VERSIONS[kind].released(releases, image, rows)
    except AssertionError as error:
        # The stack is in nobody knows what state: what is kept fails this run and the next.
        append(_FILE, Result(kind, sources, [str(error)], {}))
        raise
    _say(str(outcome))
    return None if outcome.void else Result(kind, sources, outcome.broken, outcome.to_json())


def _built(folder: Path, platform: Platform) -> str:
    """Return the bot as it is, by its digest."""
    created = Stack.create("soak-build", folder, platform)
    with deployed(created, two_colors(BUILD, platform)) as stack:
        return stack.image(Color.BLUE)


def figures(kind: str, measurements: Sequence[Mapping[str, Any]]) -> str:
    """Return the median and the 95th percentile of each part of the ways back."""
    if not measurements:
        return f"{kind}: none yet"
    parts = _parts(measurements)
    if not parts[_WHOLE]:
        return f"{kind}: {len(measurements)} times, never swapped to"
    summary = ", ".join(
        f"{part} {percentile(values, 50):.2f}/{percentile(values, 95):.2f}"
        for part, values in parts.items()
    )
    return f"{kind}, {len(parts[_WHOLE])} times, p50/p95 in seconds: {summary}"


def missed(kind: str, measurements: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the aim of a kind, if it was not met."""
    if kind not in _AIMS or not measurements:
        return []
    part, percent, most = _AIMS[kind]
    value = percentile(_parts(measurements)[part], percent)
    return (
        [f"{kind}: {part}, p{percent}: {value:.2f} s, promised {most:g} s"] if value > most else []
    )


def _parts(measurements: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    splits: list[Mapping[str, float]] = [each["split"] for each in measurements if each["split"]]
    parts = {part: [split[part] for split in splits] for part in _PARTS}
    parts[_AFTER] = [split["decide"] + split["apply"] for split in splits]
    parts[_WHOLE] = [sum(split[part] for part in _PARTS) for split in splits]
    return parts


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that this percentage of all does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the report


if __name__ == "__main__":
    sys.exit(main())
