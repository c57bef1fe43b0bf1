"""How long a signal takes until its order is sent, and how many a pod takes in a second.

Beside each figure stands the same box's bare committed insert, in turns: one row, one commit, the
same driver and settings, nothing else.
"""

import asyncio
import contextlib
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx2

from bot.authority.client_ids import client_order_id
from bot.contract.environment import ORDER_MARK_DEFAULT
from bot.ledger.sqlite import connect
from testbed.venue.events import EVENT, Accepted
from tests.bench.report import Figure
from tests.support.bot import TOKEN, RunningBot, body, running_bot
from tests.support.database import migrated_database
from tests.support.venue import venue_process

PACED_PER_SECOND = 20
PACED_SECONDS = 15
ROUNDS = 2
CONNECTIONS = 48
FLOOD_SECONDS = 10
OLD_ORDERS = 100_000
MAX_AGE_SECONDS = 60.0
_BARE = "CREATE TABLE bare (name text PRIMARY KEY, at double precision NOT NULL)"

Insert = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of ledger. `url`: of a migrated database; empty for SQLite."""

    name: str
    url: str


def signals() -> list[Figure]:
    """Measure on both databases."""
    figures: list[Figure] = []
    with migrated_database() as url:
        figures += asyncio.run(_measure(Kind("Postgres", url)))
    return [*figures, *asyncio.run(_measure(Kind("SQLite", "")))]


def start() -> list[Figure]:
    """Start with many orders in the ledger."""
    figures: list[Figure] = []
    with migrated_database() as url:
        figures += asyncio.run(_start(Kind("Postgres", url)))
    return [*figures, *asyncio.run(_start(Kind("SQLite", "")))]


async def _measure(kind: Kind) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="signals-") as name, venue_process() as venue:
        folder = Path(name)
        async with (
            running_bot(folder, venue, kind.url) as bot,
            _bare(kind, folder) as insert,
        ):
            bare: list[float] = []
            sent: list[float] = []
            for number in range(ROUNDS):
                bare += await _paced_inserts(insert, f"{number}")
                sent += await _paced_signals(bot, venue, f"{number}")
            taken = await flood(bot, "f")
            inserts = await _flood_inserts(kind, folder)
    return [*_latency(kind, sent, bare), *_rate(kind, taken, inserts)]


def _latency(kind: Kind, sent: list[float], bare: list[float]) -> list[Figure]:
    what = f"signal → order at the venue, {kind.name}"
    ratio = p99(sent) / p99(bare)
    note = f"{len(sent)} signals at {PACED_PER_SECOND}/s, through HTTP and ccxt"
    return [
        Figure(f"{what}: p99 / p99 of a bare committed insert", ratio, "", 3.0),
        Figure(f"{what}: p50", statistics.median(sent) * 1000, "ms", note=note),
        Figure(f"{what}: p99", p99(sent) * 1000, "ms"),
        Figure(f"bare committed insert, {kind.name}: p50", statistics.median(bare) * 1000, "ms"),
        Figure(f"bare committed insert, {kind.name}: p99", p99(bare) * 1000, "ms"),
    ]


def _rate(kind: Kind, taken: float, inserts: float) -> list[Figure]:
    note = f"{CONNECTIONS} connections; bare inserts one after the other: {inserts:.0f}/s"
    # Time for one thousand, so that less is better as everywhere in this table.
    return [
        Figure(f"signals accepted (202), {kind.name}: per second", taken, "/s", note=note),
        Figure(f"time for 1,000 accepted signals, {kind.name}", 1000 / taken, "s", 2.0),
    ]


def p99(values: list[float]) -> float:
    """Return the 99th percentile."""
    return statistics.quantiles(values, n=100)[-1]


@contextlib.asynccontextmanager
async def _bare(kind: Kind, folder: Path) -> AsyncGenerator[Insert]:
    """Give what inserts one row and commits it, by the driver that the ledger uses."""
    if kind.url:
        connection = await asyncpg.connect(kind.url)
        await connection.execute(_BARE)

        async def into_postgres(name: str) -> None:
            await connection.execute("INSERT INTO bare VALUES ($1, $2)", name, time.time())

        yield into_postgres
        await connection.close()
        return
    path = folder / "bare.sqlite"
    with contextlib.closing(connect(str(path))) as database:
        database.execute(_BARE)

        async def into_sqlite(name: str) -> None:
            await asyncio.to_thread(_insert, database, name)

        yield into_sqlite


def _insert(database: sqlite3.Connection, name: str) -> None:
    database.execute("BEGIN IMMEDIATE")
    database.execute("INSERT INTO bare VALUES (?, ?)", (name, time.time()))
    database.execute("COMMIT")


async def _paced_inserts(insert: Insert, run: str) -> list[float]:
    took: list[float] = []
    began = time.monotonic()
    for number in range(PACED_PER_SECOND * PACED_SECONDS):
        await asyncio.sleep(max(0.0, began + number / PACED_PER_SECOND - time.monotonic()))
        asked = time.monotonic()
        await insert(f"{run}-{number}")
        took.append(time.monotonic() - asked)
    return took


async def _flood_inserts(kind: Kind, folder: Path) -> float:
    """Return bare inserts per second, one after the other."""
    ended = time.monotonic() + FLOOD_SECONDS / 2
    done = 0
    flood = folder / "flood"
    flood.mkdir()
    if kind.url:
        connection = await asyncpg.connect(kind.url)
        while time.monotonic() < ended:
            await connection.execute("INSERT INTO bare VALUES ($1, $2)", f"f-{done}", time.time())
            done += 1
        await connection.close()
    else:
        async with _bare(kind, flood) as insert:
            while time.monotonic() < ended:
                await insert(f"f-{done}")
                done += 1
    return done / (FLOOD_SECONDS / 2)


async def _paced_signals(bot: RunningBot, venue: str, run: str) -> list[float]:
    """Return the seconds from each post to its order's arrival; clocks are of this machine."""
    asked: dict[str, float] = {}
    client = _Client(bot.url)
    await client.open()
    began = time.monotonic()
    for number in range(PACED_PER_SECOND * PACED_SECONDS):
        await asyncio.sleep(max(0.0, began + number / PACED_PER_SECOND - time.monotonic()))
        name = f"p{run}-{number}"
        asked[client_order_id(ORDER_MARK_DEFAULT, name, 1)] = time.time()
        assert await client.post(body(name, number, MAX_AGE_SECONDS)) == 202
    client.close()
    await asyncio.sleep(1.0)
    async with httpx2.AsyncClient(trust_env=False) as http:
        record = (await http.get(f"{venue}/admin/record")).text
    events = [EVENT.validate_json(line) for line in record.splitlines()]
    arrived = {e.client_id: e.received_ms / 1000 for e in events if isinstance(e, Accepted)}
    # The record counts whole milliseconds, cut off: half of one is the expected rest.
    return [arrived[name] + 0.0005 - at for name, at in asked.items()]


