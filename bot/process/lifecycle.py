"""Startup, main loop, shutdown: three calls, and the phases between them.

A signal sets a flag, which wakes this loop. From then on the pod drains: it serves on, asks clients
to connect anew, takes no new orders; then it stops within its deadline, and says what was left.
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import structlog

from bot.process.clock import Clock
from bot.process.server import Server
from bot.process.stop_flag import StopFlag

START_SECONDS = 20.0
"""How long the server and the first heartbeat may take; what is restored has its own deadline."""
LOOK_SECONDS = 0.01
"""How often start-up looks for what is still missing."""

_log = structlog.get_logger(__name__)


class Phase(StrEnum):
    """Where in its life the process is. It only ever goes forward."""

    STARTING = "starting"
    RUNNING = "running"
    DRAINING = "draining"
    STOPPING = "stopping"


class Beating(Protocol):
    """When the loop was last seen alive."""

    at: datetime | None


class Trading(Protocol):
    """What trades."""

    @property
    def beat(self) -> Beating:
        """Its heartbeat."""
        ...

    async def run(self) -> None:
        """Trade until stopped."""
        ...

    def stop(self) -> None:
        """Wind down and end."""
        ...


class StartError(Exception):
    """The bot did not start; the text says what was missing."""


class Lifecycle:
    """Runs the parts, watches them, and ends them in order."""

    def __init__(  # noqa: PLR0913 - everything that it touches is passed in
        self,
        *,
        engine: Trading,
        server: Server,
        background: Mapping[str, Callable[[], Coroutine[Any, Any, None]]],
        drain_seconds: float,
        shutdown_seconds: float,
        flag: StopFlag,
        on_drain: Callable[[], None],
        clock: Clock,
    ) -> None:
        self.phase = Phase.STARTING
        self._engine = engine
        self._server = server
        self._background = background
        self._drain_seconds = drain_seconds
        self._shutdown_seconds = shutdown_seconds
        self._flag = flag
        self._on_drain = on_drain
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def draining(self) -> bool:
        """Whether the process is on its way out."""
        return self.phase in (Phase.DRAINING, Phase.STOPPING)

    async def run(self, listening: socket.socket) -> int:
        """Live; return the exit code: 0 when asked to end and all ended in time, else 1."""
        try:
            await self.startup(listening)
        except StartError as error:
            _log.error("start failed", reason=str(error))
            self._flag.set("start failed")
            await self.shutdown()
            return 1
        failed = await self.main_loop()
        in_time = await self.shutdown()
        return 0 if in_time and not failed else 1

    async def startup(self, listening: socket.socket) -> None:
        """Start the parts; return when the server serves and the engine has beaten once.

        Raises:
            StartError: that did not come in time, or a part ended.
        """
        parts = {
            "http": self._server.serve([listening]),
            "engine": self._engine.run(),
            **{name: run() for name, run in self._background.items()},
        }
        self._tasks = {name: asyncio.create_task(part, name=name) for name, part in parts.items()}
        deadline = self._clock.monotonic() + START_SECONDS
        while missing := self._not_started():
            if ended := self._ended():
                raise StartError(f"{ended} ended")
            if self._clock.monotonic() > deadline:
                raise StartError(f"{missing} did not start within {START_SECONDS:g} s")
            if self._flag.is_set:
                return
            await asyncio.sleep(LOOK_SECONDS)
        self.phase = Phase.RUNNING
        _log.info("started", port=listening.getsockname()[1])

    async def main_loop(self) -> bool:
        """Wait for the flag; return whether a part ended by itself instead."""
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._flag.when_set(lambda: loop.call_soon_threadsafe(asked.set))
        asking = asyncio.create_task(asked.wait(), name="stop flag")
        await asyncio.wait([asking, *self._tasks.values()], return_when=asyncio.FIRST_COMPLETED)
        asking.cancel()
        if self._flag.is_set or not (ended := self._ended()):
            return False
        self._flag.set(f"{ended} ended")
        return True

    async def shutdown(self) -> bool:
        """Drain, then end every part; return whether all ended in time."""
        serving = self.phase is Phase.RUNNING
        self.phase = Phase.DRAINING
        self._on_drain()
        seconds = self._drain_seconds if serving else 0.0
        _log.info("draining", reason=self._flag.reason, seconds=seconds)
        await self._serve_on(seconds)
        self.phase = Phase.STOPPING
        left = await self._stop_parts()
        if left:
            _log.error("not ended in time", left=left, seconds=self._shutdown_seconds)
        else:
            _log.info("ended", reason=self._flag.reason)
        return not left

    async def _serve_on(self, seconds: float) -> None:
        await asyncio.wait([self._tasks["http"]], timeout=seconds)

    async def _stop_parts(self) -> list[str]:
        """First who takes signals in, then who trades, then the rest; one deadline for all."""
        until = self._clock.monotonic() + self._shutdown_seconds
        self._server.should_exit = True
        await self._wait(["http"], until)
        self._engine.stop()
        await self._wait(["engine"], until)
        for name in self._background:
            self._tasks[name].cancel()
        await self._wait(list(self._tasks), until)
        left = [name for name, task in self._tasks.items() if not task.done()]
        for name in left:
            self._tasks[name].cancel()
        return left

    async def _wait(self, names: Sequence[str], until: float) -> None:
        seconds = max(0.1, until - self._clock.monotonic())
        await asyncio.wait([self._tasks[name] for name in names], timeout=seconds)

    def _not_started(self) -> str:
        waiting = {
            "the HTTP server": not self._server.started,
            "the engine": self._engine.beat.at is None,
        }
        return " and ".join(name for name, missing in waiting.items() if missing)

    def _ended(self) -> str:
        """Name the parts that ended by themselves, and log why."""
        ended = {name: task for name, task in self._tasks.items() if task.done()}
        for name, task in ended.items():
            _log.error("a part ended by itself", part=name, exc_info=task.exception())
        return " and ".join(ended)
