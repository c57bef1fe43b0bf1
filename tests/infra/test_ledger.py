"""Which ledger the intent names, what the stack exports, and what moves it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.contract.secrets import DATABASE_URL
from infra.checks import check, foresee
from infra.outputs import StackOutputs
from infra.parsing import ConfigError
from tests.infra.recorder import record
from tests.infra.samples import LEDGER, MOVED, SECRETS, config, deployed

INTENT, POD = "ConfigMap::bot-intent", "Deployment::bot-blue"
ELSEWHERE = json.dumps({**SECRETS, DATABASE_URL: "postgresql://bot:hush@db2.example/bot"})
BEFORE = replace(deployed(), ledger="", database="")
"""What a program left that knew nothing of ledgers."""


def named(previous: StackOutputs | None, reported: str, **changes: object) -> tuple[Any, Any]:
    """Return what the intent names, and what is exported."""
    declared, exports = record(config(**changes), previous, reported=reported)
    ledger = declared[INTENT].inputs["data"].get("ledger")
    assert exports["ledger"] == (ledger or "")
    return ledger, exports["database"]


@pytest.mark.parametrize("previous", [None, BEFORE])
def test_the_first_up_learns_the_ledger_from_the_migration(previous: StackOutputs | None) -> None:
    assert named(previous, LEDGER) == (LEDGER, "db.example:5432/bot")


def test_what_the_next_up_reads_is_what_this_one_names() -> None:
    _, exports = record(config(), None)
    read = StackOutputs.from_mapping(exports)
    assert read is not None
    assert (read.ledger, read.database) == (LEDGER, "db.example:5432/bot")


def test_where_it_is_known_nobody_is_asked() -> None:
    assert named(deployed(), "nobody is asked")[0] == LEDGER
    declared, _ = record(config(activeColor="green"), deployed(), reported="nobody is asked")
    assert declared[INTENT].dependencies == {"Deployment::bot-green"}


def test_at_another_address_the_migration_is_asked_and_the_guard_judges() -> None:
    assert named(deployed(), LEDGER, secrets=ELSEWHERE) == (LEDGER, "db2.example:5432/bot")
    assert named(deployed(), MOVED, secrets=ELSEWHERE)[0] == MOVED


def test_an_adopted_ledger_is_named_and_starts_the_pods_anew() -> None:
    declared, exports = record(
        config(adoptLedger=MOVED, secrets=ELSEWHERE), deployed(), reported=MOVED
    )
    assert exports["ledger"] == MOVED
    before, _ = record(config(), deployed())
    assert _template(declared[POD].inputs) != _template(before[POD].inputs)
    job = "Job::bot-migration-blue"
    assert declared[job].inputs["metadata"]["name"] != before[job].inputs["metadata"]["name"]


def test_at_the_same_address_an_adoption_is_looked_at_too() -> None:
    assert named(deployed(), MOVED, adoptLedger=MOVED) == (MOVED, "db.example:5432/bot")
    # What is there is named, and the guard refuses it.
    assert named(deployed(), LEDGER, adoptLedger=MOVED)[0] == LEDGER


def test_the_key_may_stay_and_may_be_taken_out() -> None:
    moved = replace(deployed(), ledger=MOVED, database="db2.example:5432/bot")
    assert named(moved, "nobody", adoptLedger=MOVED, secrets=ELSEWHERE)[0] == MOVED
    assert named(moved, "nobody", secrets=ELSEWHERE)[0] == MOVED


def test_an_older_version_that_does_not_say_leaves_it_open_until_one_does() -> None:
    assert named(BEFORE, "")[0] == ""
    assert named(deployed(), "", secrets=ELSEWHERE, adoptLedger=MOVED)[0] == MOVED


def test_without_a_database_there_is_no_ledger_to_name_or_to_adopt() -> None:
    changes: dict[str, object] = {"secrets": None, "enableTrading": "false"}
    declared, exports = record(config(**changes), None)
    assert "ledger" not in declared[INTENT].inputs["data"]
    assert (exports["ledger"], exports["database"]) == ("", "")
    (problem,) = check(config(**changes, adoptLedger=LEDGER), None)
    assert "secrets.database-url is not" in problem


def test_what_is_not_a_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="adoptLedger"):
        config(adoptLedger="the other one")


def test_a_preview_says_what_the_up_will_look_at() -> None:
    assert foresee(config(), None) == foresee(config(), deployed()) == []
    assert foresee(config(), BEFORE) == []
    (text,) = foresee(config(secrets=ELSEWHERE), deployed())
    for word in ("db.example:5432/bot", "db2.example:5432/bot", LEDGER, "adoptLedger"):
        assert word in text
    (text,) = foresee(config(secrets=ELSEWHERE, adoptLedger=MOVED), deployed())
    for word in (LEDGER, MOVED, "restarts the pods", "pauses"):
        assert word in text
    assert "hush" not in text


def test_a_preview_asks_no_cluster() -> None:
    declared, _ = record(config(), None, reported="nobody is asked", preview=True)
    assert "nobody is asked" not in str(declared[INTENT].inputs)


def _template(inputs: dict[str, Any]) -> object:
    return inputs["spec"]["template"]
