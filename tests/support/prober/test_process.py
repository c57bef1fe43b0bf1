"""The prober as a process: what it prints, how it ends, and that it knows when it slept."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import ROOT
from tests.support.prober.rows import load
from tests.support.prober.server import LOOPBACK, Act, serving

pytestmark = pytest.mark.slow


async def start(port: int, *options: str) -> Process:
    command = (
        "-m",
        "tests.support.prober",
        LOOPBACK,
        str(port),
        "--new-rate",
        "50",
        "--lanes",
        "2",
    )
    process = await create_subprocess_exec(
        sys.executable, *command, *options, cwd=ROOT, stdout=PIPE
    )
    assert process.stdout is not None
    assert "started" in json.loads(await process.stdout.readline())
    return process


async def finish(process: Process) -> dict[str, Any]:
    output, _ = await asyncio.wait_for(process.communicate(), 10)
    return json.loads(output)


@pytest.mark.parametrize(
    ("act", "verdict", "code"), [(Act.ANSWER, "clean", 0), (Act.STATUS_500, "lost", 1)]
)
async def test_the_exit_code_is_the_verdict(
    tmp_path: Path, act: Act, verdict: str, code: int
) -> None:
    async with serving(lambda _: act) as port:
        process = await start(port, "--seconds", "0.5", "--rows", str(tmp_path / "rows"))
        summary = await finish(process)
    assert (summary["verdict"], process.returncode) == (verdict, code)
    rows = load(tmp_path / "rows")
    assert len(rows) == summary["new"]["requests"] + summary["kept"]["requests"]


async def test_sigterm_ends_a_run_in_order() -> None:
    async with serving(lambda _: Act.ANSWER) as port:
        process = await start(port)
        await asyncio.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        summary = await finish(process)
    assert summary["verdict"] == "clean"
    assert summary["seconds"] < 5


async def test_a_run_that_was_paused_is_void_and_not_clean() -> None:
    async with serving(lambda _: Act.ANSWER) as port:
        process = await start(port, "--seconds", "2")
        await asyncio.sleep(0.3)
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(0.6)
        process.send_signal(signal.SIGCONT)
        summary = await finish(process)
    assert (summary["verdict"], process.returncode) == ("void", 2)
    assert summary["lag_seconds"]["largest"] >= 0.4
