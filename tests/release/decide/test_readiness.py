"""What proves a color: every pod ready, on the digest, and saying the version of the label."""

from dataclasses import replace

import pytest

from bot.contract.color import Color
from bot.contract.provenance import Claims
from release.decide.events import Began, Entered, entry
from release.decide.model import Pod
from release.decide.observation import Need
from release.decide.phases import Phase, Trigger
from release.decide.planner import needs
from release.decide.readiness import lost_cause, unproven
from release.decide.state import fold
from release.rehearsal.ideal import REVISION
from tests.support.release_stage import (
    BLUE_GREEN,
    NEW_IMAGE,
    OLD_IMAGE,
    TARGET,
    StillClock,
    claims_of,
)

DIGEST = NEW_IMAGE.partition("@")[2]
FIT = Pod("green-0", Color.GREEN, True, False, NEW_IMAGE, DIGEST, "1.0.0", REVISION)  # noqa: FBT003 -- positions of a record
RIGHT = claims_of("1.0.0")


def test_pods_on_one_version_digest_and_label_are_proven() -> None:
    assert unproven([FIT, replace(FIT, name="green-1")], NEW_IMAGE, 2, RIGHT) == []


@pytest.mark.parametrize(
    ("pod", "claims", "words"),
    [
        (replace(FIT, version="2.0.0"), RIGHT, "/version says 2.0.0, but the tag says 1.0.0"),
        (FIT, claims_of(""), "label: version nothing"),
        (FIT, replace(RIGHT, tag_revision=""), "git tag: v1.0.0 names no commit"),
        (FIT, replace(RIGHT, registry_digest=""), "registry: 1.0.0 is nothing"),
        (replace(FIT, version=""), RIGHT, "/version says nothing"),
        (replace(FIT, revision="b" * 40), RIGHT, f"/version says revision {'b' * 40}"),
        (replace(FIT, digest="sha256:0"), RIGHT, "runs sha256:0, but the config pins"),
        (replace(FIT, image=OLD_IMAGE), RIGHT, f"runs {OLD_IMAGE}"),
        (replace(FIT, ready=False), RIGHT, "0 of 1 pods are ready"),
        (replace(FIT, terminating=True), RIGHT, "0 of 1 pods are ready"),
    ],
)
def test_what_differs_is_named(pod: Pod, claims: Claims, words: str) -> None:
    assert any(words in problem for problem in unproven([pod], NEW_IMAGE, 1, claims))


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        (replace(FIT, version=""), "does not say its version"),
        (replace(FIT, digest="sha256:0"), "runs sha256:0, not"),
        (replace(FIT, version="2.0.0"), "its pods say different versions: 1.0.0, 2.0.0"),
    ],
)
def test_without_a_registry_the_pods_must_still_say_the_same(pod: Pod, words: str) -> None:
    problems = unproven([FIT, replace(pod, name="green-1")], NEW_IMAGE, 2, None)
    assert any(words in problem for problem in problems)


def test_a_label_that_nobody_compares_is_no_problem() -> None:
    assert unproven([FIT], NEW_IMAGE, 1, None) == []


@pytest.mark.parametrize("compared", [True, False])
def test_the_registry_is_asked_only_when_the_label_is_compared(*, compared: bool) -> None:
    spec = BLUE_GREEN.model_copy(update={"verify_label": compared})
    now = StillClock().now()
    verifying = Entered(Phase.VERIFICATION, Trigger.READY, "")
    state = fold([entry("r", now, Began(TARGET, spec)), entry("r", now, verifying)])
    assert state is not None
    assert (Need.CLAIMS in needs(state)) is compared


@pytest.mark.parametrize(
    ("reason", "restarts", "blame"),
    [
        ("CrashLoopBackOff: exit code 3; 2 restarts", 2, True),
        ("CreateContainerError: no such user", 0, True),
        ("ImagePullBackOff: Back-off pulling image", 0, False),
        ("ErrImagePull", 0, False),
        ("CreateContainerConfigError: secret bot-secrets not found", 0, False),
        ("", 3, True),
    ],
)
def test_a_pod_that_will_not_come_is_a_lost_cause_in_the_clusters_words(
    reason: str, restarts: int, *, blame: bool
) -> None:
    pod = replace(FIT, ready=False, reason=reason, restarts=restarts, last_lines=("a", "boom"))
    cause = lost_cause([pod], NEW_IMAGE, restarts=2)
    assert cause is not None
    assert cause.blame is blame
    assert reason in cause.text
    assert "last line: boom" in cause.text


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
