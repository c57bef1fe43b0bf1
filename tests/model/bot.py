"""A bot: the shell around the rules, as `bot.trader.keeper` and `bot.trader.turns` are in a pod.

It holds no rule of its own: what it does next comes from `bot.authority`.
"""

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, field

from bot.authority.lease import Claim, Claimant, LeaseRow
from bot.authority.orders import Order, Work
from bot.authority.protocol import Answer, Leaving, Outstanding, ReadWork, Reply, Rules, Turn
from bot.authority.window import Held, VenueClock, VenueTime, later
from bot.contract.color import Color
from bot.contract.intent import Intent
from tests.model.machine import Asked, Machine, Nap, Task
from tests.model.messages import AskOrders, AskTime, Import, Keep, Kept, Reaction, Release
from tests.model.setting import Setting

IDLE_SECONDS = 0.7
ASK_TIME_SECONDS = 5.0
ASK_AGAIN_SECONDS = 0.3
COMPARE_AGAIN_SECONDS = 2.0
DRAIN_SECONDS = 0.5
KILLED_AFTER_SECONDS = 3.0
OLD_INTENT_SECONDS = 1.0
RELEASE_AGAIN_SECONDS = 0.05
WAITING_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class SeenIntent:
    """The intent as it reaches a pod."""

    generation: int
    intent: Intent
    source: str


@dataclass(frozen=True, slots=True)
class WallClock:
    """For the rule switched off: what the machine takes for the time."""

    now: Callable[[], float]

    def at(self, boot: float) -> float:
        del boot
        return self.now()


