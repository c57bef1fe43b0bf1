"""Tells people: the port `Notifier`. A queue and a worker for each place that messages go to.

`send` only puts a message into the queues; a place that is slow or dead delays neither a release
nor the other places. A message is tried again until it is taken or its time is over. A try whose
reply was lost is repeated, too: nothing is lost, and only then may it arrive twice.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from random import Random

import httpx2

from release.adapters.message_sinks import Sink, wanted_pause_seconds
from release.model import Message

# It logs the address of each request, and here the address is the secret.
logging.getLogger("httpx2").setLevel(logging.WARNING)

# Read from disk once for all workers.
_tls = cache(httpx2.create_ssl_context)

QUEUE_MESSAGES = 256
KNOWN_KEYS = 1024
_SERVER_ERROR = 500
_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class Delivery:
    """How hard it is tried, in seconds."""

    request: float = 10.0
    """One try."""
    deadline: float = 300.0
    """A message, with all its tries and pauses."""
    backoff_min: float = 0.5
    backoff_max: float = 30.0

    def __post_init__(self) -> None:
        """Hold the ones that depend on each other."""
        assert 0 < self.backoff_min <= self.backoff_max < self.deadline  # noqa: S101 - a programmer's mistake


class Clock:
    """The loop's time and a wait, so that tests need none."""

    def monotonic(self) -> float:
        """Return seconds that only rise."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class _Refused:
    """Why a try failed."""

    text: str
    pause_seconds: float | None = None
    """What the other side asked for."""
    final: bool = False
    """Whether trying again cannot help."""


class Messages:
    """Sends each message once to every place, in order."""

    def __init__(
        self,
        sinks: Sequence[Sink],
        failed: Callable[[str], None],
        delivery: Delivery | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            sinks: where messages go.
            failed: is told of each message that did not arrive, in words without a secret.
            delivery: how hard it is tried.
            clock: time.
            random: spreads the tries.
        """
        self._known: OrderedDict[str, None] = OrderedDict()
        self._workers = [
            _Worker(
                sink,
                failed,
                delivery or Delivery(),
                clock or Clock(),
                random or Random(),  # noqa: S311 -- no secret hangs on it
            )
            for sink in sinks
        ]

    async def send(self, message: Message) -> None:
        """Put a message into every queue, at once; one whose key was seen is not sent again."""
        if message.key in self._known:
            return
        self._known[message.key] = None
        if len(self._known) > KNOWN_KEYS:
            self._known.popitem(last=False)
        for worker in self._workers:
            worker.put(message)

    async def close(self, patience_seconds: float) -> None:
        """Wait so long for what is still to be sent; what is left then is told as failed."""
        await asyncio.gather(*(worker.close(patience_seconds) for worker in self._workers))


class _Worker:
    """Everything that goes to one place, one after the other."""

    def __init__(
        self,
        sink: Sink,
        failed: Callable[[str], None],
        delivery: Delivery,
        clock: Clock,
        random: Random,
    ) -> None:
        self._sink = sink
        self._failed = failed
        self._delivery = delivery
        self._clock = clock
        self._random = random
        self._queue = asyncio.Queue[Message](QUEUE_MESSAGES)
        self._task: asyncio.Task[None] | None = None
        self._now: Message | None = None

    def put(self, message: Message) -> None:
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self._give_up(message, f"{QUEUE_MESSAGES} messages wait already")
        if self._task is None:
            self._task = asyncio.create_task(self._work())

    async def close(self, patience_seconds: float) -> None:
        if self._task is None:
            return
        try:
            async with asyncio.timeout(patience_seconds):
                await self._queue.join()
        except TimeoutError:
            pass
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        left = [self._now] if self._now else []
        while not self._queue.empty():
            left.append(self._queue.get_nowait())
        for message in left:
            self._give_up(message, "this process ended before")

    async def _work(self) -> None:
        async with httpx2.AsyncClient(verify=_tls(), timeout=self._delivery.request) as client:
            while True:
                self._now = await self._queue.get()
                try:
                    await self._deliver(client, self._now)
                except Exception as error:  # noqa: BLE001 -- whatever one message does, the next is sent
                    self._give_up(self._now, type(error).__name__)
                self._now = None
                self._queue.task_done()

    async def _deliver(self, client: httpx2.AsyncClient, message: Message) -> None:
        end = self._clock.monotonic() + self._delivery.deadline
        tries = 0
        while True:
            tries += 1
            outcome = await self._try(client, message)
            if outcome is None:
                return
            pause = outcome.pause_seconds or self._backoff(tries)
            if outcome.final or self._clock.monotonic() + pause > end:
                self._give_up(message, f"{outcome.text}, after {tries} tries")
                return
            await self._clock.sleep(pause)

    async def _try(self, client: httpx2.AsyncClient, message: Message) -> _Refused | None:
        post = self._sink.post(message)
        try:
            async with asyncio.timeout(self._delivery.request):
                response = await client.post(post.url, content=post.body, headers=post.headers)
        except (httpx2.HTTPError, OSError, TimeoutError) as error:
            return _Refused(type(error).__name__)  # its text may hold the address
        except (httpx2.InvalidURL, ValueError):
            return _Refused("the address is no URL", final=True)
        if response.is_success:
            return None
        again = response.status_code in _LATER or response.status_code >= _SERVER_ERROR
        pause = wanted_pause_seconds(response.headers, response.content) if again else None
        return _Refused(f"HTTP {response.status_code}", pause, final=not again)

    def _backoff(self, tries: int) -> float:
        delivery = self._delivery
        longest = min(delivery.backoff_max, delivery.backoff_min * 2 ** min(tries - 1, 16))
        return self._random.uniform(longest / 2, longest)

    def _give_up(self, message: Message, why: str) -> None:
        self._failed(f"{self._sink.name} was not told {message.title!r}: {why}")
