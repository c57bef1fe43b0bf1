"""What only the cluster can tell is refused before the Service and the intent move."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager

import pytest

from bot.contract.color import Color
from bot.contract.release import (
    QUARANTINE_CONFIGMAP,
    UNDER_WAY_CONFIGMAP,
    QuarantineEntry,
    UnderWay,
    digest_of,
)
from infra.names import CONTAINER
from tests.support.faults import kill, revive
from tests.support.kube import Kube, wait_until
from tests.support.process import Done
from tests.support.stack import Stack

pytestmark = pytest.mark.cluster

HOLD = "test.trading-bot/hold"


@pytest.fixture
def unmoved(faulty_blue_live: Stack) -> Generator[Stack]:
    yield faulty_blue_live
    faulty_blue_live.pulumi("preview", "--expect-no-changes")


def refused_swap_to_green(
    stack: Stack, words: str = "green cannot take over, so nothing was moved"
) -> Done:
    kube = Kube.of(stack)
    before = kube.snapshot()
    stack.set("activeColor", Color.GREEN)
    done = stack.up(check=False)
    stack.set("activeColor", Color.BLUE)
    assert done.code != 0
    assert words in done.text
    if words.startswith("green"):
        assert "pulumi config set activeColor blue" in done.text
    assert kube.snapshot() == before
    return done


@contextmanager
def terminating(kube: Kube, color: Color) -> Generator[None]:
    """Keep a color's pods terminating for as long as it takes: a finalizer holds them."""
    held = [f"pod/{pod.name}" for pod in kube.pods(color)]
    kube.kubectl("patch", *held, "--type=merge", f"--patch={_finalizers(HOLD)}")
    try:
        kube.scale(color, 0)
        wait_until("all terminate", lambda: all(pod.terminating for pod in kube.pods(color)))
        yield
    finally:
        kube.kubectl("patch", *held, "--type=merge", f"--patch={_finalizers()}")


def _finalizers(*names: str) -> str:
    return json.dumps({"metadata": {"finalizers": names}})


def test_a_color_whose_pods_are_still_terminating_is_refused(unmoved: Stack) -> None:
    kube = Kube.of(unmoved)
    with terminating(kube, Color.GREEN):
        done = refused_swap_to_green(unmoved)
        still_there = kube.pods(Color.GREEN)
    kube.scale(Color.GREEN, 2)
    kube.wait_ready(Color.GREEN)
    assert "is terminating" in done.text
    assert still_there
    assert all(pod.terminating for pod in still_there)


def test_a_color_whose_pods_are_not_ready_is_refused(unmoved: Stack) -> None:
    kube = Kube.of(unmoved)
    kill(kube, Color.GREEN)
    done = refused_swap_to_green(unmoved)
    revive(kube, Color.GREEN)
    assert "is not ready" in done.text
    assert "0 of 2 pods are ready" in done.text


def test_a_color_whose_pods_run_another_digest_is_refused(
    unmoved: Stack, faulty_image: str, other_image: str
) -> None:
    kube = Kube.of(unmoved)
    deployment = f"deployment/{kube.stack.deployment(Color.GREEN)}"
    kube.kubectl("set", "image", deployment, f"{CONTAINER}={other_image}")
    kube.kubectl("rollout", "status", deployment)
    wait_until("the old pods are gone", lambda: len(kube.pods(Color.GREEN)) == 2)
    done = refused_swap_to_green(unmoved)
    kube.kubectl("set", "image", deployment, f"{CONTAINER}={faulty_image}")
    kube.kubectl("rollout", "status", deployment)
    assert f"runs {other_image}" in done.text


@contextmanager
def written(kube: Kube, name: str, data: Mapping[str, str]) -> Generator[None]:
    """What a release would have written down."""
    items = [f"--from-literal={key}={value}" for key, value in data.items()]
    kube.kubectl("create", "configmap", name, *items)
    try:
        yield
    finally:
        kube.kubectl("delete", "configmap", name)


def test_a_quarantined_digest_is_refused(unmoved: Stack, faulty_image: str) -> None:
    entry = QuarantineEntry(digest_of(faulty_image), "2026-03-01T02:03:00Z", "a test", "planted")
    with written(Kube.of(unmoved), QUARANTINE_CONFIGMAP, {entry.key: entry.to_value()}):
        done = refused_swap_to_green(unmoved, "It may not trade, so nothing was moved")
    assert f"{entry.digest} is in quarantine since 2026-03-01T02:03:00Z, by a test" in done.text


def test_while_a_release_is_under_way_a_plain_up_is_refused(unmoved: Stack) -> None:
    mark = UnderWay("r-1", "a test", "2026-03-01T02:03:00Z")
    with written(Kube.of(unmoved), UNDER_WAY_CONFIGMAP, mark.to_data()):
        done = refused_swap_to_green(unmoved, "so nothing was moved by this `up`")
    assert "(r-1), run by a test since 2026-03-01T02:03:00Z" in done.text
