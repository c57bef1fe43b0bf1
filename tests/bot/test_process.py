"""The bot as a process of its own: signals, exit codes, deadlines, memory."""

import asyncio
import contextlib
import json
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.support.bot import wait_ready
from tests.support.checkout import ROOT
from tests.support.plain import NO_TLS

pytestmark = pytest.mark.slow

MEMORY_BYTES = 80 << 20
QUICK = {"BOT_HTTP_PORT": "0", "BOT_DRAIN_SECONDS": "1", "BOT_SHUTDOWN_SECONDS": "3"}


async def spawn(*arguments: str, **environ: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments, cwd=ROOT, env=environ, stdout=PIPE, stderr=PIPE
    )


async def run(*arguments: str, **environ: str) -> tuple[int, str, str]:
    process = await spawn(*arguments, **environ)
    out, err = await asyncio.wait_for(process.communicate(), 20)
    return process.returncode or 0, out.decode(), err.decode()


@dataclass
class Started:
    process: Process
    url: str
    port: int
    seconds: float
    lines: list[dict[str, object]] = field(default_factory=list[dict[str, object]])

    async def end(self) -> int:
        """Wait for the end and keep the rest of the log."""
        out, err = await asyncio.wait_for(self.process.communicate(), 20)
        assert err == b""
        self.lines += [json.loads(line) for line in out.splitlines()]
        return self.process.returncode or 0


@contextlib.asynccontextmanager
async def started(**environ: str) -> AsyncGenerator[Started, None]:
    began = time.monotonic()
    process = await spawn(**QUICK | environ)
    assert process.stdout
    lines = list[dict[str, object]]()
    try:
        while not lines or lines[-1]["event"] != "started":
            line = await asyncio.wait_for(process.stdout.readline(), 20)
            lines.append(json.loads(line))
        port = int(str(lines[-1]["port"]))
        url = f"http://127.0.0.1:{port}"
        yield Started(process, url, port, time.monotonic() - began, lines)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def get(url: str) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False, verify=NO_TLS) as client:
        return await client.get(url)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_drains_and_ends_with_0_within_the_deadline(number: signal.Signals) -> None:
    async with started(BOT_DRAIN_SECONDS="3") as bot:
        assert "connection" not in (await get(f"{bot.url}/version")).headers
        asked = time.monotonic()
        bot.process.send_signal(number)
        await asyncio.sleep(0.2)
        bot.process.send_signal(number)  # an impatient second one
        while time.monotonic() - asked < 0.9:
            answer = await get(f"{bot.url}/version")
            assert answer.status_code == 200
            assert answer.headers["connection"] == "close"
        assert (await get(f"{bot.url}/readyz")).status_code == 503
        assert await bot.end() == 0
        assert 3 <= time.monotonic() - asked < 3 + 3
    events = [line["event"] for line in bot.lines]
    assert events[-1] == "ended"
    assert "draining" in events


async def test_without_any_configuration_it_is_ready_and_small() -> None:
    async with (
        started() as bot,
        httpx2.AsyncClient(base_url=bot.url, trust_env=False, verify=NO_TLS) as ask,
    ):
        await asyncio.wait_for(wait_ready(bot.url), 20)
        for _ in range(300):
            await ask.get("/version")
        assert peak_bytes(bot.process.pid) < MEMORY_BYTES


