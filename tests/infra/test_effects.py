"""What the manual says of a changed key, held against what the program declares then."""

import copy
import json
from collections.abc import Iterator
from functools import cache
from typing import Any, cast

import pytest

from bot.contract.color import Color
from infra.config import StackConfig
from infra.effects import EFFECTS, Effect
from tests.infra.recorder import Declared, record
from tests.infra.samples import MOVED, NEW, SECRETS, color, config

RELOADED = "ConfigMap::bot-config"
INTENT = "ConfigMap::bot-intent"
SERVICE = "Service::bot"
SECRET = "Secret::bot-secrets"  # noqa: S105 - the name of a resource
IMAGE = "Image::bot"
PODS = {each: f"pods of {each}" for each in Color}
REPLICAS = {each: f"replicas of {each}" for each in Color}

BASE: dict[str, Any] = {
    "acknowledgeRiskIncrease": {"by": "ann", "reason": "test", "values": {"maxPositionSize": "2"}},
    "blue": color(),
    "green": color(),
    "imageRepository": "registry.example/bot",
    "resources": {"cpuRequest": "100m"},
}
OTHER: dict[str, object] = {
    "deployEnv": "local",
    "apiEndpoint": "https://other.example",
    "maxPositionSize": "900",
    "riskLimitPct": "1.5",
    "enableTrading": "false",
    "maxOrdersPerMinute": "61",
    "priceCollarPct": "6",
    "dailyLossLimitPct": "6",
    "reduceOnly": "true",
    "allowShort": "true",
    "readOnly": "true",
    "killSwitch": "true",
    "logLevel": "debug",
    "acknowledgeRiskIncrease.by": "bob",
    "acknowledgeRiskIncrease.reason": "another",
    "acknowledgeRiskIncrease.values.maxPositionSize": "3",
    "acknowledgeRiskIncrease.values.riskLimitPct": "3",
    "acknowledgeRiskIncrease.values.maxOrdersPerMinute": "70",
    "acknowledgeRiskIncrease.values.priceCollarPct": "7",
    "acknowledgeRiskIncrease.values.dailyLossLimitPct": "7",
    "acknowledgeRiskIncrease.values.reduceOnly": "false",
    "acknowledgeRiskIncrease.values.allowShort": "true",
    "acknowledgeRiskIncrease.values.readOnly": "false",
    "acknowledgeRiskIncrease.values.killSwitch": "false",
    "symbols": "BTC/USDT",
    "account": "other",
    "strategy": "average-cross",
    "redisUrl": "redis://cache",
    "adoptIntent": "1-2-3",
    "adoptLedger": MOVED,
    "criticalChecks": "database",
    "retentionDays": "31",
    "venueLagSeconds": "0.5",
    "activeColor": "green",
    "canaryPercent": "36",
    "blue.image": NEW,
    "blue.replicas": 3,
    "green.image": NEW,
    "green.replicas": 3,
    "allowInPlaceUpdate": "true",
    "imageRepository": "registry.example/other",
    "baseImage": "python:other",
    "context": "other",
    "namespace": "other",
    "secrets": json.dumps({**SECRETS, "signals-token": "t"}),
    "resources.cpuRequest": "200m",
    "resources.memoryRequest": "97Mi",
    "resources.memoryLimit": "193Mi",
    "startupSeconds": "61",
    "shutdownPolicy": "cancel",
    "drainSeconds": "7",
    "shutdownSeconds": "11",
    "closeConnections": "false",
    "rolloutSeconds": "151",
    "renderTo": "out",
}
"""A value of each key that differs from the one in BASE, or from the default."""

RENDERED = {
    Effect.RESTARTS_BOTH: {PODS[Color.BLUE], PODS[Color.GREEN]},
    Effect.RESTARTS_BLUE: {PODS[Color.BLUE]},
    Effect.RESTARTS_GREEN: {PODS[Color.GREEN]},
    Effect.SCALES_BLUE: {REPLICAS[Color.BLUE]},
    Effect.SCALES_GREEN: {REPLICAS[Color.GREEN]},
    Effect.RELOADS: {RELOADED},
    Effect.MOVES_AUTHORITY: {INTENT},
    Effect.REREADS_SIGNAL_KEYS: {SECRET},
    Effect.BUILDS: {IMAGE},
    Effect.REPLACES_ALL: {"cluster and namespace"},
    Effect.RENDERS: {"rendered"},
    Effect.NOT_IN_PODS: set[str](),
}
"""What differs between the two renderings, of all that pods or traffic depend on."""

Resources = dict[str, Declared]


def with_change(key: str | None, *, builds: bool) -> StackConfig:
    texts: dict[str, Any] = copy.deepcopy(BASE)
    if builds:
        texts["green"]["image"] = "build"
    if key is not None:
        *folders, last = key.split(".")
        inner = texts
        for folder in folders:
            inner = cast("dict[str, Any]", inner[folder])
        inner[last] = OTHER[key]
    return config(**texts)


@cache
def rendered(key: str | None, *, builds: bool = False) -> Resources:
    return record(with_change(key, builds=builds))[0]


def place(resources: Resources) -> tuple[object, object]:
    provider = resources["kubernetes::cluster"].inputs
    deployment = resources["Deployment::bot-blue"].inputs
    return provider.get("clusterIdentifier"), deployment["metadata"]["namespace"]


def differences(before: Resources, after: Resources) -> Iterator[str]:
    if "renderYamlToDirectory" in after["kubernetes::cluster"].inputs:
        yield "rendered"
        return
    if place(before) != place(after):
        yield "cluster and namespace"
        return
    for each in Color:
        old, new = (these[f"Deployment::bot-{each}"].inputs["spec"] for these in (before, after))
        if old["template"] != new["template"]:
            yield PODS[each]
        if old["replicas"] != new["replicas"]:
            yield REPLICAS[each]
    for name in (RELOADED, INTENT, SERVICE, SECRET, IMAGE):
        if name in before and before[name].inputs != after[name].inputs:
            yield name


def test_each_key_has_a_value_to_change_to() -> None:
    assert set(OTHER) == set(EFFECTS)


@pytest.mark.parametrize("key", EFFECTS)
def test_a_changed_key_does_what_the_manual_says(key: str) -> None:
    builds = EFFECTS[key] is Effect.BUILDS
    changed = set(differences(rendered(None, builds=builds), rendered(key, builds=builds)))
    assert changed - ({SERVICE} if key == "activeColor" else set()) == RENDERED[EFFECTS[key]]


def test_a_swap_moves_the_live_service_too_and_a_canary_does_not() -> None:
    assert SERVICE in set(differences(rendered(None), rendered("activeColor")))
    assert SERVICE not in set(differences(rendered(None), rendered("canaryPercent")))


@pytest.mark.parametrize("key", [key for key in EFFECTS if EFFECTS[key] is Effect.BUILDS])
def test_what_a_build_needs_changes_nothing_where_no_color_builds(key: str) -> None:
    assert not set(differences(rendered(None), rendered(key)))
