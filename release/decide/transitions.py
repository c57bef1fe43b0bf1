"""Which phase follows which: read off the table of phases, and drawn from it."""

from collections.abc import Mapping

from release.decide.phase_table import ROWS
from release.decide.phases import BY_PEOPLE, Phase, Trigger

RESTING = frozenset(phase for phase, row in ROWS.items() if row.resting)
ROLLING_BACK = frozenset(phase for phase, row in ROWS.items() if row.rolling_back)
SWAPPED = frozenset(phase for phase, row in ROWS.items() if row.swapped)

TRANSITIONS: Mapping[Phase, Mapping[Trigger, Phase]] = {
    phase: row.moves if row.resting else {**row.moves, Trigger.RESUME: phase}
    for phase, row in ROWS.items()
}
"""A phase that was interrupted is entered again: its deadline and its tries begin anew."""

_REFUSALS: Mapping[Trigger, str] = {
    Trigger.PROMOTE: "can be promoted only while it is watched or bakes",
    Trigger.ABORT: "has nothing left to abort; `release rollback --stack STACK` rolls it back",
    Trigger.ROLLBACK: "is being rolled back already, or has nothing to roll back",
    Trigger.RESUME: "has nothing to resume",
    Trigger.REPLACE: "is not over; `release resume --stack STACK` finishes it, "
    "`release abort --stack STACK` ends it",
}


class RefusedError(ValueError):
    """A person's trigger does not fit the phase; says why."""


def after(phase: Phase, trigger: Trigger) -> Phase:
    """Return the phase that follows.

    Raises:
        RefusedError: a command that does not fit here.
        LookupError: the planner's own trigger where it cannot come: a defect.
    """
    following = TRANSITIONS[phase].get(trigger)
    if following is not None:
        return following
    if trigger in BY_PEOPLE:
        raise RefusedError(f"this release is in phase {phase}: it {_REFUSALS[trigger]}")
    raise LookupError(f"{trigger} cannot come in {phase}")


def diagram() -> str:
    """Return the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> preflight"]
    for phase, row in TRANSITIONS.items():
        targets: dict[Phase, list[Trigger]] = {}
        for trigger, target in row.items():
            if target is not phase:
                targets.setdefault(target, []).append(trigger)
        lines += [
            f"    {_id(phase)} --> {_id(target)}: {', '.join(triggers)}"
            for target, triggers in targets.items()
        ]
    return "\n".join(lines)


def _id(phase: Phase) -> str:
    return phase.value.replace("-", "_")


_PAGE = """# Phases of a release

Drawn from `release/decide/phase_table.py` by `python -m release.decide.transitions`; a test holds
it against the code. A command that a phase has no arrow for is refused with the reason.

```mermaid
{diagram}
```
"""


def page() -> str:
    """Return docs/release/phases.md."""
    return _PAGE.format(diagram=diagram())


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 -- a person redirects it into the manual
