"""The real engine, against a commit: what it says of a change is what the pure cases assume."""

import os
import shutil
import time
from pathlib import Path

import pytest

from infra.review import engine, offline
from infra.review.text import render
from tests.infra.engine import without_cluster_and_daemon
from tests.support.checkout import ROOT
from tests.support.process import Shell

pytestmark = pytest.mark.engine

TOKEN = "    signals-token:\n      secure: v1:c29tZQ==:b3RoZXI=\n"  # noqa: S105 -- nobody's
CHANGES = {
    "swap": ("activeColor: blue", "activeColor: green"),
    "namespace": ("activeColor: blue", "activeColor: blue\n  trading-bot:namespace: elsewhere"),
    "cluster": ("context: production", "context: other"),
    "secret": ("activeColor: blue", f"activeColor: blue\n  trading-bot:secrets:\n{TOKEN}"),
    "wrong": ("activeColor: blue", "activeColor: gren"),
}
EXPECTED = {
    "swap": ["production: active color blue → green", "no pod restarts", "nothing replaced"],
    "namespace": ["**Namespace elsewhere is replaced** (metadata.name)", "15 replaced"],
    "cluster": ["**Provider cluster is replaced** (context)"],
    "secret": ["Secret files are touched", "no pod restarts"],
    "wrong": ["the preview was refused", "activeColor: 'gren'"],
}


LOCAL = """\
config:
  trading-bot:deployEnv: local
  trading-bot:context: testbed
  trading-bot:imageRepository: registry.example/bot
  trading-bot:activeColor: blue
  trading-bot:blue: {image: build, replicas: 2}
  trading-bot:green: {image: build, replicas: 2}
"""
PINNED = f"registry.example/bot@sha256:{'1' * 64}"


@pytest.fixture(name="source")
def _source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own with this program, and the platform's tools on PATH."""
    for key, value in without_cluster_and_daemon(tmp_path).env.items():
        monkeypatch.setenv(key, value)
    root = tmp_path / "source"
    for folder in ("infra", "bot"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    for file in ("Pulumi.yaml", "Pulumi.production.yaml"):
        shutil.copy(ROOT / file, root)
    (root / "Pulumi.local.yaml").write_text(LOCAL)
    git = Shell(root, os.environ)
    who = ("-c", "user.name=test", "-c", "user.email=test@example.invalid")
    for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-qm", "base")):
        git.run("git", *words)
    return root


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_config_reads_as_it_was_meant(name: str, source: Path) -> None:
    file = source / "Pulumi.production.yaml"
    old, new = CHANGES[name]
    file.write_text(file.read_text().replace(old, new))
    text = render("production", offline.against("HEAD", "production", source), "")
    for words in EXPECTED[name]:
        assert words in text


def test_a_change_of_the_program_is_seen_too(source: Path) -> None:
    file = source / "infra" / "pods.py"
    file.write_text(file.read_text().replace("period=10, failures=3", "period=1, failures=1"))
    text = render("production", offline.against("HEAD", "production", source), "")
    assert "blue: a pod that hangs is ended after 30 s → 1 s." in text
    assert "pods of blue and green restart" in text


def test_a_pin_of_what_was_built_is_no_change_and_a_build_is_one(source: Path) -> None:
    file = source / "Pulumi.local.yaml"
    file.write_text(LOCAL.replace("image: build", f"image: '{PINNED}'"))
    text = render("local", offline.against("HEAD", "local", source), "")
    assert "local: nothing changes" in text
    git = Shell(source, os.environ)
    git.run("git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", "commit", "-qam", "x")
    file.write_text(f"image: '{PINNED}'".join(LOCAL.split("image: build", 1)))
    text = render("local", offline.against("HEAD", "local", source), "")
    assert "standby green sha256:111111111111 → to-be-built" in text


def test_a_stack_that_the_base_does_not_have_is_a_first_deployment(source: Path) -> None:
    git = Shell(source, os.environ)
    git.run("git", "mv", "Pulumi.production.yaml", "Pulumi.other.yaml")
    text = render("other", offline.against("HEAD", "other", source), "")
    assert "other: first deployment, blue trades" in text


def test_the_words_cost_less_than_half_a_second(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent = 0.0
    run = engine.spawn  # the only place that starts something

    def timed(*arguments: object) -> object:
        nonlocal spent
        begin = time.monotonic()
        try:
            return run(*arguments)  # pyright: ignore[reportArgumentType]
        finally:
            spent += time.monotonic() - begin

    monkeypatch.setattr(engine, "spawn", timed)
    begin = time.monotonic()
    render("production", offline.against("HEAD", "production", source), "")
    assert time.monotonic() - begin - spent < 0.5
