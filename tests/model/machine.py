"""What a pod runs on: processes that crash, sleep and start again, and messages that time out."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from random import Random

from tests.model.database import Database
from tests.model.kernel import Action, Kernel, Network
from tests.model.messages import Message, Reaction, Request, link_of
from tests.model.plan import Ambush, Fault
from tests.model.venue import Venue

TIMEOUT_SECONDS = 1.0
WAKE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Nap:
    """Seconds that `wake` cuts short."""

    seconds: float


Asked = Message | Nap | float
Task = Generator[Asked, Reaction, None]
"""Yields a message and is sent its answer (None: none came in time), or what to wait for."""


@dataclass(slots=True)
class Machine:
    """Runs the tasks of one pod; a task of a process that is gone never goes on."""

    name: str
    kernel: Kernel
    network: Network
    random: Random
    database: Database
    venue: Venue
    spring: Callable[[Fault], None]
    rate: float = 1.0
    """Of its clocks."""
    ambushes: dict[tuple[str, int], Ambush] = field(default_factory=dict[tuple[str, int], Ambush])
    process: int = 0
    running: bool = False
    asleep_until: float = 0.0
    slept: float = 0.0
    """Seconds in all."""
    _napping: Action | None = None
    _woken: bool = False
    _counts: dict[str, int] = field(default_factory=dict[str, int])

    def boot(self) -> float:
        """Read the boot-time clock."""
        return self.kernel.now * self.rate

    def say(self, text: str) -> None:
        self.kernel.say(self.name, text)

    def start(self) -> None:
        self.process += 1
        self.running = True
        self._napping, self._woken = None, False

    def end(self) -> None:
        self.process += 1
        self.running = False

    def sleep(self, seconds: float) -> None:
        self.say(f"SLEEPS {seconds:.3f} s")
        until = self.kernel.now + seconds
        self.slept += max(0.0, until - max(self.asleep_until, self.kernel.now))
        self.asleep_until = max(self.asleep_until, until)

    def repair(self) -> None:
        self.ambushes = {}
        self.asleep_until = min(self.asleep_until, self.kernel.now)

    def spawn(self, task: Task) -> None:
        self._resume(self.process, task, None)

    def wake(self) -> None:
        """End the nap, or the next one before it begins."""
        self._woken = True
        if self._napping:
            self.kernel.after(WAKE_SECONDS * self.random.random(), self._napping)

    def _resume(self, process: int, task: Task, value: Reaction) -> None:
        if process != self.process:
            return
        if self.asleep_until > self.kernel.now:
            self._when_awake(lambda: self._resume(process, task, value))
            return
        try:
            request = task.send(value)
        except StopIteration:
            return
        if isinstance(request, float | int):
            self.kernel.after(request / self.rate, lambda: self._resume(process, task, None))
        elif isinstance(request, Nap):
            self._nap(process, task, request.seconds)
        else:
            self._call(process, task, request)

    def _when_awake(self, action: Action) -> None:
        """Do it after the sleep: what came in meanwhile is there at once, in any order."""
        self.kernel.after(self.asleep_until - self.kernel.now + 0.01 * self.random.random(), action)

    def _nap(self, process: int, task: Task, seconds: float) -> None:
        def rise() -> None:
            if self._napping is rise:
                self._napping, self._woken = None, False
                self._resume(process, task, None)

        self._napping = rise
        self.kernel.after(WAKE_SECONDS if self._woken else seconds / self.rate, rise)

    def _call(self, process: int, task: Task, message: Message) -> None:
        waiting = True
        server = link_of(message)
        ambush = self._ambush(type(message).__name__) if self.ambushes else None

        def answered(value: Reaction) -> None:
            nonlocal waiting
            if not waiting:
                return
            if ambush and ambush.at_answer and value is not None:
                self._fall_into(ambush)
            if process == self.process and self.asleep_until > self.kernel.now:
                self._when_awake(lambda: answered(value))
                return
            waiting = False
            self._resume(process, task, value)

        def reply(value: Reaction) -> None:
            self.network.carry(self.name, server, lambda: answered(value))

        def at_server() -> None:
            if isinstance(message, Request):
                self.venue.handle(message, reply)
            else:
                self.database.handle(message, reply, ambush.stall if ambush else 0.0)

        self._send(server, at_server, ambush)
        self.kernel.after(TIMEOUT_SECONDS / self.rate, lambda: answered(None))

    def _send(self, server: str, at_server: Action, ambush: Ambush | None) -> None:
        if ambush is None:
            self.network.request(self.name, server, at_server)
            return
        self.say(f"AMBUSH at {ambush.kind}, takes {ambush.slower:.3f} s longer")
        self.kernel.after(ambush.slower, lambda: self.network.request(self.name, server, at_server))
        if not ambush.at_answer:
            self._fall_into(ambush)

    def _ambush(self, kind: str) -> Ambush | None:
        nth = self._counts[kind] = self._counts.get(kind, 0) + 1
        return self.ambushes.pop((kind, nth), None)

    def _fall_into(self, ambush: Ambush) -> None:
        for fault in ambush.faults:
            self.spring(fault)
