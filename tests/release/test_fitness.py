"""What proves a color: every pod ready, on the digest, and saying the version of the label."""

from dataclasses import replace

import pytest

from bot.contract.color import Color
from release.fitness import lost_cause, unproven
from release.log import entry
from release.model import Pod
from release.observation import Need
from release.planner import needs
from release.state import Kind, began, fold
from tests.release.worlds import BLUE_GREEN, NEW_IMAGE, OLD_IMAGE, TARGET, StillClock

DIGEST = NEW_IMAGE.partition("@")[2]
FIT = Pod("green-0", Color.GREEN, True, False, NEW_IMAGE, DIGEST, "1.0.0")  # noqa: FBT003 -- positions of a record


def test_pods_on_one_version_digest_and_label_are_proven() -> None:
    assert unproven([FIT, replace(FIT, name="green-1")], NEW_IMAGE, 2, "1.0.0") == []


@pytest.mark.parametrize(
    ("pod", "label", "said"),
    [
        (replace(FIT, version="2.0.0"), "1.0.0", "says 2.0.0, its image's label says 1.0.0"),
        (FIT, "", "its image's label says nothing"),
        (replace(FIT, version=""), "1.0.0", "does not say its version"),
        (replace(FIT, digest="sha256:0"), "1.0.0", "runs sha256:0, not"),
        (replace(FIT, image=OLD_IMAGE), "1.0.0", f"runs {OLD_IMAGE}"),
        (replace(FIT, ready=False), "1.0.0", "0 of 1 pods are ready"),
        (replace(FIT, terminating=True), "1.0.0", "0 of 1 pods are ready"),
    ],
)
def test_what_differs_is_named(pod: Pod, label: str, said: str) -> None:
    assert any(said in problem for problem in unproven([pod], NEW_IMAGE, 1, label))


def test_a_label_that_nobody_compares_is_no_problem() -> None:
    assert unproven([FIT], NEW_IMAGE, 1, None) == []


@pytest.mark.parametrize("compared", [True, False])
def test_the_registry_is_asked_only_when_the_label_is_compared(*, compared: bool) -> None:
    spec = BLUE_GREEN.model_copy(update={"verify_label": compared})
    now = StillClock().now()
    verifying = {"phase": "verifying", "trigger": "ready", "reason": ""}
    state = fold(
        [entry("r", now, Kind.BEGAN, began(spec, TARGET)), entry("r", now, "entered", verifying)]
    )
    assert state is not None
    assert (Need.LABEL in needs(state)) is compared


@pytest.mark.parametrize(
    ("reason", "restarts", "blame"),
    [
        ("CrashLoopBackOff: exit code 3; 2 restarts", 2, True),
        ("CreateContainerError: no such user", 0, True),
        ("ImagePullBackOff: Back-off pulling image", 0, False),
        ("ErrImagePull", 0, False),
        ("", 3, True),
    ],
)
def test_a_pod_that_will_not_come_is_a_lost_cause_in_the_clusters_words(
    reason: str, restarts: int, *, blame: bool
) -> None:
    pod = replace(FIT, ready=False, reason=reason, restarts=restarts, last_lines=("a", "boom"))
    found = lost_cause([pod], NEW_IMAGE, restarts=2)
    assert found is not None
    assert found.blame is blame
    assert reason in found.text
    assert "last line: boom" in found.text


@pytest.mark.parametrize(
    "pod",
    [
        replace(FIT, ready=False, reason="ContainerCreating"),
        replace(FIT, ready=False, reason="CrashLoopBackOff", image=OLD_IMAGE),
        replace(FIT, ready=False, reason="CrashLoopBackOff", terminating=True),
        replace(FIT, restarts=2),
    ],
)
def test_a_pod_that_may_still_come_or_is_on_its_way_out_is_none(pod: Pod) -> None:
    assert lost_cause([pod], NEW_IMAGE, restarts=2) is None
