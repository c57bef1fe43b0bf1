"""The pod's manifest: what adds up, and what must be there."""

from decimal import Decimal

import pytest

from bot.contract import environment as env
from bot.contract.color import Color
from infra.pods import grace_seconds, settings
from tests.infra.samples import config


@pytest.mark.parametrize(("drain", "shutdown"), [(0, 1), (6, 10), (300, 600)])
def test_the_kubelet_never_kills_before_drain_and_shutdown_are_over(
    drain: int, shutdown: int
) -> None:
    parsed = config(drainSeconds=str(drain), shutdownSeconds=str(shutdown))
    assert grace_seconds(parsed) > drain + shutdown


def test_numbers_reach_the_bot_as_it_reads_them() -> None:
    told = settings(config(maxPositionSize="1E+3", riskLimitPct="0.50"), Color.GREEN)
    assert told[env.MAX_POSITION_SIZE] == "1000"
    assert Decimal(told[env.RISK_LIMIT_PCT]) == Decimal("0.5")


def test_what_a_person_does_not_set_is_the_environments_own() -> None:
    told = settings(config(deployEnv="production"), Color.BLUE)
    assert told[env.API_ENDPOINT] == "https://api.binance.com"
    assert told[env.ENABLE_TRADING] == "false"
    assert told[env.MAX_POSITION_SIZE] == "500"
    assert told[env.COLOR] == "blue"
