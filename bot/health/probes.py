"""A probe's answer as text, in the style of the Kubernetes API server's own."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.health.checks import Check, Outcome
from bot.health.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """What one probe says."""

    passed: bool
    text: str


def probe(name: str, checks: Sequence[Check], now: Snapshot, *, verbose: bool) -> ProbeAnswer:
    """Run the checks of one probe. A warning is no failure; a failure is always verbose."""
    results = [(check.name, check.judge(now)) for check in checks]
    passed = all(result.outcome is not Outcome.FAIL for _, result in results)
    if passed and not verbose:
        return ProbeAnswer(passed, "ok")
    lines = [
        f"[-]{check} failed: {result.reason}"
        if result.outcome is Outcome.FAIL
        else f"[+]{check} ok{f' ({result.reason})' if result.reason else ''}"
        for check, result in results
    ]
    lines.append(f"{name} check {'passed' if passed else 'failed'}")
    return ProbeAnswer(passed, "\n".join(lines) + "\n")
