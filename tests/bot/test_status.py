import asyncio
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from bot import status
from bot.contract import environment as env
from bot.health.background import Known
from bot.health.snapshot import Shard, Snapshot
from bot.process.identity import Identity
from bot.serving.http import build_app
from bot.serving.metrics import Metrics
from bot.trading.orders import State
from tests.support import snapshot
from tests.support.fakes import EPOCH, serving

WHO = Identity("1.2.3", "abc", "2026-01-01T00:00:00Z", "blue", "bot-blue-1", "r@sha256:1", "local")
WELL = replace(
    snapshot.WELL,
    uptime_seconds=61.5,
    open_positions=1,
    checks={"database": Known(passed=True, age_seconds=0.5)},
    loop_lag_seconds=0.002,
    feed_age_seconds=0.4,
    lease_epoch=7,
    leases_held=101,
    ledger="one@file",
    shards=(
        Shard(35, ("BTC/USDT",), 7, True, "bot-blue-1.a", "blue", 2.25),  # noqa: FBT003 - held
        Shard(80, ("ETH/USDT",), 3, False, "bot-green-1.b", "green", 4.0),  # noqa: FBT003
        Shard(90, ("SOL/USDT",), 2, False, None, None, 0.0),  # noqa: FBT003
    ),
    orders_by_state={State.ACKED: 2, State.FILLED: 10},
    signals_pending=3,
    last_reconcile=EPOCH,
    positions={"BTC/USDT": Decimal("0.10")},
    config_generation=4,
    config_hash="0123456789abcdef",
)
DOWN = Known(passed=False, reason="no answer for 9.0 s", age_seconds=9.0)
DEGRADED = replace(WELL, checks={"exchange": DOWN}, config_invalid="readOnly: 'no'")
UNHEALTHY = replace(WELL, draining=True)
TEXT = """\
state        healthy
version      1.2.3 (blue, local, bot-blue-1)
up           62 s
active       yes; trading: yes
role         active
leases       101 held, epoch 7
ledger       one@file
checks       10 pass
positions    BTC/USDT 0.10
unrealized   -1.50 in quote currency
orders       2 acked, 10 filled
unknown      0 orders that only the venue can tell about
signals      3 pending
reconciled   2026-01-02 03:04:05 UTC, 0 differences
config       generation 4 0123456789abcdef
market data  0.4 s old
loop lag     2 ms
shard 35     BTC/USDT: this pod, epoch 7, 2.2 s left
shard 80     ETH/USDT: bot-green-1.b, epoch 3, 4.0 s left
shard 90     SOL/USDT: NOBODY, epoch 2
"""


def app(now: Snapshot) -> ASGIApp:
    return build_app(WHO, lambda: now, Metrics(WHO, lambda: now), lambda: False)


async def asked(
    app: ASGIApp, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str, str]:
    async with serving(app) as url:
        code = await asyncio.to_thread(status.main, ["--url", url, *arguments], {})
    out, err = capsys.readouterr()
    return code, out, err


async def test_a_healthy_bot_is_told_in_a_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert await asked(app(WELL), capsys) == (0, TEXT, "")


async def test_a_degraded_bot_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = await asked(app(DEGRADED), capsys)
    assert code == 3
    assert "checks       exchange FAILS, 8 pass\n" in out
    assert "the file is REFUSED" in out
    assert "  ! exchange: no answer for 9.0 s\n" in out
    assert "  ! config: refused, the old one stays: readOnly: 'no'\n" in out


async def test_an_unhealthy_bot_is_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = await asked(app(UNHEALTHY), capsys)
    assert code == 1
    assert "trading: no" in out
    assert "  ! shutdown: the pod is draining\n" in out


async def test_json_has_the_same_facts(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = await asked(app(WELL), capsys, "--json")
    payload = json.loads(out)
    expected: dict[str, object] = {
        "state": "healthy",
        "color": "blue",
        "active": True,
        "lease_held": True,
        "lease_epoch": 7,
        "leases": 101,
        "role": "active",
        "unknown_orders": 0,
        "positions": {"BTC/USDT": "0.10"},
        "unrealized_profit": "-1.50",
        "config_generation": 4,
        "last_reconcile": "2026-01-02T03:04:05.000Z",
    }
    assert code == 0
    assert {key: payload[key] for key in expected} == expected


async def test_a_bot_that_knows_little_yet_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    new = replace(
        WELL,
        lease_held=False,
        leases_held=0,
        lease_epoch=None,
        last_reconcile=None,
        feed_age_seconds=None,
    )
    _, out, _ = await asked(app(new), capsys)
    for line in ("leases       none held\n", "reconciled   never\n", "market data  never seen\n"):
        assert line in out


def test_no_bot_is_an_error_that_names_the_address(capsys: pytest.CaptureFixture[str]) -> None:
    assert status.main([], {env.HTTP_PORT: "1"}) == 1
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("http://127.0.0.1:1: ")
    assert "is the bot running there?" in err


@pytest.mark.parametrize("body", ["{}", "[]", "<html>", '{"state": "healthy"}'])
async def test_what_is_no_bot_is_an_error(capsys: pytest.CaptureFixture[str], body: str) -> None:
    async def answer(_: object) -> PlainTextResponse:
        await asyncio.sleep(0)
        return PlainTextResponse(body)

    paths = ("/health", "/metrics")
    stranger = Starlette(routes=[Route(path, answer) for path in paths])
    code, out, err = await asked(stranger, capsys)
    assert (code, out) == (1, "")
    assert err.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("url", ["localhost", "ftp://x", "/etc/passwd", "file:///etc/passwd"])
def test_an_address_is_http(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        status.main(["--url", url], {})
    assert caught.value.code == 2
    assert "write http://host:port" in capsys.readouterr().err
