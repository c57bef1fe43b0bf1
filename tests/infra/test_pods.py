"""The pod's manifest: what adds up, and what must be there."""

import re

import pytest

from bot.contract import environment as env
from bot.contract.color import Color
from infra.names import order_mark
from infra.pods import grace_seconds
from tests.infra.recorder import STACK, record
from tests.infra.samples import PROJECT, config


@pytest.mark.parametrize(("drain", "shutdown"), [(0, 1), (6, 10), (300, 600)])
def test_the_kubelet_never_kills_before_drain_and_shutdown_are_over(
    drain: int, shutdown: int
) -> None:
    parsed = config(drainSeconds=str(drain), shutdownSeconds=str(shutdown))
    assert grace_seconds(parsed) > drain + shutdown


def test_the_kubelet_waits_longer_for_the_start_than_the_bot_itself() -> None:
    declared, _ = record(config(startupSeconds="90"))
    pod = declared["Deployment::bot-blue"].inputs["spec"]["template"]["spec"]
    probe = pod["containers"][0]["startupProbe"]
    assert probe["failureThreshold"] * probe["periodSeconds"] > 90


def test_both_colors_mark_their_orders_alike_and_no_other_stack_does() -> None:
    declared, _ = record(config())
    marks = {
        variable["value"]
        for color in Color
        for variable in declared[f"Deployment::bot-{color}"].inputs["spec"]["template"]["spec"][
            "containers"
        ][0]["env"]
        if variable["name"] == env.ORDER_MARK
    }
    assert marks == {order_mark(PROJECT, STACK)}
    assert len({order_mark("a", "b"), order_mark("a", "c"), order_mark("b", "b")}) == 3
    assert re.fullmatch(env.ORDER_MARK_PATTERN, order_mark(PROJECT, STACK))