async def flood(bot: RunningBot, name: str, *, connections: int = CONNECTIONS) -> float:
    """Return how many signals a second are accepted when clients do not wait for each other."""
    ended = time.monotonic() + FLOOD_SECONDS

    async def one(connection: int) -> int:
        client, done = _Client(bot.url), 0
        await client.open()
        while time.monotonic() < ended:
            status = await client.post(body(f"{name}{connection}-{done}", done, MAX_AGE_SECONDS))
            if status == 202:
                done += 1
            else:
                assert status in {429, 503}, status
                await asyncio.sleep(0.01)
        client.close()
        return done

    done = await asyncio.gather(*(one(n) for n in range(connections)))
    return sum(done) / FLOOD_SECONDS


class _Client:
    """One kept-alive connection, with as little of HTTP as it takes: the bot is measured."""

    def __init__(self, url: str) -> None:
        self._at = urlsplit(url)
        self._head = (
            f"POST /signals HTTP/1.1\r\nHost: {self._at.netloc}\r\n"
            f"Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
        )

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._at.hostname, self._at.port)

    async def post(self, signal: dict[str, object]) -> int:
        content = json.dumps(signal)
        self._writer.write(f"{self._head}Content-Length: {len(content)}\r\n\r\n{content}".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        await self._reader.readexactly(length)
        return int(head.split()[1])

    def close(self) -> None:
        self._writer.transport.abort()


async def _start(kind: Kind) -> list[Figure]:
    """Start once so that there is a schema, put old orders in, and start again."""
    with tempfile.TemporaryDirectory(prefix="start-") as name, venue_process() as venue:
        folder = Path(name)
        async with running_bot(folder, venue, kind.url) as bot:
            empty = bot.ready_seconds
            bot.process.terminate()
            await bot.process.wait()
        await _fill(kind, folder)
        async with running_bot(folder, venue, kind.url) as bot:
            full = bot.ready_seconds
    note = f"with an empty one: {empty:.2f} s"
    return [Figure(f"ready with {OLD_ORDERS:,} orders, {kind.name}", full, "s", 3.0, note)]


async def _fill(kind: Kind, folder: Path) -> None:
    """Put in what a long life leaves: signals with a fate, orders that ended."""
    statements = (_OLD_SIGNALS, _OLD_ORDERS)
    if kind.url:
        connection = await asyncpg.connect(kind.url)
        for statement in statements:
            await connection.execute(_with_series(statement, "generate_series(1, {count}) AS n"))
        await connection.execute("ANALYZE")
        await connection.close()
        return
    with contextlib.closing(connect(str(folder / "ledger.sqlite"))) as database:
        for statement in statements:
            database.execute(_with_series(statement, _SQLITE_SERIES))
        database.execute("ANALYZE")


def _with_series(statement: str, series: str) -> str:
    return statement + " FROM " + series.format(count=OLD_ORDERS)


_SQLITE_SERIES = (
    "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count})"
    " SELECT n FROM s)"
)
_OLD_SIGNALS = (
    "INSERT INTO signals (signal_id, account, shard, symbol, side, quantity, lifetime, reduce_only,"
    " max_age_seconds, source, received_at, fate, fate_at, epoch)"
    " SELECT 'old-' || n, 'main', n % 100, 'BTC/USDT', 'buy', 1, 'ioc', false, 60, 'bench',"
    " 1700000000.0 + n, 'executed', 1700000001.0 + n, 1"
)
_OLD_ORDERS = (
    "INSERT INTO orders (order_id, signal_id, attempt, account, shard, epoch, holder, symbol, side,"
    " quantity, lifetime, reduce_only, reserved_quote, stamp, dead_after, state, decided_at)"
    " SELECT 'old-' || n || '-1', 'old-' || n, 1, 'main', n % 100, 1, 'bench', 'BTC/USDT', 'buy',"
    " 1, 'ioc', false, 0, 1700000000.0 + n, 1700000002.0 + n, 'cancelled', 1700000000.0 + n"
)
