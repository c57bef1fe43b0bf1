"""A sender of signals as clients are: at a steady rate, and again until it is accepted."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Self

import httpx2

from tests.support.bot import body
from tests.support.plain import NO_TLS

AGAIN_SECONDS = 0.2
ANSWER_SECONDS = 2.0
GIVE_UP_SECONDS = 60.0

Make = Callable[[str, int, float], Mapping[str, object]]
"""Makes a signal of its id, its number and its longest age."""


@dataclass
class Sent:
    """What a sender saw."""

    accepted: dict[str, float] = field(default_factory=dict[str, float])
    """Id → when it was accepted, on the wall clock."""
    retries: dict[str, int] = field(default_factory=dict[str, int])
    """Posts that had to be done again, by what they got."""
    given_up: list[str] = field(default_factory=list[str])


class Senders:
    """Posts signals through an address, in a thread, for as long as a `with` block lasts.

    Open loop: a slow answer delays no later signal. A signal is sent again with its own id until a
    202 says that it is stored.
    """

    def __init__(  # noqa: PLR0913 -- each is one thing that a test may choose
        self,
        address: Callable[[], tuple[str, int]],
        token: str,
        *,
        per_second: float,
        name: str,
        max_age_seconds: float,
        again_seconds_max: float = AGAIN_SECONDS,
        give_up_seconds: float = GIVE_UP_SECONDS,
        make: Make = body,
    ) -> None:
        """Prepare.

        Args:
            address: of the Service.
            token: of the signals.
            per_second: how many new signals.
            name: what their ids begin with.
            max_age_seconds: after which a signal expires.
            again_seconds_max: what the pause between two tries of a signal doubles up to.
            give_up_seconds: how long a signal is tried.
            make: makes a signal of its id, its number and its longest age.
        """
        host, port = address()
        self.sent = Sent()
        self._url = f"http://{host}:{port}/signals"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._per_second = per_second
        self._name = name
        self._max_age_seconds = max_age_seconds
        self._again_seconds_max = again_seconds_max
        self._give_up_seconds = give_up_seconds
        self._make = make
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Begin no more, and wait for those that are on their way."""
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        began = time.monotonic()
        number = 0
        # A connection for each post: a kept one would stay with the pod that it began with.
        limits = httpx2.Limits(max_keepalive_connections=0)
        async with (
            httpx2.AsyncClient(
                trust_env=False, timeout=ANSWER_SECONDS, limits=limits, verify=NO_TLS
            ) as http,
            asyncio.TaskGroup() as group,
        ):
            while not self._stop.is_set():
                await asyncio.sleep(max(0.0, began + number / self._per_second - time.monotonic()))
                group.create_task(self._send(http, number))
                number += 1

    async def _send(self, http: httpx2.AsyncClient, number: int) -> None:
        name = f"{self._name}-{number}"
        signal = self._make(name, number, self._max_age_seconds)
        until, pause = time.monotonic() + self._give_up_seconds, AGAIN_SECONDS
        while time.monotonic() < until:
            try:
                answer = await http.post(self._url, json=signal, headers=self._headers)
                got = str(answer.status_code)
            except httpx2.HTTPError as error:
                got = type(error).__name__
            if got == str(HTTPStatus.ACCEPTED.value):
                self.sent.accepted[name] = time.time()
                return
            self.sent.retries[got] = self.sent.retries.get(got, 0) + 1
            await asyncio.sleep(pause)
            pause = min(2 * pause, self._again_seconds_max)
        self.sent.given_up.append(name)
