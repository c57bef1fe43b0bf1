"""The command as people start it: it prints where it listens, and its record survives SIGKILL."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest

from testbed.venue.cli import parse
from testbed.venue.events import EVENT, Accepted
from testbed.venue.exchange import Exchange, Setup
from testbed.venue.record import Record, RecordError
from tests.support.plain import NO_TLS
from tests.support.venue_client import ccxt_at

pytestmark = pytest.mark.slow

WITHIN_SECONDS = 30
BTC = "BTC/USDT"


@contextlib.asynccontextmanager
async def process(*arguments: str) -> AsyncGenerator[tuple[asyncio.subprocess.Process, str]]:
    command = [sys.executable, "-m", "testbed.venue", "--port", "0", *arguments]
    started = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert started.stdout is not None
        line = await asyncio.wait_for(started.stdout.readline(), WITHIN_SECONDS)
        yield started, line.decode().removeprefix("venue: ").strip()
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def test_the_record_and_the_account_survive_a_kill(tmp_path: Path) -> None:
    arguments = ("--record", str(tmp_path / "record.jsonl"), "--seed", "7")
    params = {"clientOrderId": "kept"}
    async with process(*arguments) as (first, url), ccxt_at(url) as ccxt:
        await ccxt.create_order(BTC, "limit", "buy", "0.1", "30000", params)
        await ccxt.create_order(BTC, "market", "buy", "0.3")
        before = (await ccxt.fetch_balance(), await ccxt.fetch_my_trades(BTC))
        first.send_signal(signal.SIGKILL)
        await first.wait()
    async with process(*arguments) as (_, url), ccxt_at(url) as ccxt:
        assert (await ccxt.fetch_order(None, BTC, params))["status"] == "open"
        after = (await ccxt.fetch_balance(), await ccxt.fetch_my_trades(BTC))
        assert after[0]["USDT"] == before[0]["USDT"]
        assert after[1] == before[1]


async def test_it_stops_when_asked_to() -> None:
    async with process() as (running, url):
        async with httpx2.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as http:
            assert (await http.get("/admin/health")).json()["status"] == "healthy"
        running.send_signal(signal.SIGTERM)
        await asyncio.wait_for(running.wait(), WITHIN_SECONDS)


def test_a_torn_last_line_is_cut_off_and_the_rest_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    first = Record(path)
    Exchange(Setup(), first, 1_000)
    first.close()
    whole = path.read_bytes()
    path.write_bytes(whole + b'[{"kind": "acc')
    again = Record(path)
    again.close()
    assert again.events == first.events
    assert path.read_bytes() == whole


def test_a_broken_line_is_named_and_never_skipped(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    path.write_text("[]\n{}\n")
    with pytest.raises(RecordError, match=r"record\.jsonl, line 2.*move the file away"):
        Record(path)


def test_a_record_is_not_continued_with_other_prices(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    first = Record(path)
    Exchange(Setup(seed=1), first, 1_000)
    first.close()
    second = Record(path)
    with pytest.raises(RecordError, match="made with seed 1, not 2"):
        Exchange(Setup(seed=2), second, 2_000)
    second.close()


@pytest.mark.parametrize(
    "arguments", [["--key", "no-secret"], ["--balance", "USDT"], ["--balance", "USDT=NaN"]]
)
def test_a_wrong_command_line_says_what_would_be_right(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert "must be" in capsys.readouterr().err


def test_events_are_read_back_as_they_were_written() -> None:
    text = (
        '{"kind":"accepted","received_ms":2,"sent_ms":1,"window_ms":5000,"api_key":"k",'
        '"order_id":1,"client_id":"c","symbol":"BTCUSDT","side":"BUY","type":"LIMIT",'
        '"lifetime":"GTC","quantity":"0.10","budget":"0","price":"60000.01"}'
    )
    event = EVENT.validate_json(text)
    assert isinstance(event, Accepted)
    assert EVENT.dump_json(event).decode() == text
