"""One rule for each area: from the values that change to sentences. Pure."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from bot.contract import environment as env
from bot.contract import reloadable
from bot.contract.parameters import AT_RISK, RELOADABLE, Risk
from infra.review import pod_rules, world
from infra.review.areas import Area
from infra.review.leaves import FILE_PATH, HIDDEN, Leaf, changed
from infra.review.sentences import Finding, Rule, Sentence, loud, said
from infra.review.steps import Step
from infra.review.wording import arrow, place, symbols_text

_SWITCHES = frozenset(row.key for row in AT_RISK if row.risk is Risk.OFF)
_AMOUNTS = frozenset(row.key for row in AT_RISK if row.risk is Risk.HIGHER)
_RELOADABLE = frozenset(row.key for row in RELOADABLE)


def _quiet(told: Sentence) -> list[Finding]:
    return said(told.leaves, attention=False)


def _cluster(told: Sentence) -> list[Finding]:
    found = said([leaf for leaf in told.leaves if leaf.path != "version"], attention=True)
    plugin = [leaf for leaf in told.leaves if leaf.path == "version"]
    return found + said(plugin, attention=False)


def _selector(told: Sentence) -> list[Finding]:
    old, new = told.old.selected, told.new.selected
    if old and new and old is not new:
        return [Finding(f"Requests go to {new} instead of {old}.")]
    return loud(told)


def _intent(told: Sentence) -> list[Finding]:
    found: list[Finding] = []
    for move in world.moves(told.old, told.new):
        symbols = symbols_text(move)
        found.append(Finding(f"Trading of {symbols} goes from {move.giver} to {move.taker}."))
    return found or loud(told)


def _secrets(told: Sentence) -> list[Finding]:
    found: list[Finding] = []
    files = [leaf for leaf in told.leaves if leaf.step.kind == "Secret"]
    for leaf in files:
        file = leaf.path.partition(".")[2]
        what = f"The secret file `{file}` is" if file else "Secret files are"
        gone = "taken away" if leaf.after is None else "touched"
        found.append(Finding(f"{what} {gone}; pods read it at their next start."))
    variables: dict[str, None] = {}
    for leaf in told.leaves:
        if leaf not in files and leaf.after is not None:
            variables[place(leaf.path)] = None
    for name in variables:
        text = f"{name} is in the environment of the pods: what is secret belongs in a Secret."
        found.append(Finding(text))
    return found or loud(told)


def _trading(told: Sentence) -> list[Finding]:
    live = [
        leaf
        for leaf in told.leaves
        if f"[{env.ENABLE_TRADING}]" in leaf.path and leaf.after == "true"
    ]
    begins = [Finding("**Orders begin to go to the exchange.**")] if live else []
    return begins + loud(told)


def _risk_limits(told: Sentence) -> list[Finding]:
    found: list[Finding] = []
    for leaf in told.leaves:
        key = leaf.path.removeprefix(FILE_PATH)
        change = f"`{key}`: {arrow(leaf.before, leaf.after)}, taken over without a restart"
        if _raises(key, leaf):
            found.append(Finding(f"**Raises risk**: {change}."))
        elif key in _SWITCHES:
            found.append(Finding(f"Holds trading back: {change}."))
        else:
            known = key in _RELOADABLE or key.startswith(reloadable.ACKNOWLEDGE_RISK_INCREASE)
            found.append(Finding(f"{change}.", attention=not known))
    return found


def _raises(key: str, leaf: Leaf) -> bool:
    """A limit that is larger, or gone, or cannot be compared; a switch that is off."""
    if key in _SWITCHES:
        return leaf.after != "true"
    if key not in _AMOUNTS:
        return False
    try:
        return Decimal(leaf.after or "Infinity") > Decimal(leaf.before or "Infinity")
    except InvalidOperation:
        return True


def wildcards(step: Step) -> Iterator[Finding]:
    """Tell of rights to everything."""
    for leaf in changed(step):
        if leaf.after == "*" and re.match(r"rules\[", leaf.path):
            yield Finding(f"**{step.title} gives rights to everything** ({leaf.path}: `*`).")


def _rights(told: Sentence) -> list[Finding]:
    steps = {id(leaf.step): leaf.step for leaf in told.leaves}
    return [*(found for step in steps.values() for found in wildcards(step)), *loud(told)]


def _migration(told: Sentence) -> list[Finding]:
    """Tell which run again, and which bring another version's schema to a database in use."""
    jobs: dict[str, bool] = {}
    for leaf in told.leaves:
        title = leaf.step.title
        jobs[title] = jobs.get(title, False) or leaf.path.endswith(".image")
    again = "is made anew: it runs once for each image and database"
    other = (
        "is another version's: it may change the database that is traded on, before the pods start"
    )
    return [Finding(f"{job} {other if new else again}.", new) for job, new in jobs.items()]


def _environment(told: Sentence) -> list[Finding]:
    loud = [leaf for leaf in told.leaves if HIDDEN in (leaf.before, leaf.after)]
    quiet = [leaf for leaf in told.leaves if leaf not in loud]
    return said(loud, attention=True) + said(quiet, attention=False)


RULES: Mapping[Area, Rule] = {
    Area.CLUSTER: _cluster,
    Area.SELECTOR: _selector,
    Area.INTENT: _intent,
    Area.SECRETS: _secrets,
    Area.RIGHTS: _rights,
    Area.IMAGE: pod_rules.image,
    Area.PROBES: pod_rules.probes,
    Area.RESOURCES: loud,
    Area.TRADING: _trading,
    Area.RISK_LIMITS: _risk_limits,
    Area.SHUTDOWN: pod_rules.shutdown,
    Area.DISRUPTION: loud,
    Area.REPLICAS: pod_rules.replicas,
    Area.OTHER: loud,
    Area.MIGRATION: _migration,
    Area.ENVIRONMENT: _environment,
    Area.HARMLESS: _quiet,
}
if RULES.keys() != set(Area):
    raise AssertionError("every area needs its rule")