def peak_bytes(pid: int) -> int:
    """The most that was ever resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


async def test_it_follows_a_file_where_there_is_no_cluster(tmp_path: Path) -> None:
    path = tmp_path / "intent.json"
    path.write_text('{"activeColor": "blue"}')
    async with started(BOT_INTENT_FILE=str(path)) as bot:
        assert (await get(f"{bot.url}/health")).json()["active"]
        path.write_text('{"activeColor": "green"}')
        await asyncio.sleep(0.4)
        answer = await get(f"{bot.url}/health")
        assert not answer.json()["active"]
        assert answer.headers["connection"] == "close"


async def test_a_secret_is_in_no_log_and_no_answer(tmp_path: Path) -> None:
    (tmp_path / "apiKey").write_text("hunter2")
    async with started(BOT_SECRETS_DIR=str(tmp_path), LOG_LEVEL="debug") as bot:
        answers = [(await get(f"{bot.url}{p}")).text for p in ("/health", "/version", "/metrics")]
        bot.process.terminate()
        assert await bot.end() == 0
        assert "hunter2" not in f"{bot.lines}{answers}"
        assert bot.lines[0]["secrets"] == ["apiKey"]


async def test_a_taken_port_ends_with_1_and_is_named() -> None:
    async with started() as bot:
        code, _, err = await run(**QUICK | {"BOT_HTTP_PORT": str(bot.port)})
        assert code == 1
        assert f"BOT_HTTP_PORT: port {bot.port}: Address already in use" in err


async def test_bad_configuration_ends_with_2_and_every_error() -> None:
    wrong = {"DEPLOY_ENV": "prod", "RISK_LIMIT_PCT": "-1", "BOT_COLOR": "red"}
    for command in ("run", "check-config"):
        code, out, err = await run(command, **wrong)
        assert code == 2
        assert not out
        assert all(f"{key}={value!r}: " in err for key, value in wrong.items())
    code, _, err = await run(BOT_SECRETS_DIR="/nowhere")
    assert (code, err.startswith("BOT_SECRETS_DIR: /nowhere: ")) == (2, True)


async def test_the_configuration_can_be_looked_at() -> None:
    code, out, _ = await run("check-config", DEPLOY_ENV="staging")
    assert code == 0
    assert json.loads(out)["deploy_env"] == "staging"


async def test_the_health_check_of_a_container_asks_for_liveness() -> None:
    async with started() as bot:
        code, out, _ = await run("healthcheck", BOT_HTTP_PORT=str(bot.port))
        assert (code, out) == (0, "ok\n")
    code, _, err = await run("healthcheck", BOT_HTTP_PORT=str(bot.port))
    assert code == 1
    assert "refused" in err


async def test_help_and_version_need_no_configuration() -> None:
    code, out, _ = await run("--help")
    assert code == 0
    assert "healthcheck" in out
    assert "MAX_POSITION_SIZE" in out
    assert (await run("--version", BOT_VERSION="1.2.3"))[1] == "1.2.3\n"
    assert (await run("--version"))[1] == "0.0.0-dev\n"
    assert (await run("dance"))[0] == 2


STUCK = """
import asyncio, time
from bot.app import Bot, end_by_force
from bot.process.clock import Clock
from bot.process.server import listen
from bot.process.stop_flag import StopFlag
from tests.support.fakes import BLUE, FakeSource, FakeVenue, memory_ledger, settings

flag = StopFlag()
flag.install()

class StuckVenue(FakeVenue):
    async def prices(self):
        if flag.is_set:
            time.sleep(60)  # blocks the whole event loop, as a bug in a library would
        return {}

async def main():
    config = settings(BOT_DRAIN_SECONDS="1", BOT_SHUTDOWN_SECONDS="0.5")
    flag.when_set(lambda: end_by_force(config))
    bot = Bot(
        config,
        source=FakeSource(BLUE),
        venue=StuckVenue(),
        ledger=memory_ledger(),
        flag=flag,
        clock=Clock(),
    )
    print("up", flush=True)
    return await bot.lifecycle.run(listen(0))

raise SystemExit(asyncio.run(main()))
"""


async def test_a_stuck_process_ends_by_force_and_says_where_it_was() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STUCK, cwd=ROOT, env={}, stdout=PIPE, stderr=PIPE
    )
    assert process.stdout
    while await asyncio.wait_for(process.stdout.readline(), 10) != b"up\n":
        pass
    await asyncio.sleep(0.5)
    asked = time.monotonic()
    process.terminate()
    _, err = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 1
    assert time.monotonic() - asked < 1 + 0.5 + 2
    assert b"in prices" in err
