"""The scanners: all content with what is in git, few things not held against us, mistakes found."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.scanners import (
    ENVIRONMENT,
    HISTORY,
    SUPPRESSIONS,
    SUPPRESSIONS_MAX,
    export,
    scan,
    scripts,
)
from tests.pipeline.clone import WHO
from tests.support.process import Shell


def test_little_is_not_held_against_us_and_all_of_it_for_a_reason() -> None:
    assert len(SUPPRESSIONS) <= SUPPRESSIONS_MAX
    assert all(len(entry.reason) > 20 for entry in SUPPRESSIONS)


@pytest.fixture(name="tree", scope="module")
def _tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert ENVIRONMENT.exists(), "make scan makes it"
    folder = tmp_path_factory.mktemp("scanned") / "tree"
    export(folder)
    return folder


def _replaced(file: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(tree: Path) -> None:
        text = (tree / file).read_text()
        assert old in text
        (tree / file).write_text(text.replace(old, new))

    return edit


def _written(file: str, text: str) -> Callable[[Path], None]:
    def edit(tree: Path) -> None:
        (tree / file).write_text(text)

    return edit


def _token() -> str:
    """What looks like a token, put together here so that no scanner stumbles over this file."""
    return "ghp_" + "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC2"


def _regretted(tree: Path) -> None:
    """Commit a token, and then that it is gone."""
    work = tree.with_name("work")
    work.mkdir()
    shell = Shell(work, {**os.environ, **WHO})
    shell.run("git", "init", "-q")
    for text in (f'TOKEN = "{_token()}"\n', "TOKEN = None\n"):
        (work / "token.py").write_text(text)
        shell.run("git", "add", "-A")
        shell.run("git", "commit", "-qm", "feat: a token")
    history = str(tree.with_name(HISTORY))
    shell.run("git", "push", "-q", "--force", history, "HEAD:refs/heads/scanned")


DEPLOYMENT = "tests/infra/golden/production/apps_v1-deployment-trading-bot-production-bot-blue.yaml"
PLANTED = {
    "zizmor: a floating action": (
        "zizmor",
        _replaced(
            ".github/workflows/ci.yml",
            "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
            "actions/checkout@v7",
        ),
    ),
    "zizmor: a title in a script": (
        "zizmor",
        _replaced(
            ".github/workflows/ci.yml",
            "run: make scan",
            "run: echo ${{ github.event.pull_request.title }}",
        ),
    ),
    "actionlint: a job that needs nobody": (
        "actionlint",
        _replaced(".github/workflows/deploy.yml", "needs: [ci, approval]", "needs: [ci, nobody]"),
    ),
    "hadolint: an image without its version": (
        "hadolint",
        _written("bot/Dockerfile", "FROM python:latest\nRUN cd /tmp && pip install requests\n"),
    ),
    "shellcheck: a word that falls apart": (
        "shellcheck",
        _written(".ci/run", "#!/usr/bin/env bash\nrm -rf $1/*\n"),
    ),
    "hadolint: an image of the tests without its version": (
        "hadolint",
        _written("tests/cluster/faulty/Dockerfile", "FROM python:latest\n"),
    ),
    "shellcheck: a script that nobody has listed": (
        "shellcheck",
        _written("tests/bot/helper", "#!/usr/bin/env -S sh\nrm -rf $1/*\n"),
    ),
    "kubernetes-validate: a field that is not": (
        "kubernetes-validate",
        _replaced(DEPLOYMENT, "revisionHistoryLimit", "revisionHistroyLimit"),
    ),
    "checkov: a pod that may become root": (
        "checkov",
        _replaced(DEPLOYMENT, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"),
    ),
    "kingfisher: a token": (
        "kingfisher",
        _written("bot/token.py", f'TOKEN = "{_token()}"\n'),
    ),
    "kingfisher: a token that was taken away again": ("kingfisher-history", _regretted),
}


def test_scripts_are_found_by_their_first_line(tmp_path: Path) -> None:
    for name, text in {"a": "#!/bin/bash\n", "b.py": "#!/usr/bin/env python3\n", "c": "x"}.items():
        (tmp_path / name).write_text(text)
    assert [file.name for file in scripts(tmp_path)] == ["a"]


@pytest.mark.pipeline
def test_the_scanners_are_content(tree: Path) -> None:
    assert list(scan(tree)) == []


@pytest.mark.pipeline
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_found(name: str, tree: Path, tmp_path: Path) -> None:
    scanner, edit = PLANTED[name]
    shutil.copytree(tree.parent, tmp_path, dirs_exist_ok=True)
    copy = tmp_path / "tree"
    edit(copy)
    results = [finding.scanner for finding in scan(copy, [scanner])]
    assert results == [scanner]
