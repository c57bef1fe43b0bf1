"""One bot in a process of its own, under load, while what it depends on is taken away.

Real Postgres, Redis and HTTP; the simulated exchange keeps the record that the ledger is held
against. Signals come at a steady rate whatever happens; a probe asks `/livez` beside them.
"""

import asyncio
import contextlib
import os
import time
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx2

from bot.ledger.ledger import Ledger
from bot.ledger.port import SignalRecord
from bot.ledger.postgres import Postgres
from bot.trading.signals import Fate
from tests.bot.outage.link import Link, State, link
from tests.support.bot import TOKEN, body, running_bot
from tests.support.plain import NO_TLS
from tests.support.venue_serving import Serving, serve

MAX_AGE_SECONDS = 8.0
SIGNALS_PER_SECOND = 10
PROBES_PER_SECOND = 20
DECIDED_SECONDS = 60.0
"""A lease, the longest age and what is still to be asked about."""


@dataclass
class Seen:
    """What clients saw."""

    accepted: list[str] = field(default_factory=list[str])
    refused: dict[str, int] = field(default_factory=dict[str, int])
    """Posts that were not accepted, by status or error."""
    livez_seconds: list[float] = field(default_factory=list[float])
    livez_failures: list[str] = field(default_factory=list[str])

    def refuse(self, why: str) -> None:
        self.refused[why] = self.refused.get(why, 0) + 1


@dataclass
class Scene:
    """Everything that runs."""

    process: Process
    url: str
    venue: Serving
    links: Mapping[str, Link]
    database_url: str
    seen: Seen = field(default_factory=Seen)

    async def fates(self) -> list[SignalRecord]:
        """Wait until every accepted signal has its fate; return them all."""
        ledger = Ledger(Postgres(self.database_url), "main")
        await ledger.open()
        try:
            async with asyncio.timeout(DECIDED_SECONDS):
                return [await _decided(ledger, name) for name in self.seen.accepted]
        finally:
            await ledger.close()


async def _decided(ledger: Ledger, name: str) -> SignalRecord:
    while True:
        record = await ledger.find(name)
        assert record, f"{name}: accepted, and not in the ledger"
        if record.fate:
            return record
        await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def scene(folder: Path, database_url: str) -> AsyncGenerator[Scene]:
    """Start the bot behind links that can be cut. `database_url` is migrated already."""
    there, redis = urlsplit(database_url), urlsplit(os.environ["TESTBED_REDIS_URL"])
    async with contextlib.AsyncExitStack() as open_:
        venue = await open_.enter_async_context(serve())
        at_venue = urlsplit(venue.url)
        places = {"database": there, "cache": redis, "venue": at_venue}
        links = {
            name: await open_.enter_async_context(link(place.hostname or "", place.port or 5432))
            for name, place in places.items()
        }
        user, _, _ = there.netloc.rpartition("@")
        through = there._replace(netloc=f"{user}@127.0.0.1:{links['database'].port}").geturl()
        bot = await open_.enter_async_context(
            running_bot(
                folder,
                f"http://127.0.0.1:{links['venue'].port}",
                through,
                REDIS_URL=f"redis://127.0.0.1:{links['cache'].port}/0",
            )
        )
        yield Scene(bot.process, bot.url, venue, links, database_url)


async def load(here: Scene, seconds: float) -> None:
    """Post signals and ask `/livez`, each at its rate and in its own connections."""
    posting = _paced(SIGNALS_PER_SECOND, seconds, _Poster(here))
    probing = _paced(PROBES_PER_SECOND, seconds, _Prober(here))
    await asyncio.gather(posting, probing)


async def _paced(per_second: int, seconds: float, client: "_Client") -> None:
    """Open loop: a slow answer delays no later request."""
    began = time.monotonic()
    async with client, asyncio.TaskGroup() as group:
        for number in range(round(per_second * seconds)):
            await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
            group.create_task(client.once(number))


class _Client:
    def __init__(self, here: Scene) -> None:
        self._here = here
        self._http = httpx2.AsyncClient(trust_env=False, timeout=10, verify=NO_TLS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def once(self, number: int) -> None:
        raise NotImplementedError


class _Poster(_Client):
    run = 0

    def __init__(self, here: Scene) -> None:
        super().__init__(here)
        _Poster.run += 1
        self._run = _Poster.run

    async def once(self, number: int) -> None:
        name = f"outage-{self._run}-{number}"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        seen = self._here.seen
        try:
            answer = await self._http.post(
                f"{self._here.url}/signals",
                json=body(name, number, MAX_AGE_SECONDS),
                headers=headers,
            )
        except httpx2.HTTPError as error:
            seen.refuse(type(error).__name__)
            return
        if answer.status_code == HTTPStatus.ACCEPTED:
            seen.accepted.append(name)
        else:
            seen.refuse(str(answer.status_code))


class _Prober(_Client):
    async def once(self, number: int) -> None:
        del number
        seen, began = self._here.seen, time.monotonic()
        try:
            answer = await self._http.get(f"{self._here.url}/livez")
        except httpx2.HTTPError as error:
            seen.livez_failures.append(repr(error))
            return
        seen.livez_seconds.append(time.monotonic() - began)
        if answer.status_code != HTTPStatus.OK:
            seen.livez_failures.append(answer.text)


async def outage(here: Scene, what: str, how: State, *, before: float, cut: float) -> None:
    """Load, the cut in the middle of it, and as long after as it was before."""
    loading = asyncio.create_task(load(here, before + cut + before))
    await asyncio.sleep(before)
    here.links[what].set(how)
    await asyncio.sleep(cut)
    here.links[what].set(State.UP)
    await loading


async def judge(here: Scene) -> dict[Fate, int]:
    """Every accepted signal has one fate, as the venue recorded it, and none was late."""
    assert here.process.returncode is None, "the bot ended"
    records = await here.fates()
    accepted = await here.venue.accepted()
    by_id = {event.client_id: event for event in accepted}
    assert len(by_id) == len(accepted), "an order was accepted twice"
    counts = dict.fromkeys(Fate, 0)
    executed: set[str] = set()
    for record in records:
        assert record.fate
        counts[record.fate] += 1
        taken = [by_id[order.order_id] for order in record.orders if order.order_id in by_id]
        assert len(taken) == (record.fate is Fate.EXECUTED), (record, taken)
        for event in taken:
            late = event.received_ms / 1000 - record.received_at
            assert late <= MAX_AGE_SECONDS, f"{record.signal.signal_id}: after {late:.1f} s"
            executed.add(event.client_id)
    # A post that got no answer may have been stored all the same: what it led to is in the ledger.
    assert here.seen.accepted
    return counts
