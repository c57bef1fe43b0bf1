"""The account of a bot in a process of its own: over a restart, and with a person's hand on it."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.bot import TOKEN, environment, running_bot
from tests.support.checkout import ROOT
from tests.support.plain import NO_TLS
from tests.support.venue_serving import serve

pytestmark = pytest.mark.slow

PAPER = "paper://embedded"
WITHIN_SECONDS = 40.0
LOOKS = 3
"""After two a difference lasts."""
Record = Mapping[str, Any]


def client(url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {TOKEN}"},
        trust_env=False,
        verify=NO_TLS,
    )


async def executed(http: httpx2.AsyncClient, name: str, **more: str) -> None:
    """Post a signal and wait until it is executed."""
    signal = {"id": name, "symbol": "BTC/USDT", "side": "buy", "quantity": "0.001"}
    answer = await http.post("/signals", json=signal | more)
    assert answer.status_code == 202, answer.text
    record = await until(http, lambda record: record["status"] != "pending", f"/signals/{name}")
    assert record["status"] == "executed", record


async def until(
    http: httpx2.AsyncClient, fact: Callable[[Record], bool], path: str = "/health"
) -> Record:
    """Ask until the answer is so."""
    record: Record = {}
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            while not record or not fact(record):
                await asyncio.sleep(0.2)
                record = (await http.get(path)).json()
    except TimeoutError:
        raise AssertionError(record) from None
    return record


async def looked(http: httpx2.AsyncClient, times: int) -> Record:
    """Wait for so many reconciliations; return the last report."""
    seen: set[str | None] = {None}

    def enough(health: Record) -> bool:
        seen.add(health["lastReconcile"])
        return len(seen) > times

    return await until(http, enough)


def positions(health: Record) -> dict[str, Decimal]:
    return {symbol: Decimal(quantity) for symbol, quantity in health["positions"].items()}


async def account(folder: Path, venue_url: str, *words: str) -> tuple[int, str]:
    """Run `bot account resolve` as a person does, beside no bot: the file has one process."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "account", "resolve", *words),
        cwd=ROOT,
        env=environment(folder, venue_url),
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), WITHIN_SECONDS)
    return process.returncode or 0, (out + err).decode()


async def test_paper_goes_on_with_its_account_after_a_restart(tmp_path: Path) -> None:
    """Case d35, README's own example: the second run was read-only."""
    async with running_bot(tmp_path, PAPER) as bot, client(bot.url) as http:
        await executed(http, "a")
        await executed(http, "rests", limitPrice="58000")
        before = await until(http, lambda health: bool(health["positions"]))
        assert await bot.stop() == 0
    async with running_bot(tmp_path, PAPER) as bot, client(bot.url) as http:
        health = await looked(http, LOOKS)
        assert health["reconcileDifferences"] == []
        assert (health["trading"], health["stopped"]) == (True, [])
        assert health["positions"] == before["positions"]
        assert health["orders"] == {"acked": 1}
        await executed(http, "b")
        assert (await looked(http, LOOKS))["stopped"] == []


async def test_a_person_resolves_what_moved_and_the_bot_trades_on(tmp_path: Path) -> None:
    word = ("--by", "ops@example", "--reason", "deposit, and bought by hand")
    async with serve() as venue:
        async with running_bot(tmp_path, venue.url) as bot, client(bot.url) as http:
            await executed(http, "a")
            await looked(http, 2)
            venue.deposit("USDT", "100")
            await venue.by_hand(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="1")
            health = await until(http, lambda health: bool(health["stopped"]))
            assert any("which is not ours" in each for each in health["reconcileDifferences"])
            assert positions(health) == {"BTC/USDT": Decimal("0.000999")}
            assert await bot.stop() == 0
        code, text = await account(tmp_path, venue.url, *word)
        assert code == 1
        assert "nothing was booked; add --yes" in text
        code, text = await account(tmp_path, venue.url, *word, "--yes")
        assert code == 0, text
        assert "booked by ops@example: deposit, and bought by hand" in text
        async with running_bot(tmp_path, venue.url) as bot, client(bot.url) as http:
            health = await looked(http, LOOKS)
            assert (health["stopped"], health["reconcileDifferences"]) == ([], [])
            assert positions(health) == {"BTC/USDT": Decimal("0.000999")}
            await executed(http, "b")
