"""The kill switch by `pulumi up`: at once in every pod, and the command says so."""

import json
import re
import time
from collections.abc import Generator, Mapping
from http import HTTPStatus

import httpx2
import pytest

from bot.contract.color import Color
from testbed import net
from tests.support import node
from tests.support.bot import QUANTITIES, SYMBOLS, TOKEN
from tests.support.kill_switch import buying, release, throw
from tests.support.kube import wait_until
from tests.support.market import Market, trading_stack
from tests.support.platform import Platform
from tests.support.stack import Stack

pytestmark = pytest.mark.cluster
PER_SECOND = 30.0
PODS = 4
ENDED_SECONDS = 20.0
SHORT_SECONDS = 15
BLIND_SECONDS = 12.0
"""After this a watch that is cut off is over: what it was sent before is not lost."""


@pytest.fixture(scope="module")
def market(
    stack: Stack, platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Market]:
    folder = tmp_path_factory.mktemp("kill-switch") / "test"
    with trading_stack("test-kill", stack.image(Color.BLUE), folder, platform) as made:
        made.wait_all_held(Color.BLUE)
        yield made


def post(market: Market, name: str, **signal: object) -> None:
    host, port = market.kube.address()
    answer = httpx2.post(
        f"http://{host}:{port}/signals",
        json={"id": name, "maxAgeSeconds": 30, **signal},
        headers={"Authorization": f"Bearer {TOKEN}"},
        trust_env=False,
    )
    assert answer.status_code == HTTPStatus.ACCEPTED, answer.text


def fate(market: Market, name: str) -> tuple[str, str]:
    """Wait for a signal's end; return it, and why."""
    sql = "SELECT fate, reason FROM signals WHERE signal_id = $1 AND fate IS NOT NULL"
    rows: list[Mapping[str, str]] = []

    def ended() -> bool:
        rows[:] = market.query(sql, name)
        return bool(rows)

    wait_until(f"{name} has ended", ended, seconds=ENDED_SECONDS)
    return rows[0]["fate"], rows[0]["reason"]


def test_right_after_the_up_every_pod_refuses_new_risk_and_takes_what_reduces(
    market: Market,
) -> None:
    with market.senders("flow", per_second=PER_SECOND, make=buying):
        thrown = throw(market)
        holders = market.holders()
    print(json.dumps({"command to last order, s": thrown.last_order_seconds}))  # noqa: T201 - asked for
    print(json.dumps({"command, s": thrown.up_seconds}))  # noqa: T201 - asked for
    assert thrown.orders_after_up == 0
    assert re.search(rf"limits [0-9a-f]{{16}}: in effect in {PODS} ready pods", thrown.output)
    assert set(holders) == set(SYMBOLS)
    for symbol, quantity in zip(SYMBOLS, QUANTITIES, strict=True):
        new, less = f"new-{symbol[:3]}", f"less-{symbol[:3]}"
        post(market, new, symbol=symbol, side="buy", quantity=quantity)
        post(market, less, symbol=symbol, side="sell", quantity=quantity, reduceOnly=True)
        ended, why = fate(market, new)
        assert ended == "refused"
        assert "kill switch" in why
        assert fate(market, less)[0] == "executed"


def test_an_up_that_changes_no_limit_asks_no_pod(market: Market) -> None:
    assert "limits " not in market.stack.up().output


def test_an_up_that_a_pod_does_not_follow_fails_and_names_it_and_the_next_one_asks_again(
    market: Market,
) -> None:
    stack, before = market.stack, market.stack.outputs()
    stack.set("rolloutSeconds", SHORT_SECONDS)
    with node.cut(market.kube, Color.GREEN, net.API_PORT):
        time.sleep(BLIND_SECONDS)
        stack.set("logLevel", "warning")
        failed = stack.pulumi("up", "--yes", "--skip-preview", check=False)
    assert failed.code != 0
    assert f"2 of {PODS} ready pods did not take the limits" in failed.output
    assert "Traceback" not in failed.output
    for pod in market.kube.pods(Color.GREEN):
        assert f"{pod.name}: still has {before['configHash']}" in failed.output
    assert stack.outputs() == before, "what was applied, and the hash that all pods had"
    assert f"in effect in {PODS} ready pods" in stack.up().output
    assert stack.outputs()["configHash"] != before["configHash"]


def test_a_pod_that_cannot_watch_is_waited_for_and_named(market: Market) -> None:
    """Its file changes after a minute or two."""
    with node.cut(market.kube, Color.GREEN, net.API_PORT):
        time.sleep(BLIND_SECONDS)
        market.stack.set("rolloutSeconds", 180)
        market.stack.set("logLevel", "debug")
        began = time.monotonic()
        output = market.stack.up().output
    print(json.dumps({"by the file alone, s": time.monotonic() - began}))  # noqa: T201 - asked for
    names = {pod.name for pod in market.kube.pods(Color.GREEN)}
    (waited,) = re.findall(r"limits [0-9a-f]{16}: waiting for (.*)", output)[:1]
    assert set(waited.strip().split(", ")) == names
    assert f"in effect in {PODS} ready pods" in output


def test_new_risk_is_taken_again_when_it_is_off(market: Market) -> None:
    with market.senders("again", per_second=PER_SECOND, make=buying):
        release(market)
