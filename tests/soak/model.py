"""`python -m tests.soak.model`: a million simulated runs of the protocol, on all cores.

What an earlier run did with the same sources counts; a violation stays, whatever comes later.
"""

import os
import sys
from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.model.broken import SOUND
from tests.model.search import violations
from tests.soak.results import Result, append, fingerprint, load
from tests.support.checkout import ROOT

_FILE = ROOT / "reports" / "model.jsonl"
_SOURCES = ("bot/authority", "bot/contract", "bot/trading", "tests/model")
BLOCK = 2_000
"""Seeds that are lost at most, per core, when a run is ended."""


def main() -> int:
    """Do what is missing; 1 when a promise was ever broken."""
    parser = ArgumentParser(prog="python -m tests.soak.model", description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    sources = fingerprint(_SOURCES)
    results = load(_FILE, sources)
    todo = _todo(arguments.runs, results)
    _say(f"sources {sources}; to do: {len(todo) * BLOCK} of {arguments.runs} runs")
    with ProcessPoolExecutor(arguments.processes) as pool:
        doing = {pool.submit(_broken, start): start for start in todo}
        for done in as_completed(doing):
            results.append(Result(str(doing[done]), sources, done.result(), {}))
            append(_FILE, results[-1])
            _say(f"{len(results) * BLOCK} runs, {_violations(results)} violations")
    _say("\n".join(reason for result in results for reason in result.broken))
    return 1 if _violations(results) else 0


def _todo(runs: int, results: list[Result]) -> list[int]:
    """Return the first seed of each block that is missing."""
    known = {result.kind for result in results}
    return [start for start in range(0, runs, BLOCK) if str(start) not in known]


def _broken(start: int) -> list[str]:
    outcomes = violations(SOUND["all"], range(start, start + BLOCK))
    return [f"seed {outcome.plan.seed}: {outcome.violation}" for outcome in outcomes]


def _violations(results: list[Result]) -> int:
    return sum(len(result.broken) for result in results)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - progress, and the report


if __name__ == "__main__":
    sys.exit(main())
