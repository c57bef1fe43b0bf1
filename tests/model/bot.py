"""A bot: the shell around the rules, with processes that crash and clocks that step.

It holds no rule of its own: what it does next comes from `bot.authority`.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from random import Random

from bot.authority.lease import ALL_SHARDS, Claimant, Claimed
from bot.authority.orders import Order, Work
from bot.authority.protocol import Answer, Ask, Reply, Rules, Send, Turn
from bot.authority.window import Held, VenueClock, VenueTime, later
from bot.contract.color import Color
from tests.model.database import Database, MakeClaim, Release, Result, Statement
from tests.model.kernel import Action, Kernel, Network
from tests.model.plan import Ambush, Fault
from tests.model.venue import AskTime, Request, Venue

TIMEOUT_SECONDS = 1.0
POLL_SECONDS = 0.5
ASK_TIME_SECONDS = 3.0
DRAIN_SECONDS = 0.5
LOOK_SECONDS = 0.15

Message = Statement | Request
Reaction = Result | Answer | float
Task = Generator[Message | float, Reaction, None]
"""Yields a message and is sent its answer (None: none came in time), or seconds to sleep."""


@dataclass(frozen=True, slots=True)
class SeenIntent:
    """The intent as it reaches a pod."""

    generation: int
    color: Color


@dataclass(frozen=True, slots=True)
class WallClock:
    """For the rule switched off: what the machine takes for the time."""

    offset: Callable[[], float]
    now: Callable[[], float]

    def at(self, boot: float) -> float:
        del boot
        return self.now() + self.offset()


def _link(message: Message) -> str:
    """Renewals have a connection of their own, which may hang alone."""
    if isinstance(message, Send | Ask | AskTime):
        return "venue"
    return "lease" if isinstance(message, MakeClaim) else "database"


@dataclass(slots=True)
class Bot:  # every attribute is a fact of a pod that some rule or fault is about
    """One pod. Its processes come and go."""

    name: str
    color: Color
    kernel: Kernel
    network: Network
    random: Random
    rules: Rules
    database: Database
    venue: Venue
    shards: tuple[int, ...]
    spring: Callable[[Fault], None]
    rate: float = 1.0
    boot_clock: bool = True
    venue_clock: bool = True
    ambushes: dict[tuple[str, int], Ambush] = field(default_factory=dict[tuple[str, int], Ambush])
    intent: SeenIntent | None = None
    holder: str = ""
    outstanding: dict[str, float] = field(default_factory=dict[str, float])
    wall_offset: float = 0.0
    asleep_until: float = 0.0
    running: bool = False
    _slept: float = 0.0
    _process: int = 0
    _held: Held | None = None
    _known: VenueClock | None = None
    _draining: bool = False
    _busy: bool = False
    _counts: dict[str, int] = field(default_factory=dict[str, int])

    # What the rules see (bot.authority.protocol.View).

    def boot(self) -> float:
        seconds = self.kernel.now * self.rate
        return seconds if self.boot_clock else seconds - self._slept

    def held(self, shard: int) -> Held | None:
        del shard
        return None if self._draining else self._held

    def venue_time(self) -> VenueTime | None:
        if self.venue_clock:
            return self._known
        return WallClock(lambda: self.wall_offset, lambda: self.kernel.now)

    # What happens to it.

    def start(self) -> None:
        self._process += 1
        self.running = True
        self.holder = f"{self.name}.{self._process}"
        self._held, self._known, self._draining, self._busy = None, None, False, False
        self.outstanding = {}
        for task in (self._ask_time(), self._keep_lease(), self._trade()):
            self._resume(self._process, task, None)

    def crash(self) -> None:
        if self.running:
            self.kernel.say(self.name, f"{self.holder} CRASHES")
        self.running = False
        self._process += 1

    def crash_for(self, seconds: float) -> None:
        self.crash()
        self.kernel.after(seconds, self.start_again)

    def step_wall_clock(self, seconds: float) -> None:
        self.wall_offset = seconds
        self.kernel.say(self.name, f"wall clock off by {seconds:+.3f} s")

    def sleep(self, seconds: float) -> None:
        self.kernel.say(self.name, f"SLEEPS {seconds:.3f} s")
        until = self.kernel.now + seconds
        self._slept += max(0.0, until - max(self.asleep_until, self.kernel.now))
        self.asleep_until = max(self.asleep_until, until)

    # Its processes.

    def _ask_time(self) -> Task:
        while True:
            shown = yield AskTime()
            if isinstance(shown, float):
                boot = self.boot()
                clock = VenueClock(shown, boot, self.rules.timings.drift_max)
                self._known = later(self._known, clock, boot)
                yield ASK_TIME_SECONDS
            else:
                yield 0.3

    def _keep_lease(self) -> Task:
        while True:
            if self.intent is None:
                pass
            elif self.intent.color is self.color:
                yield from self._claim(self.intent)
            elif self._held:
                yield from self._hand_over(self._held)
            # Who waits for a lease looks more often; who shall give it up is told (a watch).
            wait = self.rules.timings.renew_seconds
            next_at = self.boot() + wait * (1.0 if self._held else 0.4 * self.random.random())
            while self.boot() < next_at and not self._must_go():
                yield LOOK_SECONDS

    def _must_go(self) -> bool:
        return self._held is not None and self.intent is not None and not self._is_named()

    def _is_named(self) -> bool:
        return self.intent is not None and self.intent.color is self.color

    def _claim(self, intent: SeenIntent) -> Task:
        asked = self.boot()
        claimant = Claimant(self.holder, self.color, intent.generation)
        answer = yield MakeClaim(ALL_SHARDS, claimant)
        if not isinstance(answer, Claimed):
            return
        before = self._held
        epoch = answer.row.epoch
        self._held = self.rules.hold(epoch, asked, self.boot()) if answer.granted else None
        if (before.epoch if before else None) != (epoch if answer.granted else None):
            self.kernel.say(self.name, f"lease {answer.claim}, epoch {epoch}")

    def _hand_over(self, held: Held) -> Task:
        """Take on nothing new, settle for a moment, give up what is held."""
        self._draining = True
        until = self.boot() + DRAIN_SECONDS
        while self._busy and self.boot() < until:
            yield 0.1
        quiet = self.rules.quiet_seconds(self.outstanding, self.boot())
        self.kernel.say(self.name, f"releases epoch {held.epoch}, quiet in {quiet:.3f} s")
        self._held, self._draining = None, False
        yield Release(ALL_SHARDS, self.holder, held.epoch, quiet)

    def _trade(self) -> Task:
        while True:
            for shard in self.shards:
                if self.held(shard) is None:
                    continue
                self._busy = True
                yield from self._drive(self.rules.turn(self, shard))
                self._busy = False
            yield POLL_SECONDS * self.random.random()

    def _drive(self, turn: Turn) -> Task:
        answer: Answer = None
        try:
            while True:
                effect = turn.send(answer)
                got = yield effect
                answer = got if isinstance(got, Work | Reply | bool) else None
                self._tell(effect, answer)
        except StopIteration:
            return

    def _tell(self, effect: Message, answer: Answer) -> None:
        order = getattr(effect, "order", None)
        if self.kernel.lines is not None and isinstance(order, Order):
            what = f"{type(effect).__name__} {order.order_id} [{order.state}, epoch {order.epoch}]"
            self.kernel.say(self.name, f"{what}: {'no answer' if answer is None else answer}")

    # How they run.

    def _resume(self, process: int, task: Task, value: Reaction) -> None:
        if process != self._process:
            return
        if self.asleep_until > self.kernel.now:
            # Everything that came in meanwhile is there at once, in any order.
            wait = self.asleep_until - self.kernel.now + 0.01 * self.random.random()
            self.kernel.after(wait, lambda: self._resume(process, task, value))
            return
        wanted = task.send(value)
        if isinstance(wanted, float | int):
            self.kernel.after(wanted / self.rate, lambda: self._resume(process, task, None))
        else:
            self._call(process, task, wanted)

    def _call(self, process: int, task: Task, message: Message) -> None:
        waiting = True
        ambush = self._ambush(type(message).__name__)

        def answered(value: Reaction) -> None:
            if waiting and ambush and ambush.at_answer and value is not None:
                self._fall_into(ambush)
            if process == self._process and self.asleep_until > self.kernel.now:
                wait = self.asleep_until - self.kernel.now + 0.01 * self.random.random()
                self.kernel.after(wait, lambda: answered(value))
                return
            finish(value)

        def finish(value: Reaction) -> None:
            nonlocal waiting
            if waiting:
                waiting = False
                self._resume(process, task, value)

        def at_server() -> None:
            if isinstance(message, Send | Ask | AskTime):
                self.venue.handle(message, reply)
            else:
                self.database.handle(message, reply, ambush.stall if ambush else 0.0)

        def reply(value: Reaction) -> None:
            self.network.carry(self.name, server, lambda: answered(value))

        server = _link(message)
        self._send(server, at_server, ambush)
        self.kernel.after(TIMEOUT_SECONDS / self.rate, lambda: answered(None))

    def _send(self, server: str, at_server: Action, ambush: Ambush | None) -> None:
        if ambush is None:
            self.network.request(self.name, server, at_server)
            return
        self.kernel.say(self.name, f"AMBUSH at {ambush.kind}, takes {ambush.slower:.3f} s longer")
        self.kernel.after(ambush.slower, lambda: self.network.request(self.name, server, at_server))
        if not ambush.at_answer:
            self._fall_into(ambush)

    def _ambush(self, kind: str) -> Ambush | None:
        if not self.ambushes:
            return None
        nth = self._counts[kind] = self._counts.get(kind, 0) + 1
        return self.ambushes.pop((kind, nth), None)

    def _fall_into(self, ambush: Ambush) -> None:
        for fault in ambush.faults:
            self.spring(fault)

    def start_again(self) -> None:
        if not self.running:
            self.kernel.say(self.name, "STARTS AGAIN")
            self.start()