@dataclass(slots=True)
class Bot:
    """One pod's program. All that it knows is of one process."""

    machine: Machine
    color: Color
    setting: Setting
    seen: SeenIntent | None = None
    """Kept over a restart: who starts reads it first."""
    adopts: str = ""
    """Of the environment that it starts with next."""
    holder: str = ""
    outstanding: dict[str, Outstanding] = field(default_factory=dict[str, Outstanding])
    asked: dict[str, float] = field(default_factory=dict[str, float])
    wall_offset: float = 0.0
    _adopts: str = ""
    _stopping: bool = False
    _held: dict[int, Held] = field(default_factory=dict[int, Held])
    _assigned: frozenset[int] = frozenset()
    _leaving: set[int] = field(default_factory=set[int])
    """Held, and nothing new is taken on in them."""
    _given_up: set[int] = field(default_factory=set[int])
    """Nothing is decided in them any more; the release is on its way."""
    _doubtful: set[int] = field(default_factory=set[int])
    """Given up without an answer; until somebody else has them, or nobody."""
    _trading: set[int] = field(default_factory=set[int])
    _busy: set[int] = field(default_factory=set[int])
    _asking: bool = False
    _known: VenueClock | None = None
    _refused_at: float | None = None
    _life: str = ""
    """Of the ledger, as it was last seen."""
    _recovering: bool = False

    @property
    def rules(self) -> Rules:
        return self.setting.rules

    # What the rules see (bot.authority.protocol.View).

    def boot(self) -> float:
        slept = 0.0 if self.setting.boot_clock else self.machine.slept
        return self.machine.boot() - slept

    def held(self, shard: int) -> Held | None:
        return None if shard in self._given_up else self._held.get(shard)

    def venue_time(self) -> VenueTime | None:
        if self.setting.venue_clock:
            return self._known
        return WallClock(lambda: self.machine.kernel.now + self.wall_offset)

    # What happens to it.

    def start(self) -> None:
        if self.machine.running:
            return
        self.machine.start()
        process = self.machine.process if self.setting.process_holds else 0
        self.holder = f"{self.machine.name}.{process}"
        self.machine.say(f"{self.holder} STARTS")
        self._known, self._refused_at, self._adopts = None, None, self.adopts
        self._asking = self._stopping = self._recovering = False
        self._life = ""
        self._held, self.outstanding, self.asked, self._assigned = {}, {}, {}, frozenset()
        self._leaving, self._given_up, self._doubtful = set(), set(), set()
        self._trading, self._busy = set(), set()
        self.machine.spawn(self._ask_time())
        self.machine.spawn(self._keep_leases())

    def crash(self, seconds: float) -> None:
        if self.machine.running:
            self.machine.say(f"{self.holder} CRASHES")
        self.machine.end()
        self.machine.kernel.after(seconds, self.start)

    def repair(self) -> None:
        """Run, and do not stop; nothing lies in wait any more."""
        self.machine.repair()
        if self._stopping:
            self.crash(0.0)
        self.start()

    def stop(self, seconds: float) -> None:
        """SIGTERM: hand over and end; killed if that takes too long."""
        if self.machine.running and not self._stopping:
            self.machine.say(f"{self.holder} STOPS")
            self._stopping = True
            self.machine.wake()
            self.machine.spawn(self._end(seconds))

    def step_wall_clock(self, seconds: float) -> None:
        self.wall_offset = seconds
        self.machine.say(f"wall clock off by {seconds:+.3f} s")

    def learn(self, seen: SeenIntent) -> None:
        """See an intent; a watch may be late, but never goes back."""
        if self.seen is None or self.seen.generation < seen.generation:
            self.seen = seen
            self.machine.wake()

    # Its tasks.

    def _end(self, seconds: float) -> Task:
        until = self.boot() + KILLED_AFTER_SECONDS
        while self._held and self.boot() < until:
            yield 0.1
        self.crash(seconds)

    def _ask_time(self) -> Task:
        while True:
            shown = yield AskTime()
            if isinstance(shown, float):
                boot = self.boot()
                clock = VenueClock(shown, boot, self.rules.timings.drift_max)
                self._known = later(self._known, clock, boot)
                yield ASK_TIME_SECONDS
            else:
                yield ASK_AGAIN_SECONDS

    def _keep_leases(self) -> Task:
        while True:
            if seen := self.seen:
                self._hand_over([n for n in self._held if not self._may_hold(seen.intent, n)])
                yield from self._alone(self._keep(seen))
            missing = self._assigned - self._held.keys()
            share = 1.0 if self._held and not missing else WAITING_SHARE
            yield Nap(self.rules.timings.renew_seconds * share)

    def _may_hold(self, intent: Intent, lease: int) -> bool:
        return not self._stopping and intent.color_of(lease) is self.color

    def _alone(self, task: Task) -> Task:
        """Ask for one thing after the other about leases."""
        while self._asking:
            yield 0.02
        self._asking = True
        yield from task
        self._asking = False

    def _keep(self, seen: SeenIntent) -> Task:
        asked = self.boot()
        claimant = Claimant(self.holder, self.color, seen.generation, seen.source, self._adopts)
        intent = None if self._stopping else seen.intent
        kept = yield Keep(claimant, intent, frozenset(self._given_up))
        if not isinstance(kept, Kept):
            return
        self._look_at_life(kept)
        self._assigned = kept.assigned
        over = {n for n in self._doubtful if self._is_over(kept.rows[n], kept.now)}
        self._doubtful -= over
        self._given_up -= over
        if kept.refused is None:
            self._refused_at = None
            self._take_over(kept, asked)
            self._hand_over(self._held.keys() - kept.assigned)
            return
        self._refused_at = self._refused_at or self.boot()
        # A newer intent may be on its way here: then it says what to give up, and what to keep.
        late = self.boot() > self._refused_at + OLD_INTENT_SECONDS
        if late or kept.refused is not Claim.OLD_INTENT:
            self._hand_over(self._held.keys())

    def _look_at_life(self, kept: Kept) -> None:
        """In another life all connections are opened anew: they may lead to the earlier one."""
        if kept.life not in ("", self._life):
            self._life = kept.life
            self.machine.connect()
        if kept.refused is Claim.RECOVERING and not self._recovering:
            self._recovering = True
            self.machine.spawn(self._recover(kept.life))

    def _recover(self, life: str) -> Task:
        """Wait until nobody sends under the earlier life; then take over what the venue has."""
        until = self.boot() + self.rules.recovery_wait_seconds()
        while self.boot() < until and self._life == life:
            yield 0.5
        until += self.rules.timings.doubt_seconds
        while self._life == life and self.boot() < until:
            shown = yield AskOrders()
            if isinstance(shown, tuple):
                yield Import(life, shown if self.setting.imports else ())
                self.machine.wake()
            yield COMPARE_AGAIN_SECONDS
        self._recovering = False

    def _take_over(self, kept: Kept, asked: float) -> None:
        before = {lease: held.epoch for lease, held in self._held.items()}
        granted = {row.lease: row.epoch for row in kept.granted}
        for lease in before.keys() - granted.keys() - self._given_up:
            del self._held[lease]
        for lease, epoch in granted.items():
            self._held[lease] = self.rules.hold(epoch, asked, self.boot())
            if lease not in self._trading:
                self._trading.add(lease)
                self.machine.spawn(self._trade(lease))
        if before != granted:
            self.machine.say(f"holds {granted}, wants {sorted(kept.assigned)}")

    def _is_over(self, row: LeaseRow, now: float) -> bool:
        """Say whether a release without an answer can change nothing any more."""
        return row.holder != self.holder or row.expires_at <= now

    # Handing over.

    def _hand_over(self, leases: Collection[int]) -> None:
        """Begin to give these up, if that has not begun."""
        going = frozenset(leases) - self._leaving
        if going:
            self._leaving |= going
            self.machine.spawn(self._give_up(going))

    def _give_up(self, leases: frozenset[int]) -> Task:
        """Take on nothing new, settle for a moment, give up what is held."""
        until = self.boot() + DRAIN_SECONDS
        while self._busy & leases and self.boot() < until:
            yield 0.1
        self._given_up |= leases
        left = set(leases)
        while left:
            yield from self._alone(self._release(left))
            yield RELEASE_AGAIN_SECONDS
        for lease in leases:
            self._held.pop(lease, None)
        self._leaving -= leases
        self._given_up -= leases - self._doubtful

    def _release(self, left: set[int]) -> Task:
        """Release once; leave in `left` what must be released again."""
        boot = self.boot()
        leaving = {
            lease: Leaving(held.epoch, self.rules.quiet_seconds(self.outstanding, lease, boot))
            for lease in sorted(left)
            if (held := self._held.get(lease))
        }
        if leaving:
            quiet = {lease: round(one.quiet_seconds, 3) for lease, one in leaving.items()}
            self.machine.say(f"releases {sorted(leaving)}, quiet in {quiet}")
            answer = yield Release(self.holder, leaving)
            if isinstance(answer, frozenset):
                left &= answer
                return
            if self.setting.doubts:
                # It may still happen, at any time: nothing is renewed or signed under it.
                self._doubtful |= left
        left.clear()

    # Trading.

    def _trade(self, shard: int) -> Task:
        random = self.machine.random.random
        while shard in self._held:
            moved = False
            if shard not in self._leaving:
                self._busy.add(shard)
                moved = yield from self._drive(self.rules.turn(self, shard))
                self._busy.discard(shard)
            yield (0.1 if moved else IDLE_SECONDS) * random()
        self._trading.discard(shard)

    def _drive(self, turn: Turn) -> Generator[Asked, Reaction, bool]:
        """Execute a turn; say whether it did more than look."""
        answer: Answer = None
        moved = False
        try:
            while True:
                effect = turn.send(answer)
                got = yield effect
                answer = got if isinstance(got, Work | Reply | bool) else None
                if not isinstance(effect, ReadWork):
                    moved = True
                    self._tell(effect, answer)
        except StopIteration:
            return moved

    def _tell(self, effect: object, answer: Answer) -> None:
        order = getattr(effect, "order", None)
        if self.machine.kernel.lines is not None and isinstance(order, Order):
            what = f"{type(effect).__name__} {order.order_id} [{order.state}, epoch {order.epoch}]"
            self.machine.say(f"{what}: {'no answer' if answer is None else answer}")
