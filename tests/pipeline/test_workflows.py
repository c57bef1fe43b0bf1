"""The workflows hold to their contract, and each rule of it catches what it is there for."""

import os
import re
from copy import deepcopy
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pipeline import planted, planted_deploys
from tests.pipeline.source import Source, jobs, load
from tests.pipeline.workflows import RULES
from tests.support.checkout import ROOT
from tests.support.process import Shell

SOURCE = load()
GOLDEN = Path(__file__).parent / "golden" / "permissions.yml"
PLANTED = {**planted.PLANTED, **planted_deploys.PLANTED}
EXPECTED = {"ci", "preview", "deploy", "rollback", "drift", "nightly"}


@pytest.mark.parametrize("rule", RULES)
def test_the_workflows_hold_to_their_contract(rule: str) -> None:
    assert list(RULES[rule](SOURCE)) == []


def test_the_workflows_are_the_six_that_are_described() -> None:
    assert set(SOURCE.workflows) == EXPECTED


def test_the_permissions_of_each_job_are_those_that_were_reviewed() -> None:
    permissions = {f"{name}.{job}": dict(tree["permissions"]) for name, job, tree in jobs(SOURCE)}
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(yaml.safe_dump(permissions))
    assert permissions == yaml.safe_load(GOLDEN.read_text())


def test_the_engine_of_the_pipeline_is_the_one_that_is_pinned() -> None:
    pinned = re.search(
        r"^pulumi==(\S+)", (ROOT / "requirements/infra.in").read_text(), re.MULTILINE
    )
    setup = yaml.safe_dump(SOURCE.actions["setup"])
    assert pinned
    assert f"pulumi-version: {pinned[1]}" in setup


def test_every_command_of_a_workflow_is_one_that_make_knows() -> None:
    makefiles = [ROOT / "Makefile", ROOT / ".github/pipeline.mk"]
    known = "\n".join(map(Path.read_text, makefiles)).replace("$(READY)", ".venv/.ready")
    targets = set(re.findall(r"^([\w./-]+):", known, re.MULTILINE))
    used = set(re.findall(r"make (?:--silent )?([\w./-]+)", "\n".join(SOURCE.texts.values())))
    assert used - targets == set()


def test_what_a_team_must_set_up_is_in_its_table() -> None:
    page = (ROOT / "docs/teams.md").read_text()
    text = "\n".join(SOURCE.texts.values())
    desired = set(re.findall(r"(?:vars|secrets)\.([A-Z_]+)", text))
    desired |= {"staging", "production", "staging-rollback", "production-rollback"}
    desired |= {"staging-read", "production-read"}
    assert {name for name in desired if f"`{name}`" not in page} == set()


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("gomod", "go.mod"),
        ("github-actions", "action.yml"),
        ("pip", "*.in"),
        ("docker", "bot/Dockerfile"),  # the other one takes ours
    ],
)
def test_new_versions_are_looked_for_wherever_something_is_pinned(kind: str, file: str) -> None:
    listed = Shell(ROOT, os.environ).run("git", "ls-files", f":(glob)**/{file}").output
    folders = {f"/{Path(name).parent}" for name in listed.splitlines()}
    known = [
        folder
        for update in _updates()
        if update["package-ecosystem"] == kind
        for folder in update.get("directories", [update.get("directory")])
    ]
    assert folders
    assert {each for each in folders if not any(fnmatch(each, one) for one in known)} == set()


def test_new_versions_of_everything_wait_a_week() -> None:
    updates = _updates()
    kinds = {update["package-ecosystem"] for update in updates}
    assert kinds == {"github-actions", "pip", "docker", "gomod"}
    assert all(update["cooldown"]["default-days"] >= 7 for update in updates)


def _updates() -> list[dict[str, Any]]:
    return yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_caught_by_its_name(name: str) -> None:
    rule, edit = PLANTED[name]
    workflows = deepcopy(dict(SOURCE.workflows))
    edit(workflows)
    assert list(RULES[rule](replace(SOURCE, workflows=workflows)))


def test_a_pin_without_its_version_is_caught() -> None:
    text = SOURCE.texts["ci"].replace("# v7.0.1", "")
    planted: Source = replace(SOURCE, texts={**SOURCE.texts, "ci": text})
    assert list(RULES["pins_say_their_version"](planted))
