"""A bot as a process of its own, trading on a venue, with no cluster."""

import asyncio
import contextlib
import json
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import httpx2

from testbed.venue.server import DEFAULT_KEY, DEFAULT_SECRET
from tests.support.checkout import ROOT
from tests.support.plain import NO_TLS

TOKEN = "a-token-for-tests-and-nothing-else"  # noqa: S105 - of tests
SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
QUANTITIES = ("0.001", "0.01", "0.2")
START_SECONDS = 60.0
STOP_SECONDS = 20.0
WIDE_LIMITS = {
    "MAX_ORDERS_PER_MINUTE": "6000",
    "MAX_POSITION_SIZE": "10000000",
    "RISK_LIMIT_PCT": "100",
    "DAILY_LOSS_LIMIT_PCT": "100",
    "ALLOW_SHORT": "true",
}
"""Nothing that a test sends is refused by risk."""


@dataclass(slots=True)
class RunningBot:
    """One that is ready."""

    process: Process
    url: str
    ready_seconds: float
    """From its start."""

    async def stop(self) -> int:
        """End it in order; return its exit code."""
        self.process.terminate()
        return await asyncio.wait_for(self.process.wait(), STOP_SECONDS)


def body(name: str, number: int, max_age_seconds: float) -> dict[str, object]:
    """Return a signal: symbols in turn, buying and selling so that positions stay small."""
    which = number % len(SYMBOLS)
    return {
        "id": name,
        "symbol": SYMBOLS[which],
        "side": "sell" if number // len(SYMBOLS) % 2 else "buy",
        "quantity": QUANTITIES[which],
        "maxAgeSeconds": max_age_seconds,
    }


@contextlib.asynccontextmanager
async def running_bot(
    folder: Path, venue_url: str, database_url: str = "", **environ: str
) -> AsyncGenerator[RunningBot]:
    """Run one on this venue; without a database's URL its ledger is a file in the folder."""
    given = environment(folder, venue_url, database_url) | environ
    began = time.monotonic()
    with (folder / "bot.log").open("wb") as log, (folder / "bot.err").open("wb") as err:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"), cwd=ROOT, env=given, stdout=log, stderr=err
        )
    try:
        async with asyncio.timeout(START_SECONDS):
            url = await _started(process, folder)
            await wait_ready(url)
        yield RunningBot(process, url, time.monotonic() - began)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def environment(folder: Path, venue_url: str, database_url: str = "") -> dict[str, str]:
    """Return what it is told, after writing its secrets into the folder."""
    secrets = folder / "secrets"
    secrets.mkdir(exist_ok=True)
    values = {"venue-api-key": DEFAULT_KEY, "venue-api-secret": DEFAULT_SECRET}
    values |= {"signals-token": TOKEN} | ({"database-url": database_url} if database_url else {})
    for name, value in values.items():
        (secrets / name).write_text(value, encoding="utf-8")
    return {
        "DEPLOY_ENV": "local",
        "API_ENDPOINT": venue_url,
        "ENABLE_TRADING": "true",
        "SYMBOLS": ",".join(SYMBOLS),
        "STRATEGY": "none",
        "BOT_SECRETS_DIR": str(secrets),
        "BOT_LEDGER": str(folder / "ledger.sqlite"),
        "BOT_HTTP_PORT": "0",
        "BOT_DRAIN_SECONDS": "1",
        "BOT_SHUTDOWN_SECONDS": "5",
        "VENUE_LAG_SECONDS": "0.5",
        **WIDE_LIMITS,
    }


async def _started(process: Process, folder: Path) -> str:
    while True:
        for line in (folder / "bot.log").read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if record["event"] == "started":
                return f"http://127.0.0.1:{record['port']}"
        assert process.returncode is None, (folder / "bot.err").read_text(encoding="utf-8")
        await asyncio.sleep(0.02)


async def wait_ready(url: str) -> None:
    """Ask until it is ready; without end, so within a timeout."""
    async with httpx2.AsyncClient(trust_env=False, verify=NO_TLS) as client:
        while True:
            if (await client.get(f"{url}/readyz")).status_code == HTTPStatus.OK:
                return
            await asyncio.sleep(0.02)
