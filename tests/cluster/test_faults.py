"""The controls of the swap's promise, and the way out of a color that died."""

from pathlib import Path

import pytest

from bot.contract.color import Color
from tests.support.dead_color import leave_dead_color
from tests.support.faults import keep_connections, revive
from tests.support.kube import Kube
from tests.support.stack import Stack
from tests.support.swap import RESTART_LATER, swap_under_load

pytestmark = pytest.mark.cluster


@pytest.mark.soak
def test_without_connection_close_kept_alive_clients_stay(faulty_blue_live: Stack) -> None:
    kube = Kube.of(faulty_blue_live)
    swap = swap_under_load(
        faulty_blue_live,
        Color.GREEN,
        restart_after_seconds=RESTART_LATER,
        before=lambda: keep_connections(kube, Color.BLUE),
    )
    assert swap.stayed == swap.clients >= 8


def test_a_dead_color_is_left_by_one_up(faulty_blue_live: Stack, tmp_path: Path) -> None:
    left = leave_dead_color(faulty_blue_live, tmp_path)
    revive(Kube.of(faulty_blue_live), Color.GREEN)
    assert left.failed_before > 0
    assert left.traffic_back_seconds < left.command_seconds < 30
