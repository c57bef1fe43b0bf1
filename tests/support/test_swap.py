"""Which swaps count as promised. A judge that never says no would make every figure worthless."""

from dataclasses import replace
from typing import Any

import pytest

from bot.contract.color import Color
from tests.support.swap import Swap
from tests.support.traffic import Traffic


def report(*, new_lost: int = 0, kept_lost: int = 0, new: int = 6000) -> dict[str, Any]:
    return {
        "verdict": "clean",
        "seconds": 20.0,
        "new": {"requests": new, "lost": new_lost, "reasons": {"reset": new_lost}},
        "kept": {"requests": 4000, "lost": kept_lost, "reasons": {"reset": kept_lost}},
    }


GOOD = Swap(
    to=Color.GREEN,
    restart_after_seconds=0,
    up_seconds=3,
    service_after_seconds=2,
    moved_after_seconds=dict.fromkeys(range(10), 0.5),
    clients=10,
    stayed=0,
    traffic=Traffic(report(), []),
)


def test_a_swap_without_loss_in_time_is_as_promised() -> None:
    assert not GOOD.broken


@pytest.mark.parametrize(
    ("swap", "reason"),
    [
        (replace(GOOD, traffic=Traffic(report(new_lost=1), [])), "1 requests on new"),
        (replace(GOOD, traffic=Traffic(report(kept_lost=2), [])), "2 requests on kept"),
        (replace(GOOD, moved_after_seconds={0: 0.5}), "answered only 1 of 10"),
        (replace(GOOD, moved_after_seconds={**GOOD.moved_after_seconds, 3: 2.1}), "only 9 of 10"),
        (replace(GOOD, stayed=1), "blue answered 1 clients later"),
        (replace(GOOD, traffic=Traffic(report(new=5000), [])), "only 250/s"),
        (replace(GOOD, clients=7, moved_after_seconds={}), "only 0 of 7"),
    ],
)
def test_a_broken_promise_is_named(swap: Swap, reason: str) -> None:
    assert any(reason in broken for broken in swap.broken)
