"""Many runs of a setting: the first violations, and the smallest trace that shows one."""

from collections.abc import Iterable, Iterator
from itertools import islice

from tests.model.world import Outcome, Setting, run, smaller

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
    found = [smaller(outcome, setting) for outcome in first]
    return min(found, key=lambda outcome: len(outcome.lines), default=None)


def story(outcome: Outcome) -> str:
    """Return what a person reads: when, who, what."""
    head = f"seed {outcome.plan.seed}: {outcome.violation or 'every promise kept'}"
    return "\n".join((head, "", *outcome.lines))
