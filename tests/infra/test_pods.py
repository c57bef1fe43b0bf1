"""The pod's manifest: what adds up, and what must be there."""

import pytest

from infra.pods import grace_seconds
from tests.infra.recorder import record
from tests.infra.samples import config


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
