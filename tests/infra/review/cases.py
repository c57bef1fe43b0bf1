"""Changes that a reviewer meets, as previews: what the program declares before and after.

The inputs are the program's own (Pulumi's mocks); what only the engine knows, a replacement and its
reason, is said here and held against the real engine in `test_engine_review.py`.
"""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from infra.config import StackConfig
from infra.review.preview import Operation, Preview, Step
from tests.infra.recorder import Declared, record
from tests.infra.samples import MOVED, SECRETS, color, config

REPOSITORY = "registry.example/trading-bot"
V14 = f"{REPOSITORY}:1.4.0@sha256:{'4' * 64}"
V15 = f"{REPOSITORY}:1.5.0@sha256:{'5' * 64}"
MASK = "[secret]"

Declarations = dict[str, dict[str, Any]]
Edit = Callable[[Declarations], None]
"""Changes what the program declares, as a change of the program itself would."""


def stack(**changes: object) -> StackConfig:
    """Blue trades 1.4.0, green is the standby with 1.5.0."""
    base: dict[str, object] = {"blue": color(V14), "green": color(V15)}
    return config(**{**base, **changes})


@dataclass(frozen=True)
class Case:
    """One kind of change."""

    name: str
    old: Mapping[str, object] | None
    """Changes to the base config; None when nothing was there."""
    new: Mapping[str, object]
    expected: tuple[str, str, str, str, str]
    """Part of each answer: what moves, restarts, is replaced, is risky, how to undo."""
    edit: Edit | None = None
    reasons: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Replacements: why, by `Kind::name`."""


def _without_floats(value: object) -> Any:  # noqa: ANN401 -- as JSON has it
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return {key: _without_floats(inner) for key, inner in items}
    if isinstance(value, list):
        return [_without_floats(inner) for inner in cast("list[object]", value)]
    return value


def _inputs(declared: Mapping[str, Declared]) -> Declarations:
    kept = {
        key: deepcopy(resource.inputs)
        for key, resource in declared.items()
        if resource.type.startswith(("kubernetes:", "pulumi:providers:"))
    }
    return _without_floats(kept)


@cache
def _recorded(known: str) -> Declarations:
    declared, _ = record(stack(**json.loads(known)))
    return _inputs(declared)


def declarations(changes: Mapping[str, object]) -> Declarations:
    """What the program declares for the base config with these changes."""
    return deepcopy(_recorded(json.dumps(changes)))


def _kind(key: str) -> str:
    kind = key.partition("::")[0]
    return "Provider" if kind == "kubernetes" else kind


def _masked(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    data = inputs.get("data")
    return {**inputs, "data": MASK} if isinstance(data, dict) and "value" in data else inputs


def _files(inputs: Mapping[str, Any]) -> dict[str, str]:
    wrapped = cast("dict[str, Any]", inputs.get("data") or {})
    return cast("dict[str, str]", wrapped.get("value") or {})


def _secret_files(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    files = [_files(side) for side in (old, new)]
    names = sorted({*files[0], *files[1]})
    return [f"data.{name}" for name in names if files[0].get(name) != files[1].get(name)]


def preview(
    old: Declarations, new: Declarations, reasons: Mapping[str, list[str]] | None = None
) -> Preview:
    """What the engine would say of going from one to the other."""
    why = reasons or {}
    steps: list[Step] = []
    for key in [*new, *(key for key in old if key not in new)]:
        name = key.partition("::")[2]
        was, becomes = old.get(key), new.get(key)
        touched: list[str] = []
        if was is None:
            operation = Operation.CREATE
        elif becomes is None:
            operation = Operation.DELETE
        elif key in why:
            operation = Operation.REPLACE
        else:
            operation = Operation.SAME if was == becomes else Operation.UPDATE
        if was and becomes and _kind(key) == "Secret":
            touched = _secret_files(was, becomes)
        before, after = _masked(was or {}), _masked(becomes or {})
        steps.append(Step(operation, _kind(key), name, before, after, why.get(key, []), touched))
    return Preview(sorted(steps, key=lambda step: (step.kind, step.name)))


def of(case: Case) -> Preview:
    old = declarations(case.old) if case.old is not None else {}
    new = declarations(case.new)
    if case.edit:
        case.edit(new)
    return preview(old, new, case.reasons)


def container(declared: Declarations, which: str) -> dict[str, Any]:
    container = declared[f"Deployment::bot-{which}"]["spec"]["template"]["spec"]["containers"][0]
    return cast("dict[str, Any]", container)


def _impatient(declared: Declarations) -> None:
    for which in ("blue", "green"):
        container(declared, which)["livenessProbe"] |= {"periodSeconds": 1, "failureThreshold": 1}


def _mighty(declared: Declarations) -> None:
    declared["Role::role"]["rules"].append({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]})


def _other_ledger(declared: Declarations) -> None:
    declared["ConfigMap::bot-intent"]["data"]["ledger"] = MOVED


def _clear_secret(declared: Declarations) -> None:
    for which in ("blue", "green"):
        container(declared, which)["env"].append({"name": "VENUE_API_KEY", "value": "hush"})


def _no_budget(declared: Declarations) -> None:
    del declared["PodDisruptionBudget::bot-blue"]


def _privileged(declared: Declarations) -> None:
    for which in ("blue", "green"):
        container(declared, which)["securityContext"]["allowPrivilegeEscalation"] = True


def _helper(declared: Declarations) -> None:
    declared["CronJob::helper"] = {
        "metadata": {"name": "helper"},
        "spec": {"schedule": "* * * * *"},
    }


_MOVED = ["metadata.namespace"]
_NAMESPACED = dict.fromkeys(
    (
        "ServiceAccount::service-account",
        "Role::role",
        "RoleBinding::role-binding",
        "NetworkPolicy::network-policy",
        "Secret::bot-secrets",
        "ConfigMap::bot-config",
        "ConfigMap::bot-intent",
        "Job::bot-migration-blue",
        "Job::bot-migration-green",
        "Deployment::bot-blue",
        "Deployment::bot-green",
        "Service::bot-blue",
        "Service::bot-green",
        "Service::bot",
        "PodDisruptionBudget::bot-blue",
        "PodDisruptionBudget::bot-green",
    ),
    _MOVED,
)
_JOB = ["metadata.name", "spec"]
_REVERT = "Revert the commit and `pulumi up`"
_STAYS = "blue (1.4.0) trades on"
_BOTH = "blue (trades): its 2 pods, one after another. green (standby): its 2 pods"

CASES = [
    Case(
        "swap",
        {},
        {"activeColor": "green"},
        (
            "All shards from blue to green",
            "No pod restarts.",
            "Nothing.",
            "Requests go to green",
            "`pulumi config set activeColor blue && pulumi up`",
        ),
    ),
    Case(
        "swap-back",
        {"activeColor": "green"},
        {},
        (
            "All shards from green to blue",
            "No pod restarts.",
            "Nothing.",
            "Requests go to blue",
            "green stays warm for that: 2 pods on 1.5.0",
        ),
    ),
    Case(
        "canary-begins",
        {},
        {"canaryPercent": "36"},
        (
            "Shards 0-35 from blue to green: BTC/USDT (shard 35)",
            "No pod restarts.",
            "Nothing.",
            "Trading of BTC/USDT (shard 35) goes from blue to green",
            "`pulumi config set canaryPercent 0 && pulumi up`",
        ),
    ),
    Case(
        "canary-becomes-active",
        {"canaryPercent": "36"},
        {"activeColor": "green"},
        (
            "Shards 36-99 from blue to green: ETH/USDT (shard 89) and SOL/USDT (shard 55)",
            "No pod restarts.",
            "Nothing.",
            "Requests go to green",
            "activeColor blue && pulumi config set canaryPercent 36 && pulumi up",
        ),
    ),
    Case(
        "standby-gets-a-version",
        {"green": color(V14)},
        {},
        (
            f"No shard and no request. {_STAYS}",
            "green (standby): its 2 pods, one after another. A migration runs before",
            "Nothing. Only the finished Job",
            "green: image 1.4.0 → 1.5.0: the next swap goes to it. And 1 more",
            f"{_REVERT}: pods of green restart again. The database keeps its new schema",
        ),
        reasons={"Job::bot-migration-green": _JOB},
    ),
    Case(
        "active-gets-a-version-in-place",
        {},
        {"blue": color(V15), "allowInPlaceUpdate": "true"},
        (
            "blue (1.5.0) trades on",
            "blue (trades): its 2 pods, one after another.",
            "Nothing. Only the finished Job",
            "blue trades, and its pods restart",
            f"{_REVERT}: pods of blue restart again",
        ),
        reasons={"Job::bot-migration-blue": _JOB},
    ),
    Case(
        "unpinned-image-from-elsewhere",
        {},
        {"green": color("elsewhere.example/bot:latest")},
        (
            _STAYS,
            "green (standby)",
            "Nothing.",
            "green: the image is not pinned by a digest. And 3 more",
            f"{_REVERT}: pods of green restart again",
        ),
        reasons={"Job::bot-migration-green": _JOB},
    ),
    Case(
        "limit-raised",
        {},
        {"maxPositionSize": "2000"},
        (
            _STAYS,
            "No pod restarts.",
            "Nothing.",
            "**Raises risk**: `maxPositionSize`: 1000 → 2000",
            "`pulumi config set maxPositionSize 1000 && pulumi up`, without a restart",
        ),
    ),
    Case(
        "kill-switch-on",
        {},
        {"killSwitch": "true"},
        (
            _STAYS,
            "No pod restarts.",
            "Nothing.",
            "Holds trading back: `killSwitch`: false → true",
            "`pulumi config set killSwitch false && pulumi up`",
        ),
    ),
    Case(
        "trading-begins",
        {"enableTrading": "false"},
        {"enableTrading": "true"},
        (_STAYS, _BOTH, "Nothing.", "blue trades, and its pods restart", _REVERT),
    ),
    Case(
        "probes-impatient",
        {},
        {},
        (_STAYS, _BOTH, "Nothing.", "blue trades, and its pods restart", _REVERT),
        edit=_impatient,
    ),
    Case(
        "memory-limit-cut",
        {},
        {"resources": json.dumps({"memoryLimit": "128Mi"})},
        (_STAYS, _BOTH, "Nothing. Only the finished Jobs", "And 1 more", _REVERT),
        # A Job's template never changes: the engine replaces it, under the name that it had.
        reasons={f"Job::bot-migration-{which}": ["spec"] for which in ("blue", "green")},
    ),
    Case(
        "grace-cut",
        {},
        {"drainSeconds": "0"},
        (_STAYS, _BOTH, "Nothing.", "blue trades, and its pods restart", _REVERT),
    ),
    Case(
        "standby-to-nothing",
        {},
        {"green": color(V15, 0)},
        (
            _STAYS,
            "green (standby): its 2 pods end.",
            "Nothing. Only the finished Job",
            "there is no warm way back",
            f"{_REVERT}: green scales back",
        ),
    ),
    Case(
        "more-pods",
        {},
        {"blue": color(V14, 3)},
        (
            _STAYS,
            "blue (trades): 1 pods more start, the others stay.",
            "Nothing.",
            "Nothing that this text knows of",
            f"{_REVERT}: blue scales back",
        ),
    ),
    Case(
        "secret-touched",
        {},
        {"secrets": json.dumps({**SECRETS, "venue-api-key": "another-hush"})},
        (
            _STAYS,
            "No pod restarts.",
            "Nothing.",
            "The secret file `venue-api-key` is touched",
            f"{_REVERT}; no pod restarts",
        ),
    ),
    Case(
        "secret-in-the-environment",
        {},
        {},
        (_STAYS, _BOTH, "Nothing.", "And 1 more", _REVERT),
        edit=_clear_secret,
    ),
    Case(
        "ledger-moved",
        {},
        {"adoptLedger": MOVED},
        (_STAYS, _BOTH, "Nothing.", "And 1 more, above", _REVERT),
        edit=_other_ledger,
    ),
    Case(
        "rights-to-everything",
        {},
        {},
        (
            _STAYS,
            "No pod restarts.",
            "Nothing.",
            "**Role bot gives rights to everything**",
            f"{_REVERT}; no pod restarts",
        ),
        edit=_mighty,
    ),
    Case(
        "pods-less-restricted",
        {},
        {},
        (_STAYS, _BOTH, "Nothing.", "And 1 more", _REVERT),
        edit=_privileged,
    ),
    Case(
        "budget-deleted",
        {},
        {},
        (
            _STAYS,
            "No pod restarts.",
            "Deleted: PodDisruptionBudget bot-blue.",
            "**PodDisruptionBudget bot-blue is deleted.**",
            f"{_REVERT}; no pod restarts",
        ),
        edit=_no_budget,
    ),
    Case(
        "namespace-moved",
        {},
        {"namespace": "elsewhere"},
        (
            "Everything, to another namespace: all pods end here",
            "blue (trades): its 2 pods, all at once.",
            "Replaced: Namespace elsewhere",
            "**Namespace elsewhere is replaced** (metadata.name)",
            "Going back costs the same again, for Namespace elsewhere",
        ),
        reasons={"Namespace::namespace": ["metadata.name"], **_NAMESPACED},
    ),
    Case(
        "another-cluster",
        {},
        {"context": "other"},
        (
            "Everything, to another cluster: all pods end here",
            "blue (trades): its 2 pods end here, 2 start in the other cluster.",
            "Replaced: Provider cluster, and with it everything that it holds.",
            "**Provider cluster is replaced** (context)",
            "Going back costs the same again, for Provider cluster",
        ),
        reasons={"kubernetes::cluster": ["context"]},
    ),
    Case(
        "something-unknown",
        {},
        {},
        (
            _STAYS,
            "No pod restarts.",
            "Nothing.",
            "CronJob helper is created, a kind that this text does not know.",
            f"{_REVERT}; no pod restarts",
        ),
        edit=_helper,
    ),
    Case(
        "first-deployment",
        None,
        {},
        (
            "Everything begins: blue gets all shards.",
            "blue: 2 pods start. green: 2 pods start.",
            "Nothing.",
            "First deployment: nothing was there",
            "`pulumi destroy` takes it all away again.",
        ),
    ),
    Case(
        "nothing",
        {},
        {},
        (
            f"No shard and no request. {_STAYS}",
            "No pod restarts.",
            "Nothing.",
            "Nothing that this text knows of.",
            "There is nothing to undo.",
        ),
    ),
]
