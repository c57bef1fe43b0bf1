"""Signals over HTTP while authority moves, planned and not: every one executed once."""

from collections.abc import Generator

import pytest

from bot.contract.color import Color
from tests.harness.market import Market, trading_stack
from tests.harness.platform import Platform
from tests.harness.stack import Stack

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def market(
    stack: Stack, platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Market]:
    folder = tmp_path_factory.mktemp("trading") / "test"
    with trading_stack("test-trading", stack.image(Color.BLUE), folder, platform) as made:
        yield made


def test_a_planned_swap_executes_every_signal_once(market: Market) -> None:
    before = market.stack.outputs()["activeColor"]
    with market.senders("planned") as senders:
        market.stack.set("activeColor", Color(before).other)
        market.stack.up()
    assert not market.judge(senders.sent.accepted)
    assert not senders.sent.given_up
    assert {holder.split("-")[1] for holder in market.holders().values()} == {Color(before).other}
