"""A probe's answer as text, in the style of the Kubernetes API server's own."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.health.checks import Check, Outcome, judged, worst
from bot.health.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """What one probe says."""

    passed: bool
    text: str


def probe(name: str, checks: Sequence[Check], now: Snapshot, *, verbose: bool) -> ProbeAnswer:
    """Run the checks of one probe. A warning is no failure; a failure is always verbose."""
    results = judged(checks, now)
    passed = worst(list(results.values())) is not Outcome.FAIL
    if passed and not verbose:
        return ProbeAnswer(passed, "ok")
    lines = [
        f"[-]{check} failed: {result.reason}"
        if result.outcome is Outcome.FAIL
        else f"[+]{check} ok{f' ({result.reason})' if result.reason else ''}"
        for check, result in results.items()
    ]
    lines.append(f"{name} check {'passed' if passed else 'failed'}")
    return ProbeAnswer(passed, "\n".join(lines) + "\n")
