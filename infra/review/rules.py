"""One rule for each area: from the values that change to sentences. Pure."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from bot.contract import environment as env
from bot.contract import reloadable
from bot.contract.parameters import AT_RISK, RELOADABLE, Risk
from infra.review import declared_state, pod_rules
from infra.review.area_changes import AreaChanges, Finding, Rule, all_need_attention, describe
from infra.review.areas import Area
from infra.review.fields import FILE_PATH, HIDDEN, FieldChange, changed
from infra.review.preview import Step
from infra.review.wording import arrow, place, symbols_text

_SWITCHES = frozenset(row.key for row in AT_RISK if row.risk is Risk.OFF)
_PERMISSIONS = frozenset(row.key for row in AT_RISK if row.risk is Risk.ON)
_AMOUNTS = frozenset(row.key for row in AT_RISK if row.risk is Risk.HIGHER)
_RELOADABLE = frozenset(row.key for row in RELOADABLE)


def _quiet(changes: AreaChanges) -> list[Finding]:
    return describe(changes.fields, attention=False)


def _cluster(changes: AreaChanges) -> list[Finding]:
    results = describe(
        [field for field in changes.fields if field.path != "version"], attention=True
    )
    plugin = [field for field in changes.fields if field.path == "version"]
    return results + describe(plugin, attention=False)


def _selector(changes: AreaChanges) -> list[Finding]:
    old, new = changes.old.selected, changes.new.selected
    if old and new and old is not new:
        return [Finding(f"Requests go to {new} instead of {old}.")]
    return all_need_attention(changes)


def _intent(changes: AreaChanges) -> list[Finding]:
    results: list[Finding] = []
    for move in declared_state.moves(changes.old, changes.new):
        symbols = symbols_text(move)
        results.append(Finding(f"Trading of {symbols} goes from {move.giver} to {move.taker}."))
    return results or all_need_attention(changes)


def _ledger(changes: AreaChanges) -> list[Finding]:
    results: list[Finding] = []
    for field in changes.fields:
        if field.before is None:
            text = f"Trading is bound to ledger {field.after}: a pod on another one holds nothing."
            results.append(Finding(text, attention=False))
        else:
            after = field.after or "any"
            text = f"**Trading moves from ledger {field.before} to {after}**, and pauses meanwhile."
            results.append(Finding(text))
    return results


def _secrets(changes: AreaChanges) -> list[Finding]:
    results: list[Finding] = []
    files = [field for field in changes.fields if field.step.kind == "Secret"]
    for field in files:
        file = field.path.partition(".")[2]
        what = f"The secret file `{file}` is" if file else "Secret files are"
        gone = "taken away" if field.after is None else "touched"
        results.append(Finding(f"{what} {gone}; pods read it at their next start."))
    variables: dict[str, None] = {}
    for field in changes.fields:
        if field not in files and field.after is not None:
            variables[place(field.path)] = None
    for name in variables:
        text = f"{name} is in the environment of the pods: what is secret belongs in a Secret."
        results.append(Finding(text))
    return results or all_need_attention(changes)


def _trading(changes: AreaChanges) -> list[Finding]:
    live = [
        field
        for field in changes.fields
        if f"[{env.ENABLE_TRADING}]" in field.path and field.after == "true"
    ]
    begins = [Finding("**Orders begin to go to the exchange.**")] if live else []
    return begins + all_need_attention(changes)


def _risk_limits(changes: AreaChanges) -> list[Finding]:
    results: list[Finding] = []
    for field in changes.fields:
        key = field.path.removeprefix(FILE_PATH)
        change = f"`{key}`: {arrow(field.before, field.after)}, taken over without a restart"
        if _raises(key, field):
            results.append(Finding(f"**Raises risk**: {change}."))
        elif key in _SWITCHES:
            results.append(Finding(f"Holds trading back: {change}."))
        else:
            known = key in _RELOADABLE or key.startswith(reloadable.ACKNOWLEDGE_RISK_INCREASE)
            results.append(Finding(f"{change}.", attention=not known))
    return results


def _raises(key: str, field: FieldChange) -> bool:
    """A limit that is larger, or gone, or cannot be compared; a switch the risky way."""
    if key in _SWITCHES:
        return field.after != "true"
    if key in _PERMISSIONS:
        return field.after == "true"
    if key not in _AMOUNTS:
        return False
    try:
        return Decimal(field.after or "Infinity") > Decimal(field.before or "Infinity")
    except InvalidOperation:
        return True


def wildcards(step: Step) -> Iterator[Finding]:
    """Tell of rights to everything."""
    for field in changed(step):
        if field.after == "*" and re.match(r"rules\[", field.path):
            yield Finding(f"**{step.title} gives rights to everything** ({field.path}: `*`).")


def _rights(changes: AreaChanges) -> list[Finding]:
    steps = {id(field.step): field.step for field in changes.fields}
    return [
        *(finding for step in steps.values() for finding in wildcards(step)),
        *all_need_attention(changes),
    ]


def _migration(changes: AreaChanges) -> list[Finding]:
    """Tell which run again, and which bring another version's schema to a database in use."""
    jobs: dict[str, bool] = {}
    for field in changes.fields:
        title = field.step.title
        jobs[title] = jobs.get(title, False) or field.path.endswith(".image")
    again = "is made anew: it runs once for each image and database"
    other = (
        "is another version's: it may change the database that is traded on, before the pods start"
    )
    return [Finding(f"{job} {other if new else again}.", new) for job, new in jobs.items()]


def _environment(changes: AreaChanges) -> list[Finding]:
    hidden = [field for field in changes.fields if HIDDEN in (field.before, field.after)]
    quiet = [field for field in changes.fields if field not in hidden]
    return describe(hidden, attention=True) + describe(quiet, attention=False)


RULES: Mapping[Area, Rule] = {
    Area.CLUSTER: _cluster,
    Area.SELECTOR: _selector,
    Area.LEDGER: _ledger,
    Area.INTENT: _intent,
    Area.SECRETS: _secrets,
    Area.RIGHTS: _rights,
    Area.IMAGE: pod_rules.image,
    Area.PROBES: pod_rules.probes,
    Area.RESOURCES: all_need_attention,
    Area.TRADING: _trading,
    Area.RISK_LIMITS: _risk_limits,
    Area.SHUTDOWN: pod_rules.shutdown,
    Area.DISRUPTION: all_need_attention,
    Area.REPLICAS: pod_rules.replicas,
    Area.OTHER: all_need_attention,
    Area.MIGRATION: _migration,
    Area.ENVIRONMENT: _environment,
    Area.HARMLESS: _quiet,
}
if RULES.keys() != set(Area):
    raise AssertionError("every area needs its rule")
