"""Simulated time: a queue of what happens next, a network that is slow, and a trace to read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random

Action = Callable[[], None]


@dataclass(slots=True)
class Kernel:
    """True time, which nobody in the simulation can read, and the events to come."""

    now: float = 0.0
    stopped: bool = False
    """Something is wrong: nothing more needs to happen."""
    lines: list[str] | None = None
    """The trace, when one is wanted."""
    _queue: list[tuple[float, int, Action]] = field(default_factory=list[tuple[float, int, Action]])
    _count: int = 0

    def after(self, seconds: float, action: Action) -> None:
        self._count += 1
        heappush(self._queue, (self.now + seconds, self._count, action))

    def run(self, until: float) -> None:
        queue = self._queue
        while not self.stopped and queue and queue[0][0] <= until:
            self.now, _, action = heappop(queue)
            action()
        self.now = self.now if self.stopped else until

    def say(self, who: str, text: str) -> None:
        if self.lines is not None:
            self.lines.append(f"{self.now:8.3f}  {who:<10} {text}")


@dataclass(slots=True)
class Network:
    """Between bots and servers. Messages are slow, lost (the venue's) or doubled (requests)."""

    kernel: Kernel
    random: Random
    slow: float
    """Share of messages that take seconds."""
    venue_slow: float
    """The same, to and from the venue."""
    lost: float
    """Share of messages to and from the venue that never arrive."""
    doubled: float
    """Share of requests that arrive twice."""
    cut: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    def latency(self, server: str) -> float:
        random = self.random.random
        if random() < (self.venue_slow if server == "venue" else self.slow):
            return random() ** 2 * 6
        return 0.001 + 0.03 * random()

    def carry(self, bot: str, server: str, deliver: Action) -> None:
        """Bring a message from one to the other, in either direction."""
        link = (bot, server)
        if self.cut.get(link) or (server == "venue" and self.random.random() < self.lost):
            return
        self.kernel.after(self.latency(server), lambda: None if self.cut.get(link) else deliver())

    def request(self, bot: str, server: str, deliver: Action) -> None:
        self.carry(bot, server, deliver)
        if self.doubled and self.random.random() < self.doubled:
            self.carry(bot, server, deliver)

    def break_off(self, bot: str, servers: tuple[str, ...]) -> Action:
        """Cut a bot off; return what repairs it. Cuts may overlap."""
        links = [(bot, server) for server in servers]
        self.cut.update((link, self.cut.get(link, 0) + 1) for link in links)

        def repair() -> None:
            self.cut.update((link, max(0, self.cut.get(link, 0) - 1)) for link in links)

        return repair

    def repair(self) -> None:
        """Work without a fault from here on."""
        self.cut.clear()
        self.slow = self.venue_slow = self.lost = self.doubled = 0.0
