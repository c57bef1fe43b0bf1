"""A live bot moves from one color to the other by plain `pulumi up`, and nothing is lost."""

from collections.abc import Generator

import pytest

from bot.contract.color import Color
from tests.support.stack import Stack
from tests.support.swap import RESTART_AT_ONCE, RESTART_LATER, swap_under_load

pytestmark = pytest.mark.cluster


@pytest.fixture
def without_drain(blue_live: Stack) -> Generator[Stack]:
    blue_live.set("drainSeconds", 0)
    blue_live.up()
    yield blue_live
    blue_live.set("drainSeconds", 6)
    blue_live.up()


def _standby(stack: Stack) -> Color:
    return Color(stack.outputs()["activeColor"]).other


@pytest.mark.parametrize("restart_after_seconds", [RESTART_AT_ONCE, RESTART_LATER])
def test_a_swap_under_load_loses_nothing(stack: Stack, restart_after_seconds: float) -> None:
    swap = swap_under_load(stack, _standby(stack), restart_after_seconds=restart_after_seconds)
    assert not swap.broken


def test_a_swap_loses_nothing_on_nodes_that_learn_of_it_late(stack: Stack) -> None:
    swap = swap_under_load(
        stack, _standby(stack), restart_after_seconds=RESTART_AT_ONCE, learns_late=True
    )
    assert not swap.losses


@pytest.mark.soak
def test_without_the_drain_the_same_swap_loses_requests(without_drain: Stack) -> None:
    swap = swap_under_load(
        without_drain, Color.GREEN, restart_after_seconds=RESTART_AT_ONCE, learns_late=True
    )
    assert swap.losses
