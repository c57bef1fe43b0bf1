"""A bot: the shell around the rules, with processes that crash and clocks that step.

It holds no rule of its own: what it does next comes from `bot.authority`.
"""

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, field
from random import Random

from bot.authority.lease import Claim, Claimant
from bot.authority.orders import Order, Work
from bot.authority.protocol import (
    Answer,
    Ask,
    Leaving,
    Outstanding,
    Reply,
    Rules,
    Send,
    Turn,
)
from bot.authority.window import Held, VenueClock, VenueTime, later
from bot.contract.color import Color
from bot.contract.intent import Intent
from tests.model.database import Database, Keep, Kept, Release, Result, Statement
from tests.model.kernel import Action, Kernel, Network
from tests.model.plan import Ambush, Fault
from tests.model.venue import AskTime, Request, Venue

TIMEOUT_SECONDS = 2.0
POLL_SECONDS = 0.5
ASK_TIME_SECONDS = 3.0
DRAIN_SECONDS = 0.5
LOOK_SECONDS = 0.15
OLD_INTENT_SECONDS = 1.0

Message = Statement | Request
Reaction = Result | Answer | float
Task = Generator[Message | float, Reaction, None]
"""Yields a message and is sent its answer (None: none came in time), or seconds to sleep."""


@dataclass(frozen=True, slots=True)
class SeenIntent:
    """The intent as it reaches a pod."""

    generation: int
    data: Intent


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
    return "lease" if isinstance(message, Keep | Release) else "database"


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
    outstanding: dict[str, Outstanding] = field(default_factory=dict[str, Outstanding])
    source: str = "one"
    """Whose intent it sees."""
    adopts: str = ""
    wall_offset: float = 0.0
    asleep_until: float = 0.0
    running: bool = False
    _slept: float = 0.0
    _process: int = 0
    _held: dict[int, Held] = field(default_factory=dict[int, Held])
    _wanted: frozenset[int] = frozenset()
    _leaving: set[int] = field(default_factory=set[int])
    _given_up: set[int] = field(default_factory=set[int])
    _doubtful: set[int] = field(default_factory=set[int])
    _busy: set[int] = field(default_factory=set[int])
    _known: VenueClock | None = None
    _refused_at: float | None = None
    _asking: bool = False
    _told: bool = False
    _counts: dict[str, int] = field(default_factory=dict[str, int])

    # What the rules see (bot.authority.protocol.View).

    def boot(self) -> float:
        seconds = self.kernel.now * self.rate
        return seconds if self.boot_clock else seconds - self._slept

    def held(self, shard: int) -> Held | None:
        return None if shard in self._given_up else self._held.get(shard)

    def venue_time(self) -> VenueTime | None:
        if self.venue_clock:
            return self._known
        return WallClock(lambda: self.wall_offset, lambda: self.kernel.now)

    # What happens to it.

    def start(self) -> None:
        self._process += 1
        self.running = True
        self.holder = f"{self.name}.{self._process}"
        self._known, self._refused_at = None, None
        self._asking = self._told = False
        self._held, self.outstanding = {}, {}
        self._leaving, self._given_up, self._busy = set(), set(), set()
        self._doubtful = set()
        self._wanted = frozenset()
        trading = (self._trade(shard) for shard in self.shards)
        for task in (self._ask_time(), self._keep_leases(), *trading):
            self._resume(self._process, task, None)

    def notice(self) -> None:
        """Hear that leases were given up, or that a newer intent was shown."""
        self._told = True

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

    def _keep_leases(self) -> Task:
        while True:
            intent = self.intent
            if intent is not None:
                away = {n for n in self._held if intent.data.color_of(n) is not self.color}
                self._hand_over(away)
                while self._asking:
                    yield 0.02
                self._asking = True
                yield from self._keep(intent)
                self._asking = False
            # Who waits for a lease looks more often; who shall give up is told (a watch, a notice).
            waits = bool(self._wanted - self._held.keys()) or not self._held
            share = 0.4 * self.random.random() if waits else 1.0
            next_at = self.boot() + self.rules.timings.renew_seconds * share
            self._told = False
            while self.boot() < next_at and self.intent is intent and not self._told:
                yield LOOK_SECONDS

    def _keep(self, intent: SeenIntent) -> Task:
        asked = self.boot()
        claimant = Claimant(self.holder, self.color, intent.generation, self.source, self.adopts)
        answer = yield Keep(claimant, intent.data, frozenset(self._given_up))
        if not isinstance(answer, Kept):
            return
        self._wanted = answer.wanted
        over = {
            lease
            for lease in self._doubtful & answer.rows.keys()
            if answer.rows[lease].holder != self.holder
            or answer.rows[lease].expires_at <= answer.now
        }
        self._doubtful -= over
        self._given_up -= over
        if answer.refused is None:
            self._take_over(answer, asked)
            self._hand_over(self._held.keys() - answer.wanted)
        elif self._refused_at is None:
            self._refused_at = self.boot()
        if answer.refused is None:
            self._refused_at = None
        elif (
            answer.refused is not Claim.OLD_INTENT
            or self.boot() > (self._refused_at or 0.0) + OLD_INTENT_SECONDS
        ):
            self._hand_over(self._held.keys())

    def _take_over(self, kept: Kept, asked: float) -> None:
        before = {lease: held.epoch for lease, held in self._held.items()}
        granted = {row.lease: row.epoch for row in kept.granted}
        for lease in before.keys() - granted.keys() - self._given_up:
            del self._held[lease]
        for lease, epoch in granted.items():
            self._held[lease] = self.rules.hold(epoch, asked, self.boot())
        if before != granted:
            self.kernel.say(self.name, f"holds {granted}, wants {sorted(kept.wanted)}")

    def _hand_over(self, leases: Collection[int]) -> None:
        going = frozenset(leases) - self._leaving
        if going:
            self._leaving |= going
            self._resume(self._process, self._give_up(going), None)

    def _give_up(self, leases: frozenset[int]) -> Task:
        """Take on nothing new, settle for a moment, give up what is held."""
        until = self.boot() + DRAIN_SECONDS
        while self._busy & leases and self.boot() < until:
            yield 0.1
        self._given_up |= leases
        left = leases
        while left:
            while self._asking:
                yield 0.02
            boot = self.boot()
            leaving = {
                lease: Leaving(held.epoch, self.rules.quiet_seconds(self.outstanding, lease, boot))
                for lease in left
                if (held := self._held.get(lease))
            }
            if not leaving:
                break
            self.kernel.say(self.name, f"releases {leaving}")
            self._asking = True
            answer = yield Release(self.holder, leaving)
            self._asking = False
            if not isinstance(answer, frozenset):
                # It may still happen, at any time: nothing is renewed or signed under it.
                self._doubtful |= left
                break
            left = answer
        for lease in leases:
            self._held.pop(lease, None)
        self._leaving -= leases
        self._given_up -= leases - self._doubtful

    def _trade(self, shard: int) -> Task:
        while True:
            if shard in self._held and shard not in self._leaving:
                self._busy.add(shard)
                yield from self._drive(self.rules.turn(self, shard))
                self._busy.discard(shard)
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
        try:
            wanted = task.send(value)
        except StopIteration:
            return  # a hand-over that is done
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
