"""Tells people: the port `Notifier`. A queue and a worker for each place that messages go to.

`send` returns when a place has the message, so that its caller can write that down; who must
not wait calls it in a task of its own. A place that is slow or dead delays no other place. A
message is tried again until it is taken or its time is over. A try whose reply was lost is
repeated, too: nothing is lost, and only then may it arrive twice.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from random import Random

import httpx2
from typing_extensions import override

from release.adapters.message_sinks import Sink, retry_after_seconds
from release.decide.model import Message
from release.drive.ports import Notifier, PortError

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


class MessageError(PortError):
    """A place did not take a message in time, or never will; never holds an address."""


class Messages(Notifier):
    """Sends each message once to every place, in order."""

    def __init__(
        self,
        sinks: Sequence[Sink],
        delivery: Delivery | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            sinks: where messages go.
            delivery: how hard it is tried.
            clock: time.
            random: spreads the tries.
        """
        spread = random or Random()  # noqa: S311 -- no secret hangs on it
        self._workers = {
            sink.name: _Worker(sink, delivery or Delivery(), clock or Clock(), spread)
            for sink in sinks
        }

    @property
    @override
    def places(self) -> Sequence[str]:
        """Names of the sinks."""
        return list(self._workers)

    @override
    async def send(self, message: Message, place: str) -> None:
        """Return when a place has the message; one whose key it has is not sent again.

        Raises:
            MessageError: the place does not have it.
        """
        if failure := await asyncio.shield(self._workers[place].put(message)):
            raise MessageError(failure)

    async def close(self) -> None:
        """End the workers; what they have not sent by now stays unsent."""
        await asyncio.gather(*(worker.close() for worker in self._workers.values()))


class _Worker:
    """Everything that goes to one place, one after the other."""

    def __init__(self, sink: Sink, delivery: Delivery, clock: Clock, random: Random) -> None:
        self._sink = sink
        self._delivery = delivery
        self._clock = clock
        self._random = random
        self._queue = asyncio.Queue[Message](QUEUE_MESSAGES)
        self._outcomes: OrderedDict[str, asyncio.Future[str]] = OrderedDict()
        """By key: empty when the place has it, else why not."""
        self._task: asyncio.Task[None] | None = None

    def put(self, message: Message) -> asyncio.Future[str]:
        """Return what becomes of a message; one that failed before is tried anew."""
        known = self._outcomes.get(message.key)
        if known is not None and not (known.done() and known.result()):
            return known
        outcome = self._outcomes[message.key] = asyncio.get_running_loop().create_future()
        self._outcomes.move_to_end(message.key)
        self._forget()
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            outcome.set_result(self._failure(message, f"{QUEUE_MESSAGES} messages wait already"))
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return outcome

    def _forget(self) -> None:
        """Forget the oldest messages; none that still waits, and the queue bounds those."""
        over = len(self._outcomes) - KNOWN_KEYS
        if over > 0:
            ended = [key for key, outcome in self._outcomes.items() if outcome.done()]
            for key in ended[:over]:
                del self._outcomes[key]

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for outcome in self._outcomes.values():
            if not outcome.done():
                outcome.set_result(f"{self._sink.name} was not told: this process ended before")

    async def _work(self) -> None:
        async with httpx2.AsyncClient(verify=_tls(), timeout=self._delivery.request) as client:
            while True:
                message = await self._queue.get()
                try:
                    failure = await self._deliver(client, message)
                except Exception as error:  # noqa: BLE001 -- whatever one message does, the next is sent
                    failure = self._failure(message, type(error).__name__)
                self._outcomes[message.key].set_result(failure)

    async def _deliver(self, client: httpx2.AsyncClient, message: Message) -> str:
        """Send until it is taken; return why it was not, or nothing."""
        end = self._clock.monotonic() + self._delivery.deadline
        tries = 0
        while True:
            tries += 1
            outcome = await self._try(client, message)
            if outcome is None:
                return ""
            pause = outcome.pause_seconds or self._backoff(tries)
            if outcome.final or self._clock.monotonic() + pause > end:
                return self._failure(message, f"{outcome.text}, after {tries} tries")
            await self._clock.sleep(pause)

    async def _try(self, client: httpx2.AsyncClient, message: Message) -> _Refused | None:
        post = self._sink.post(message)
        try:
            async with asyncio.timeout(self._delivery.request):
                response = await client.post(post.url, content=post.body, headers=post.headers)
        except (httpx2.HTTPError, OSError, TimeoutError) as error:
            return _Refused(type(error).__name__)  # its text may hold the address
        except (httpx2.InvalidURL, ValueError):
            return _Refused("the address is not a URL", final=True)
        if response.is_success:
            return None
        again = response.status_code in _LATER or response.status_code >= _SERVER_ERROR
        pause = retry_after_seconds(response.headers, response.content) if again else None
        return _Refused(f"HTTP {response.status_code}", pause, final=not again)

    def _backoff(self, tries: int) -> float:
        delivery = self._delivery
        longest = min(delivery.backoff_max, delivery.backoff_min * 2 ** min(tries - 1, 16))
        return self._random.uniform(longest / 2, longest)

    def _failure(self, message: Message, why: str) -> str:
        return f"{self._sink.name} was not told {message.title!r}: {why}"
