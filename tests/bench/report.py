"""docs/benchmarks.md: what was measured, against what was aimed at. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

MEGABYTE = 1_000_000
MEBIBYTE = 1_048_576


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `goal` must not be exceeded; None where nothing is promised."""

    what: str
    value: float
    unit: str
    goal: float | None = None
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether the goal, if there is one, is met."""
        return self.goal is None or self.value <= self.goal

    @property
    def line(self) -> str:
        """The line."""
        goal = "" if self.goal is None else f"≤ {self.goal:g} {self.unit}".rstrip()
        met = "" if self.goal is None else "yes" if self.met else "**no**"
        measured = f"{self.value:.2f} {self.unit}".rstrip()
        return f"| {self.what} | {measured} | {goal} | {met} | {self.note} |"


@dataclass(frozen=True, slots=True)
class Pair:
    """A command, ours and the bare program's in turns, so that both meet the same machine."""

    ours: Sequence[float]
    bare: Sequence[float]

    @classmethod
    def of(cls, pairs: Sequence[tuple[float, float]]) -> Self:
        """Take what was measured in turns."""
        return cls([ours for ours, _ in pairs], [bare for _, bare in pairs])

    def figures(self, what: str, goal: float) -> list[Figure]:
        """Return the ratio of the medians, and the times that it is made of."""
        ours, bare = statistics.median(self.ours), statistics.median(self.bare)
        note = f"medians of {len(self.ours)} each, in turns"
        return [
            Figure(f"{what}: ours / bare program", ours / bare, "", goal, note),
            Figure(f"{what}: ours", ours, "s", note=spread(self.ours)),
            Figure(f"{what}: bare program", bare, "s", note=spread(self.bare)),
        ]


def spread(values: Sequence[float]) -> str:
    """Return the smallest and the largest."""
    return f"{min(values):.2f} to {max(values):.2f}"


def plot(what: str, unit: str, values: Mapping[str, float]) -> str:
    """Return bars that forges and editors draw (Mermaid)."""
    names = ", ".join(f'"{name}"' for name in values)
    numbers = ", ".join(f"{value:.1f}" for value in values.values())
    return f"""```mermaid
xychart-beta
    title "{what}"
    x-axis [{names}]
    y-axis "{unit}" 0 --> {max(values.values()) * 1.1:.0f}
    bar [{numbers}]
```
"""


def plots(figures: Sequence[Figure]) -> str:
    """Plot what was measured for several numbers of replicas."""
    series: dict[tuple[str, str], dict[str, float]] = {}
    for figure in figures:
        count, colon, what = figure.what.partition(": ")
        if colon and count.endswith((" replica", " replicas")):
            series.setdefault((what, figure.unit), {})[count] = figure.value
    return "\n".join(plot(*key, values) for key, values in series.items())


def document(figures: Sequence[Figure], machine: str, date: str, revision: str) -> str:
    """Return the whole file."""
    lines = "\n".join(figure.line for figure in figures)
    return f"""# Benchmarks

Written by `make bench`; do not edit. One run on {date}, of revision {revision}.
Machine: {machine}.

All figures are of one run, so ratios compare like with like; absolute times belong to this machine.
The bare program (`tests/bench/bare/`) declares two Deployments and a Service and nothing else: as
quick as a swap by `pulumi up` can be.

| what | measured | goal | met | note |
|---|---|---|---|---|
{lines}

{plots(figures)}"""
