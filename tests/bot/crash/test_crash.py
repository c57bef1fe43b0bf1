"""Killed at every step of the order path, on both databases: nothing lost, nothing twice."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from bot.ledger.postgres import Postgres
from bot.ledger.sqlite import Sqlite
from bot.trading.orders import State
from bot.trading.signals import Fate
from testbed.venue.events import Filled
from tests.bot.crash.victim import ALL_DECIDED, STEPS, signals
from tests.support.checkout import ROOT
from tests.support.database import migrated_database
from tests.support.venue_serving import Serving, serve

SIGNALS = 6
QUESTIONS = tuple(step for step in STEPS if step.startswith("question"))


class Place:
    """Where the ledger of one test lives."""

    def __init__(self, kind: str, where: str) -> None:
        self.flags = (f"--{kind}", where)
        self._kind, self._where = kind, where

    def database(self) -> Database:
        return Postgres(self._where) if self._kind == "postgres" else Sqlite(self._where)


@pytest.fixture(
    params=[
        pytest.param("sqlite", marks=pytest.mark.model),
        pytest.param("postgres", marks=pytest.mark.cluster),
    ]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        yield Place("sqlite", str(tmp_path / "ledger.sqlite"))
        return
    with migrated_database() as url:
        yield Place("postgres", url)


async def begin(place: Place, venue: Serving, *flags: str) -> Process:
    """Start one victim."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.bot.crash.victim", *place.flags, "--venue", venue.url),
        *("--signals", str(SIGNALS), *flags),
        cwd=ROOT,
        stdout=PIPE,
    )


async def life(place: Place, venue: Serving, *flags: str) -> int:
    """Run one victim to its end; return its exit code."""
    process = await begin(place, venue, *flags)
    await process.communicate()
    assert process.returncode is not None
    return process.returncode


async def until_stopped(process: Process) -> None:
    """Wait until the kernel says so."""
    async with asyncio.timeout(20):
        while _state(process.pid) != "T":  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.02)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def agree(place: Place, venue: Serving, count: int = SIGNALS) -> None:
    """The ledger tells what the venue recorded, and every signal was executed once."""
    accepted, filled = await venue.accepted(), await venue.filled()
    ledger = Ledger(place.database(), "main")
    await ledger.open()
    try:
        ids = {event.order_id: event.client_id for event in accepted}
        at_venue = _trades(filled, ids)
        in_ledger = {(f.order_id, f.trade_id, f.quantity, f.price) for f in await ledger.fills(0)}
        assert in_ledger == at_venue
        records = [await ledger.find(posted.signal_id) for posted in signals(count)]
        assert [r.fate if r else None for r in records] == [Fate.EXECUTED] * count
        states = Counter(o.state for r in records if r for o in r.orders)
        assert set(states) <= {State.FILLED, State.LOST}
        took = {o.order_id for r in records if r for o in r.orders if o.state is State.FILLED}
        assert took == set(ids.values())
        assert len(accepted) == count
    finally:
        await ledger.close()


def _trades(filled: list[Filled], ids: dict[int, str]) -> set[tuple[str, str, Decimal, Decimal]]:
    return {(ids[f.order_id], str(f.trade_id), f.quantity, f.price) for f in filled}


@pytest.mark.parametrize("step", [s for s in STEPS if s not in QUESTIONS])
async def test_a_bot_killed_at_a_step_loses_and_doubles_nothing(place: Place, step: str) -> None:
    async with serve() as venue:
        assert await life(place, venue, "--kill-at", step, "--nth", "2") == -signal.SIGKILL
        assert await life(place, venue) == ALL_DECIDED
        await agree(place, venue)


@pytest.mark.parametrize("step", QUESTIONS)
async def test_a_bot_killed_while_it_asks_about_an_order_loses_nothing(
    place: Place, step: str
) -> None:
    async with serve() as venue:
        await venue.fault(kind="drop_answer", method="POST", path="/api/v3/order", count=2)
        assert await life(place, venue, "--kill-at", step) == -signal.SIGKILL
        assert await life(place, venue) == ALL_DECIDED
        await agree(place, venue)


@pytest.mark.parametrize("kind", ["drop_answer", "drop_request"])
async def test_lost_answers_and_lost_requests_lose_and_double_nothing(
    place: Place, kind: str
) -> None:
    async with serve() as venue:
        await venue.fault(kind=kind, method="POST", path="/api/v3/order", count=3, skip=1)
        assert await life(place, venue) == ALL_DECIDED
        await agree(place, venue)


async def test_an_answer_that_comes_too_late_is_found_out(place: Place) -> None:
    async with serve() as venue:
        await venue.fault(
            kind="delay_answer", method="POST", path="/api/v3/order", count=2, seconds=3
        )
        assert await life(place, venue) == ALL_DECIDED
        await agree(place, venue)


async def test_a_request_that_comes_too_late_is_not_executed_twice(place: Place) -> None:
    async with serve() as venue:
        await venue.fault(
            kind="delay_request", method="POST", path="/api/v3/order", count=2, seconds=3
        )
        assert await life(place, venue) == ALL_DECIDED
        await agree(place, venue)


REFUSED_BY = {
    "work: after it was read": set[str](),
    "intent: before its commit": {"ledger"},
    "intent: after its commit": {"venue"},
    "order: before it is sent": set[str](),
    "order: after it was answered": set[str](),
    "outcome: before its commit": set[str](),
}
"""Where a bot falls asleep → who refuses its late order.

Without its lease it decides nothing; what it was about to send when its time was up it does not
send; what was sent in time is no late order.
"""

ENDED = "terminating connection due to administrator command"
"""Who takes over ends the sessions of the former holder. Whether it knows that when it wakes is a
matter of luck: then it connects anew and the ledger refuses it, else its call just fails."""


@pytest.fixture
def shared() -> Iterator[Place]:
    """A ledger for two."""
    with migrated_database() as url:
        yield Place("postgres", url)


@pytest.mark.cluster
@pytest.mark.parametrize("step", REFUSED_BY)
async def test_a_bot_that_wakes_when_another_one_has_its_shards_is_refused_and_counts_it(
    shared: Place, step: str
) -> None:
    async with serve() as venue:
        sleeper = await begin(shared, venue, "--stop-at", step, "--nth", "2")
        await until_stopped(sleeper)
        assert await life(shared, venue) == ALL_DECIDED
        sleeper.send_signal(signal.SIGCONT)
        output, _ = await sleeper.communicate()
        assert sleeper.returncode == ALL_DECIDED
        await agree(shared, venue)
    lines = output.decode().splitlines()
    words = {line.partition(": ")[2] for line in lines if "late: " in line}
    if any("CommitIntent" in line and ENDED in line for line in lines):
        words.add("ledger")
    assert words == REFUSED_BY[step]
