"""What a soak has shown so far: JSON lines that survive a run that was killed.

A result counts for exactly the sources that it was made with. A failure stays: no repetition
undoes it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from tests.support.checkout import ROOT
from tests.support.process import Shell

_SOURCES = (
    "bot",
    "infra",
    "requirements",
    "tests/support",
    "tests/support/prober",
    "tests/cluster/faulty",
)
"""What the outcome depends on; a change of anything else keeps the results."""


class Kind(StrEnum):
    """What is repeated."""

    SWAP = "swap"
    LATE = "swap, load from a node that learns late"
    WITHOUT_DRAIN = "control: the same without drain"
    WITHOUT_CLOSE = "control: a swap without Connection: close"


@dataclass(frozen=True, slots=True)
class Result:
    """One repetition."""

    kind: str
    """A `Kind`, or the name of a test."""
    sources: str
    broken: Sequence[str]
    """What was not as it should be; empty is good."""
    measurements: Mapping[str, Any]
    """What was seen; of a swap, its numbers."""


def missing(kind: str, repetitions: int, results: Iterable[Result]) -> int:
    """Return how many repetitions of a kind are still to do."""
    return max(0, repetitions - sum(result.kind == kind for result in results))


def fingerprint(sources: Sequence[str] = _SOURCES) -> str:
    """Return what names the sources: the commit's trees, and what differs from them."""
    shell = Shell(ROOT, {"PATH": "/usr/bin:/bin:/usr/local/bin"})
    trees = [shell.run("git", "rev-parse", f"HEAD:{path}").output for path in sources]
    changes = shell.run("git", "diff", "HEAD", "--", *sources).output
    return hashlib.sha256("".join([*trees, changes]).encode()).hexdigest()[:12]


def append(file: Path, result: Result) -> None:
    """Add a result."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        # The newline before it ends the line that a killed run may have left half.
        lines.write(f"\n{json.dumps(asdict(result))}\n")


def load(file: Path, sources: str) -> list[Result]:
    """Return the results of these sources. Half a line, of a killed run, is none."""
    if not file.exists():
        return []
    parsed = [_parse(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [result for result in parsed if result is not None and result.sources == sources]


def _parse(line: str) -> Result | None:
    try:
        return Result(**json.loads(line))
    except (TypeError, ValueError):
        return None
