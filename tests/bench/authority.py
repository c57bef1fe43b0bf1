"""How long trading pauses when authority moves, what the rules cost, and what more pods bring."""

import asyncio
import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

import asyncpg

from bot.contract.color import Color
from tests.bench.report import Figure
from tests.bench.signals import flood, p99
from tests.support.bot import running_bot
from tests.support.database import migrated_database
from tests.support.market import LEASES, Market, trading_stack
from tests.support.platform import Platform
from tests.support.venue import venue_process

SWAPS = 50
REPLICAS = (1, 2, 4)
IDLE_SECONDS = 5.0
ROUNDS = 1000


def handovers(image: str, platform: Platform) -> list[Figure]:
    """Move all shards back and forth by the intent alone, and read what the takers measured."""
    with tempfile.TemporaryDirectory(prefix="handover-") as folder:
        path = Path(folder) / "stack"
        with trading_stack("bench-handover", image, path, platform) as market:
            with market.senders("bench", per_second=10) as senders:
                moved, pauses = _move(market)
            broken = market.judge(senders.sent.accepted)
    note = f"{SWAPS} handovers of all {LEASES} leases, 2 pods of each color, 10 signals/s"
    return [
        Figure("handover: signals lost or executed twice", len(broken), "", 0, note),
        Figure("pause of a shard in a planned handover: p50", statistics.median(pauses), "s"),
        Figure("pause of a shard in a planned handover: p99", p99(pauses), "s", 1.0),
        Figure("intent's change to the last shard taken: p50", statistics.median(moved), "s"),
        Figure("intent's change to the last shard taken: p99", p99(moved), "s", 1.0),
    ]


def _move(market: Market) -> tuple[list[float], list[float]]:
    asked: list[float] = []
    color = Color(market.stack.outputs()["activeColor"])
    market.wait_all_held(color)
    for _ in range(SWAPS):
        color = color.other
        time.sleep(0.5)
        asked.append(market.turn_to(color))
    if SWAPS % 2:
        raise ValueError(f"SWAPS: {SWAPS} is odd; the stack would end as Pulumi does not know it")
    time.sleep(1)
    taken = list(_taken(market))
    moved = [
        max(at for at, _ in taken if start < at < end) - start
        for start, end in zip(asked, [*asked[1:], time.time()], strict=True)
    ]
    return moved, [pause for at, pause in taken if at > asked[0]]


def _taken(market: Market) -> Iterable[tuple[float, float]]:
    """Yield when leases were taken, and the longest pause among them, as the pods logged it."""
    for color in Color:
        for pod in market.kube.pods(color):
            for line in market.kube.kubectl("logs", pod.name).output.splitlines():
                with contextlib.suppress(ValueError):
                    record = json.loads(line)
                    if (
                        record.get("event") == "leases taken"
                        and record["pause_seconds"] is not None
                    ):
                        at = datetime.fromisoformat(record["timestamp"]).timestamp()
                        yield at, record["pause_seconds"]


def cost() -> list[Figure]:
    """Measure what authority adds to the transaction that commits an intent."""
    with migrated_database() as url:
        took = asyncio.run(_checks(url))
    note = f"{ROUNDS} transactions"
    return [
        Figure("lease check in an intent's transaction: p50", statistics.median(took), "ms"),
        Figure("lease check in an intent's transaction: p99", p99(took), "ms", 1.0, note),
    ]


async def _checks(url: str) -> list[float]:
    connection = await asyncpg.connect(url)
    took: list[float] = []
    for number in range(ROUNDS):
        async with connection.transaction():
            began = time.monotonic()
            await connection.fetchrow(
                "SELECT holder, epoch FROM leases WHERE lease = $1 FOR KEY SHARE", number % 100
            )
            took.append((time.monotonic() - began) * 1000)
    await connection.close()
    return took


def replicas() -> list[Figure]:
    """Let 1, 2 and 4 processes share the shards on one database and one exchange."""
    figures: list[Figure] = []
    for count in REPLICAS:
        with migrated_database() as url:
            figures += asyncio.run(_share(count, url))
    return figures


async def _share(count: int, url: str) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="replicas-") as name, venue_process() as venue:
        async with AsyncExitStack() as open_now:
            bots = [
                await open_now.enter_async_context(
                    running_bot(_folder(Path(name), n), venue, url, POD_NAME=f"bot-{n}")
                )
                for n in range(count)
            ]
            await asyncio.sleep(2)
            commits, written = await _renewals(url)
            rates = await asyncio.gather(
                *(flood(bot, f"r{n}", connections=24 // count) for n, bot in enumerate(bots))
            )
            executed = await _executed(url)
    what = f"{count} replica{'s' if count > 1 else ''}"
    return [
        Figure(f"{what}: signals accepted", sum(rates), "/s", note="limited by 2 cores for all"),
        Figure(f"{what}: signals executed", executed, "/s", note="3 symbols, so 3 shards at most"),
        Figure(f"{what}: renewals on Postgres, commits", commits, "/s"),
        Figure(f"{what}: renewals on Postgres, written ahead", written / 1000, "kB/s"),
    ]


def _folder(folder: Path, number: int) -> Path:
    own = folder / str(number)
    own.mkdir()
    return own


async def _renewals(url: str) -> tuple[float, float]:
    """Return commits and bytes of the log in a second without signals."""
    connection = await asyncpg.connect(url)
    sql = (
        "SELECT xact_commit AS commits, pg_current_wal_lsn() - '0/0'::pg_lsn AS written"
        " FROM pg_stat_database WHERE datname = current_database()"
    )
    before = await connection.fetchrow(sql)
    await asyncio.sleep(IDLE_SECONDS)
    await connection.execute("SELECT pg_stat_clear_snapshot()")
    after = await connection.fetchrow(sql)
    await connection.close()
    assert before
    assert after
    return tuple(float(after[key] - before[key]) / IDLE_SECONDS for key in ("commits", "written"))  # pyright: ignore[reportReturnType] - two of them


async def _executed(url: str) -> float:
    """Return executions per second, from the first to the last."""
    connection = await asyncpg.connect(url)
    row = await connection.fetchrow(
        "SELECT count(*) AS n, max(answered_at) - min(answered_at) AS seconds FROM orders"
        " WHERE state = 'filled'"
    )
    await connection.close()
    assert row
    return row["n"] / row["seconds"]
