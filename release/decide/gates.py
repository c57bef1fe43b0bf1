"""Whether a release may begin: pure judgement of facts that were asked for. All reasons at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.contract.compatibility import Schemas, conflicts
from infra.outputs import StackOutputs
from release.decide.model import Quarantined, Target

OLDER = "older"
FREEZE = "freeze"
SCHEMA = "schema"
OVERRIDES = (OLDER, FREEZE, SCHEMA)
"""Gates that a person may answer for, with name and reason: `--allow-…`."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the gates rest on. None: it could not be asked."""

    outputs: StackOutputs | None
    quarantined: Sequence[Quarantined] | None
    deployed_revision: str
    """Commit of what runs; empty when nobody knows."""
    revision: str
    """Commit of the candidate; empty when nobody knows."""
    descends: bool | None
    """Whether the one is in the history of the other."""
    frozen: str
    """Which freeze window is open, until when, in both zones; empty when none is."""
    schemas: Sequence[Schemas | str] | None = None
    """What the candidate and the live image state, or why one states nothing; None: not asked."""


def closed(target: Target, facts: Facts) -> tuple[str, ...]:
    """Return why the release may not begin; empty when it may."""
    return (
        *_stack(target, facts),
        *_quarantine(target, facts),
        *_history(target, facts),
        *_schemas(facts),
    )


def _stack(target: Target, facts: Facts) -> list[str]:
    outputs = facts.outputs
    if outputs is None:
        return [
            "this stack was never deployed: `pulumi up --stack STACK` once, then release into it"
        ]
    problems: list[str] = []
    if outputs.active_color is not target.old:
        problems.append(
            f"{outputs.active_color} is active now, not {target.old}; plan this release again"
        )
    if outputs.canary_percent:
        problems.append(
            f"a canary of {outputs.canary_percent} % runs that no release began; "
            "`pulumi config set --stack STACK canaryPercent 0 && pulumi up --stack STACK` first"
        )
    if outputs.color(target.old).image == target.image:
        problems.append(f"{target.old} is active and runs {target.image} already")
    return problems


def _quarantine(target: Target, facts: Facts) -> list[str]:
    if "@" not in target.image:
        return []
    if facts.quarantined is None:
        return ["the quarantine could not be read, so nothing may begin"]
    digest = target.image.partition("@")[2]
    return [
        f"{digest} was rolled back on {entry.since:%Y-%m-%d %H:%M} UTC by {entry.by}: "
        f"{entry.reason}; "
        f'`release quarantine --stack STACK clear {digest} --reason "…"` lets it in again'
        for entry in facts.quarantined
        if entry.digest == digest
    ]


def _history(target: Target, facts: Facts) -> list[str]:
    problems: list[str] = []
    if facts.frozen and FREEZE not in target.overrides:
        problems.append(f"{facts.frozen}; wait, or say who answers for it: --allow-freeze")
    if facts.deployed_revision and OLDER not in target.overrides and not facts.descends:
        candidate = facts.revision[:12] or "the candidate"
        problems.append(
            f"the deployed commit {facts.deployed_revision[:12]} is not in the history of "
            f"{candidate}: this would take something back; --allow-older says so"
        )
    return problems


def _schemas(facts: Facts) -> list[str]:
    if facts.schemas is None:
        return []
    stated = [each for each in facts.schemas if isinstance(each, Schemas)]
    problems = [each for each in facts.schemas if isinstance(each, str)]
    if not problems:
        problems = conflicts(*stated)
    return [f"{problem}; or say who answers for it: --allow-schema" for problem in problems]
