"""Whether a color may take over, judged from what a cluster reports."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.contract.color import Color
from infra.guard.readiness import (
    STUCK,
    Pod,
    Rollout,
    refusal_text,
    refuse_rollback,
    refuse_rollout,
    refuse_takeover,
)
from tests.infra.samples import DONE, NEW, OLD, expected, pod

BLUE = pod("blue-1", Color.BLUE, image=OLD)


def text(*pods: Pod, rollout: Rollout = DONE, replicas: int = 2) -> str:
    refusal = refuse_takeover(expected(replicas), pods, rollout)
    return refusal.text if refusal else ""


def test_as_many_ready_pods_as_configured_may_take_over() -> None:
    assert refuse_takeover(expected(), [pod("a"), pod("b"), BLUE], DONE) is None


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (pod("b", ready=False), "b: is not ready"),
        (pod("b", ready=False, reason="ImagePullBackOff", detail="no"), "(ImagePullBackOff): no"),
        (pod("b", terminating=True), "b: is terminating"),
        (pod("b", image=OLD), f"b: runs {OLD}"),
    ],
)
def test_a_pod_that_does_not_count_is_named_with_its_reason(bad: Pod, words: str) -> None:
    message = text(pod("a"), bad, BLUE)
    assert message.startswith(f"green: 1 of 2 pods are ready on {NEW}")
    assert words in message


def test_terminating_pods_that_are_still_ready_never_count() -> None:
    assert "0 of 2" in text(pod("a", terminating=True), pod("b", terminating=True), BLUE)


def test_a_color_without_pods_is_refused() -> None:
    assert "there are no pods" in text(BLUE)


def test_one_pod_is_enough_when_the_color_left_has_none() -> None:
    assert refuse_takeover(expected(), [pod("a"), pod("b", ready=False)], DONE) is None
    dying = pod("blue-1", Color.BLUE, terminating=True)
    crashed = pod("blue-2", Color.BLUE, ready=False)
    assert refuse_takeover(expected(), [pod("a"), dying, crashed], DONE) is None


def test_one_pod_is_enough_on_the_way_back_of_a_release() -> None:
    assert refuse_rollback(expected(), [pod("a"), pod("b", ready=False), BLUE], DONE) is None
    assert refuse_rollback(expected(), [pod("a", image=OLD), BLUE], DONE) is not None
    assert refuse_rollback(expected(), [pod("a", terminating=True), BLUE], DONE) is not None


def test_who_goes_back_by_hand_learns_how_to_do_with_less() -> None:
    message = text(pod("a"), pod("b", ready=False), BLUE)
    assert "if 1 of them are enough: `pulumi config set --path green.replicas 1`" in message
    assert "enough" not in text(pod("a", ready=False), BLUE)


def test_no_pod_is_never_enough() -> None:
    assert refuse_takeover(expected(), [pod("a", ready=False)], DONE) is not None
    assert refuse_takeover(expected(), [pod("a", image=OLD)], DONE) is not None


def test_pods_of_an_older_template_do_not_count() -> None:
    pods = [pod("a"), pod("b"), BLUE]
    assert "1 of 2 pods have the newest template" in text(
        *pods, rollout=Rollout(observed=True, updated_replicas=1)
    )
    assert "0 of 2 pods have the newest template" in text(
        *pods, rollout=Rollout(observed=False, updated_replicas=2)
    )


@pytest.mark.parametrize("reason", sorted(STUCK))
def test_waiting_ends_early_when_it_cannot_help(reason: str) -> None:
    refusal = refuse_rollout(expected(), [pod("a"), pod("b", ready=False, reason=reason)], DONE)
    assert refusal is not None
    assert refusal.stuck


def test_an_old_pod_that_crashes_does_not_end_the_wait_for_the_new_ones() -> None:
    old = pod("old", image=OLD, ready=False, reason="CrashLoopBackOff")
    refusal = refuse_rollout(expected(), [pod("a"), old], DONE)
    assert refusal is not None
    assert not refusal.stuck


def test_a_color_that_shall_run_nothing_is_settled_at_once() -> None:
    assert refuse_rollout(expected(0), [], Rollout(observed=False, updated_replicas=0)) is None


def test_the_message_says_what_to_do() -> None:
    refusal = refuse_takeover(expected(), [BLUE], DONE)
    assert refusal is not None
    message = refusal_text(expected(), refusal)
    assert "nothing was moved" in message
    assert "kubectl -n ns describe pods -l bot.handover/color=green" in message
    assert "`pulumi config set activeColor blue`" in message


PODS = st.builds(
    Pod,
    name=st.just("p"),
    color=st.sampled_from(Color),
    image=st.sampled_from([OLD, NEW]),
    ready=st.booleans(),
    terminating=st.booleans(),
    reason=st.sampled_from(["", "CrashLoopBackOff"]),
)


@given(pods=st.lists(PODS, max_size=6), replicas=st.integers(1, 3))
def test_never_does_a_color_take_over_without_a_pod_that_serves_the_expected_image(
    pods: list[Pod], replicas: int
) -> None:
    fit = [
        each
        for each in pods
        if each.color is Color.GREEN and each.ready and not each.terminating and each.image == NEW
    ]
    if (
        refuse_takeover(expected(replicas), pods, Rollout(observed=True, updated_replicas=replicas))
        is None
    ):
        assert fit
    if len(fit) >= replicas:
        assert (
            refuse_takeover(
                expected(replicas), pods, Rollout(observed=True, updated_replicas=replicas)
            )
            is None
        )
