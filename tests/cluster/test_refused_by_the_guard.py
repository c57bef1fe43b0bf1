"""What only the cluster can tell is refused before the Service and the intent move."""

from collections.abc import Generator

import pytest

from bot.contract.color import Color
from infra.names import CONTAINER
from tests.harness.faults import kill, revive
from tests.harness.kube import Kube, wait_until
from tests.harness.process import Done
from tests.harness.stack import Stack

pytestmark = pytest.mark.cluster


@pytest.fixture
def unmoved(faulty_blue_live: Stack) -> Generator[Stack]:
    yield faulty_blue_live
    faulty_blue_live.pulumi("preview", "--expect-no-changes")


def refused_swap_to_green(stack: Stack) -> Done:
    kube = Kube.of(stack)
    before = kube.snapshot()
    stack.set("activeColor", Color.GREEN)
    done = stack.up(check=False)
    stack.set("activeColor", Color.BLUE)
    assert done.code != 0
    assert "green cannot take over, so nothing was moved" in done.text
    assert "pulumi config set activeColor blue" in done.text
    assert kube.snapshot() == before
    return done


def test_a_color_whose_pods_are_still_terminating_is_refused(unmoved: Stack) -> None:
    kube = Kube.of(unmoved)
    kube.scale(Color.GREEN, 0)
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
