"""Signals over HTTP while authority moves, planned and not: every one executed once."""

import json
import time
from collections.abc import Generator

import pytest

from bot.contract.color import Color
from bot.contract.shards import shard_of
from testbed import net
from tests.support import node
from tests.support.bot import SYMBOLS
from tests.support.kube import wait_until
from tests.support.market import Market, trading_stack
from tests.support.platform import Platform
from tests.support.stack import Stack

pytestmark = pytest.mark.cluster
LEASE_SECONDS = 5.0
WARM_SECONDS = 2.0
FIRST_SHARD = min(shard_of(symbol) for symbol in SYMBOLS)
CANARY = FIRST_SHARD + 1
"""Percent that moves one symbol."""


@pytest.fixture(scope="module")
def market(
    stack: Stack, platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Market]:
    folder = tmp_path_factory.mktemp("trading") / "test"
    with trading_stack("test-trading", stack.image(Color.BLUE), folder, platform) as made:
        yield made


@pytest.fixture
def active(market: Market) -> Color:
    """The color that trades, with all pods of both ready and every symbol held by it."""
    color = Color(market.stack.outputs()["activeColor"])
    for each in Color:
        market.kube.wait_ready(each)
    wait_until(f"{color} holds everything", lambda: _holds(market, color, SYMBOLS))
    return color


def _color_of(holder: str) -> Color:
    """Pods are named bot-<color>-…"""
    return next(color for color in Color if f"-{color}-" in holder)


def _holds(market: Market, color: Color, symbols: tuple[str, ...]) -> bool:
    holders = market.holders()
    return all(symbol in holders and _color_of(holders[symbol]) is color for symbol in symbols)


def test_a_planned_swap_executes_every_signal_once_and_keeps_positions(
    market: Market, active: Color
) -> None:
    with market.senders("planned") as senders:
        time.sleep(WARM_SECONDS)
        market.stack.set("activeColor", active.other)
        market.stack.up()
        wait_until("the other color trades", lambda: _holds(market, active.other, SYMBOLS))
    assert not market.judge(senders.sent.accepted)
    assert not senders.sent.given_up
    before = market.positions()
    market.stack.set("activeColor", active)
    market.stack.up()
    wait_until("the first color trades again", lambda: _holds(market, active, SYMBOLS))
    assert market.positions() == before


@pytest.mark.soak
def test_fifty_swaps_leave_positions_and_fees_and_orders_as_they_are(
    market: Market, active: Color
) -> None:
    with market.senders("before") as senders:
        time.sleep(WARM_SECONDS)
    assert not market.judge(senders.sent.accepted)
    before, orders = market.positions(), market.record()
    assert any(float(quantity) for quantity, _ in before.values())
    color = active
    for _ in range(50):
        color = color.other
        market.turn_to(color)
    assert color is active, "the stack would end as Pulumi does not know it"
    assert market.positions() == before
    assert market.record() == orders


def test_a_canary_moves_its_symbols_only_and_back(market: Market, active: Color) -> None:
    moved = tuple(symbol for symbol in SYMBOLS if shard_of(symbol) < CANARY)
    stays = tuple(symbol for symbol in SYMBOLS if symbol not in moved)
    epochs = _epochs(market)
    with market.senders("canary") as senders:
        market.stack.set("canaryPercent", CANARY)
        market.stack.up()
        wait_until("the canary trades", lambda: _holds(market, active.other, moved))
        assert _holds(market, active, stays)
        market.stack.set("canaryPercent", 0)
        market.stack.up()
        wait_until("the canary is over", lambda: _holds(market, active, SYMBOLS))
    assert not market.judge(senders.sent.accepted)
    after = _epochs(market)
    assert {symbol for symbol in SYMBOLS if after[symbol] != epochs[symbol]} == set(moved)


def _epochs(market: Market) -> dict[str, int]:
    rows = {row["lease"]: row["epoch"] for row in market.query("SELECT lease, epoch FROM leases")}
    return {symbol: rows[shard_of(symbol)] for symbol in SYMBOLS}


def test_a_holder_that_is_killed_loses_and_doubles_nothing(market: Market, active: Color) -> None:
    with market.senders("killed") as senders:
        time.sleep(WARM_SECONDS)
        node.kill(node.bot_pids(market.kube, active).values())
        time.sleep(LEASE_SECONDS + WARM_SECONDS)
        wait_until("somebody trades again", lambda: _holds(market, active, SYMBOLS))
    assert not market.judge(senders.sent.accepted)


def test_a_holder_that_sleeps_beyond_its_lease_loses_and_doubles_nothing(
    market: Market, active: Color
) -> None:
    pods = node.bot_pids(market.kube, active)
    sleeper = next(iter(market.holders().values())).rpartition(".")[0]
    with market.senders("asleep") as senders:
        time.sleep(WARM_SECONDS)
        with node.stopped([pods[sleeper]]):
            time.sleep(LEASE_SECONDS + 2)
            assert sleeper not in {h.rpartition(".")[0] for h in market.holders().values()}
        time.sleep(WARM_SECONDS)
    assert not market.judge(senders.sent.accepted)


def test_a_color_cut_off_from_the_database_loses_and_doubles_nothing(
    market: Market, active: Color
) -> None:
    with market.senders("no-database") as senders:
        time.sleep(WARM_SECONDS)
        with node.cut(market.kube, active, net.POSTGRES_PORT):
            time.sleep(LEASE_SECONDS + 2)
            assert not _holds(market, active, SYMBOLS)
        wait_until("the color trades again", lambda: _holds(market, active, SYMBOLS))
    assert not market.judge(senders.sent.accepted)


def test_pods_that_do_not_see_the_swap_hand_over_all_the_same(
    market: Market, active: Color
) -> None:
    with market.senders("no-api") as senders:
        time.sleep(WARM_SECONDS)
        with node.cut(market.kube, active, net.API_PORT):
            market.stack.set("activeColor", active.other)
            market.stack.up()
            wait_until(
                "the other color trades",
                lambda: _holds(market, active.other, SYMBOLS),
                seconds=LEASE_SECONDS + 2,
            )
        time.sleep(WARM_SECONDS)
    assert not market.judge(senders.sent.accepted)


def test_an_evicted_pod_loses_and_doubles_nothing(market: Market, active: Color) -> None:
    pod = market.kube.pods(active)[0].name
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod, "namespace": market.stack.namespace},
    }
    path = f"/api/v1/namespaces/{market.stack.namespace}/pods/{pod}/eviction"
    with market.senders("evicted") as senders:
        time.sleep(WARM_SECONDS)
        market.kube.shell.run(
            *market.kube.command("create", "--raw", path, "-f", "-"), stdin=json.dumps(eviction)
        )
        market.kube.wait_ready(active)
    assert not market.judge(senders.sent.accepted)


def test_both_colors_restarted_at_once_lose_and_double_nothing(
    market: Market, active: Color
) -> None:
    with market.senders("restarted") as senders:
        time.sleep(WARM_SECONDS)
        for color in Color:
            market.kube.delete_pods(color)
        time.sleep(WARM_SECONDS)
        for color in Color:
            market.kube.wait_ready(color)
        wait_until("the color trades again", lambda: _holds(market, active, SYMBOLS))
    assert not market.judge(senders.sent.accepted)
