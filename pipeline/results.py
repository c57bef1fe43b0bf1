"""What the test runs found, as Markdown for a job's summary: a line for each run and failure."""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

FAILURES_MAX = 50
_WORDS_MAX = 200


@dataclass(frozen=True, slots=True)
class Run:
    """One run of pytest."""

    tests: int
    skipped: int
    seconds: float
    failures: tuple[str, ...]
    """Name of each test that failed, and what it said first."""


def read(junit: str) -> Run:
    """Read what `pytest --junitxml` wrote.

    Raises:
        ValueError: it is no such file.
    """
    try:
        tree = ET.fromstring(junit)  # noqa: S314 -- written by the job that reads it
    except ET.ParseError as error:
        raise ValueError(f"no results of tests: {error}") from error
    cases = list(tree.iter("testcase"))
    return Run(
        tests=len(cases),
        skipped=sum(case.find("skipped") is not None for case in cases),
        seconds=sum(float(suite.get("time", 0)) for suite in tree.iter("testsuite")),
        failures=tuple(
            _failure_line(case, wrong)
            for case in cases
            for wrong in [*case.findall("failure"), *case.findall("error")]
        ),
    )


def markdown(runs: Mapping[str, Run]) -> str:
    """Return the summary; `runs` by their names."""
    if not runs:
        return "### No tests were run\n"
    failed = sum(len(run.failures) for run in runs.values())
    lines = [
        f"### Tests: {f'{failed} failed' if failed else 'all passed'}",
        "",
        "| run | tests | failed | skipped | seconds |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {run.tests} | {len(run.failures)} | {run.skipped} | {run.seconds:.0f} |"
        for name, run in runs.items()
    ]
    all_failures = [failure for run in runs.values() for failure in run.failures]
    lines += ["", *(f"- {failure}" for failure in all_failures[:FAILURES_MAX])]
    if failed > FAILURES_MAX:
        lines.append(f"- and {failed - FAILURES_MAX} more")
    return "\n".join(lines).rstrip() + "\n"


def _failure_line(case: ET.Element, wrong: ET.Element) -> str:
    name = f"{case.get('classname', '')}.{case.get('name', '')}".strip(".")
    first = (wrong.get("message") or "").strip().partition("\n")[0]
    return f"`{name}`: {first[:_WORDS_MAX].replace('`', chr(39))}".rstrip(": ")
