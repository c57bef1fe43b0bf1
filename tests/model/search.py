"""Many runs of a setting: the first violations, and the smallest trace that shows one."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from tests.model.plan import Plan
from tests.model.setting import Setting
from tests.model.simulation import Outcome, Simulation, run

_Item = TypeVar("_Item")
_SHRUNK = 3
"""How many counter-examples are made smaller, to show the smallest of them."""


def violations(setting: Setting, seeds: Iterable[int]) -> Iterator[Outcome]:
    """Yield the runs that broke a promise."""
    for seed in seeds:
        outcome = run(seed, setting)
        if outcome.violation:
            yield outcome


def smallest(setting: Setting, known: Iterable[int], runs: int) -> Outcome | None:
    """Return the shortest of the first few counter-examples, made smaller; None: none found.

    Searches only when none of the known seeds shows one any more.
    """
    first = list(islice(violations(setting, known), _SHRUNK)) or list(
        islice(violations(setting, range(runs)), 1)
    )
    shortened = [smaller(outcome, setting) for outcome in first]
    return min(shortened, key=lambda outcome: len(outcome.lines), default=None)


def story(outcome: Outcome) -> str:
    """Return what a person reads: when, who, what."""
    head = f"seed {outcome.plan.seed}: {outcome.violation or 'every promise kept'}"
    return "\n".join((head, "", *outcome.lines))


def smaller(outcome: Outcome, setting: Setting) -> Outcome:
    """Leave out every fault and signal that the violation does not need; with a trace."""
    best = Simulation(outcome.plan, setting, trace=True).run()
    shrinking = True
    while shrinking:
        shrinking = False
        for plan in _without_one(best.plan):
            tried = Simulation(plan, setting, trace=True).run()
            if tried.violation and len(tried.lines) < len(best.lines):
                best, shrinking = tried, True
                break
    return best


def _without_one(plan: Plan) -> list[Plan]:
    return [
        *(replace(plan, faults=_drop(plan.faults, n)) for n in range(len(plan.faults))),
        *(replace(plan, ambushes=_drop(plan.ambushes, n)) for n in range(len(plan.ambushes))),
        *(replace(plan, signals=_drop(plan.signals, n)) for n in range(len(plan.signals))),
        replace(plan, lost=0.0),
        replace(plan, doubled=0.0),
        replace(plan, rejects=0.0),
        replace(plan, slow=0.0),
        replace(plan, database_slow=0.0),
        replace(plan, venue_slow=0.0),
        replace(plan, lag=0.0),
    ]


def _drop(items: tuple[_Item, ...], number: int) -> tuple[_Item, ...]:
    return items[:number] + items[number + 1 :]
