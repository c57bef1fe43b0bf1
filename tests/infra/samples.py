"""Configs and outputs that tests begin from; each test changes what it is about."""

import json
from dataclasses import replace
from typing import Any

from bot.contract.color import Color
from bot.contract.release import QuarantineEntry, UnderWay, digest_of
from bot.contract.secrets import DATABASE_URL, VENUE_API_KEY, VENUE_API_SECRET
from infra.config import StackConfig
from infra.guard.readiness import Expected, Pod, Rollout
from infra.guard.release_mark import Caller
from infra.outputs import ColorOutputs, StackOutputs
from infra.parsing import parse

PROJECT = "trading-bot"
OLD = "registry.example/bot@sha256:" + "0" * 64
NEW = "registry.example/bot@sha256:" + "1" * 64
LEDGER = "0f8fad5b-d9cb-469f-a165-70867728950e@7301234567890123456"
MOVED = "0f8fad5b-d9cb-469f-a165-70867728950e@7309999999999999999"
DATABASE = "postgresql://bot:hush@db.example/bot"
SECRETS = {DATABASE_URL: DATABASE, VENUE_API_KEY: "key", VENUE_API_SECRET: "hush"}
BAD = QuarantineEntry(digest_of(NEW), "2026-03-01T02:03:00+00:00", "night@laptop", "errors 5 %")
UNDER_WAY = UnderWay("r-1", "ci@runner", "2026-03-01T02:00:00+00:00")
PERSON = Caller("staging", "")
DONE = Rollout(observed=True, updated_replicas=2)


def raw(**changes: object) -> dict[str, object]:
    """A staging stack as Pulumi hands it over; None takes a key away."""
    sample: dict[str, object] = {
        "deployEnv": "staging",
        "context": "staging",
        "activeColor": "blue",
        "blue": f'{{"image": "{OLD}", "replicas": 2}}',
        "green": f'{{"image": "{OLD}", "replicas": 2}}',
    }
    return {key: value for key, value in {**sample, **changes}.items() if value is not None}


def config(**changes: object) -> StackConfig:
    return parse(raw(**{"secrets": json.dumps(SECRETS), **changes}), {"secrets"}, PROJECT)


def color(image: str = OLD, replicas: int = 2) -> dict[str, Any]:
    return {"image": image, "replicas": replicas}


def deployed(
    active: Color = Color.BLUE,
    blue: str = OLD,
    green: str = OLD,
    replicas: int = 2,
    canary: int = 0,
) -> StackOutputs:
    return StackOutputs(
        active_color=active,
        canary_percent=canary,
        namespace="ns",
        live_service="bot",
        intent_config_map="bot-intent",
        blue=ColorOutputs(blue, replicas, "bot-blue", "bot-blue", ""),
        green=ColorOutputs(green, replicas, "bot-green", "bot-green", ""),
        ledger=LEDGER,
        database="db.example:5432/bot",
    )


def pod(name: str, owner: Color = Color.GREEN, **changes: object) -> Pod:
    ready = Pod(name=name, color=owner, image=NEW, ready=True, terminating=False)
    return replace(ready, **changes)


def expected(replicas: int = 2) -> Expected:
    return Expected(Color.GREEN, NEW, replicas, "ns")
