"""One run: a plan, the rules, and what they are tried against."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

from bot.authority.lease import LeaseRow
from bot.authority.protocol import Rules
from bot.authority.timings import DEFAULTS
from bot.contract.color import Color
from bot.contract.intent import Intent
from bot.trading.orders import UNRESOLVED
from tests.model.bot import Bot, SeenIntent
from tests.model.database import Database
from tests.model.invariants import Monitor
from tests.model.kernel import Kernel, Network
from tests.model.plan import FAULTS_END, Fault, Kind, Plan, make_plan
from tests.model.venue import Venue

_Item = TypeVar("_Item")

_GIVE_UP_SECONDS = 40.0
_MAX_AGE_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Setting:
    """The rules, and the properties of the world that they rely on."""

    rules: Rules
    venue_expires: bool = True
    boot_clock: bool = True
    venue_clock: bool = True
    database_steps: bool = True
    """Not a rule: whether the database's clock may step."""
    sends_late: float | None = None
    """Not a rule: how much longer each order takes that the plan slows; None: as it says."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run showed."""

    plan: Plan
    violation: str | None
    lines: tuple[str, ...]
    accepted: int
    epochs: int


class World:
    """Bots, ledger and venue under one plan."""

    def __init__(self, plan: Plan, setting: Setting, *, trace: bool) -> None:
        self.plan = plan = _aimed(plan, setting)
        self.kernel = Kernel(lines=[] if trace else None)
        self.monitor = Monitor(self.kernel)
        random = Random(~plan.seed)  # noqa: S311 - a replayable run, no secret
        self._network = Network(
            self.kernel, random, plan.slow, plan.venue_slow, plan.lost, plan.doubled
        )
        self._database_steps = setting.database_steps
        self.database = Database(
            self.kernel,
            random,
            setting.rules,
            rate=plan.database_rate,
            on_claimed=self.monitor.claimed,
            on_notice=self._notice,
            slow=plan.database_slow,
            leases={shard: LeaseRow(shard) for shard in plan.shards},
        )
        self.venue = Venue(
            self.kernel,
            random,
            window=DEFAULTS.venue_window_seconds if setting.venue_expires else 1000.0,
            rejects=plan.rejects,
            on_accepted=self.monitor.accepted,
        )
        self._bots = [self._bot(number, setting, random) for number in range(len(plan.colors))]
        self._intent = SeenIntent(1, Intent(Color.BLUE))
        self._ours = self._bots
        if plan.foreign:
            *self._ours, self._foreigner = self._bots
            self._foreigner.source = "two"
        self._colors = {bot.color for bot in self._ours}

    def _bot(self, number: int, setting: Setting, random: Random) -> Bot:
        color = self.plan.colors[number]
        return Bot(
            name=f"{color}-{number}",
            color=color,
            kernel=self.kernel,
            network=self._network,
            random=random,
            rules=setting.rules,
            database=self.database,
            venue=self.venue,
            shards=self.plan.shards,
            rate=self.plan.rates[number],
            boot_clock=setting.boot_clock,
            venue_clock=setting.venue_clock,
            spring=self._after,
            ambushes={
                (ambush.kind, ambush.nth): ambush
                for ambush in self.plan.ambushes
                if ambush.bot == number
            },
        )

    def run(self) -> Outcome:
        kernel = self.kernel
        self._begin()
        kernel.run(FAULTS_END, self._is_broken)
        if not self._is_broken():
            self._mend()
        settled = False
        while not (settled or self._is_broken()) and kernel.now < FAULTS_END + _GIVE_UP_SECONDS:
            kernel.run(kernel.now + 2.0, self._is_broken)
            settled = self._is_quiet() and self._is_settled()
        if not settled:
            self.monitor.say(f"it never settled: {self.database.leases}")
        kernel.run(kernel.now + 2.0, self._is_broken)
        if not self._is_broken():
            self.monitor.at_the_end(self.database, self.venue)
        return Outcome(
            self.plan,
            self.monitor.violation,
            tuple(kernel.lines or ()),
            len(self.venue.accepted),
            max(row.epoch for row in self.database.leases.values()),
        )

    def _begin(self) -> None:
        for bot in self._ours:
            bot.intent = self._intent
        if self.plan.foreign:
            self._foreigner.intent = SeenIntent(9, Intent(self._foreigner.color))
        for bot in self._bots:
            bot.start()
        for number, (at, shard) in enumerate(sorted(self.plan.signals), 1):
            self.kernel.after(at, self._posting(f"s{number}", shard))
        for fault in self.plan.faults:
            self._after(fault)

    def _is_broken(self) -> bool:
        return self.monitor.violation is not None

    def _is_quiet(self) -> bool:
        return all(row.fate for row in self.database.inbox.values()) and not any(
            order.state in UNRESOLVED for order in self.database.orders.values()
        )

    def _is_settled(self) -> bool:
        """Each lease is held by a process that runs, of the color that the newest intent names."""
        adopted = self.plan.foreign and self._foreigner.adopts
        bots = [self._foreigner] if adopted else self._ours
        intent = bots[-1].intent if adopted else self._intent
        color_of = {bot.holder: bot.color for bot in bots if bot.running}
        return intent is not None and all(
            color_of.get(row.holder or "") is intent.data.color_of(lease)
            for lease, row in self.database.leases.items()
        )

    def _posting(self, signal: str, shard: int) -> Callable[[], None]:
        def post() -> None:
            self.kernel.say("inbox", f"{signal} for shard {shard}")
            self.database.post(signal, shard, _MAX_AGE_SECONDS)

        return post

    def _after(self, fault: Fault) -> None:
        if self.kernel.now + fault.at < FAULTS_END:
            self.kernel.after(fault.at, self._happening(fault))

    def _happening(self, fault: Fault) -> Callable[[], None]:
        bot, seconds = self._bots[fault.bot], fault.seconds
        links = {
            Kind.CUT_DATABASE: "database",
            Kind.RENEWALS_LOST: "lease",
            Kind.CUT_VENUE: "venue",
            Kind.CUT_INTENT: "intent",
        }
        if fault.kind in links:
            return lambda: self._cut(bot, links[fault.kind], seconds)
        happenings: dict[Kind, Callable[[], None]] = {
            Kind.SLEEP: lambda: bot.sleep(seconds),
            Kind.CRASH: lambda: bot.crash_for(seconds),
            Kind.WALL_STEP: lambda: bot.step_wall_clock(seconds),
            Kind.DATABASE_STEP: lambda: self._step_database(seconds),
            Kind.SWAP: self._swap,
            Kind.SWAP_UNSEEN: lambda: self._swap_unseen(bot, seconds),
            Kind.CANARY: lambda: self._move_canary(int(seconds)),
            Kind.ADOPT: self._adopt,
        }
        return happenings[fault.kind]

    def _step_database(self, seconds: float) -> None:
        if self._database_steps:
            self.database.step += seconds
            self.kernel.say("database", f"clock steps by {seconds:+.3f} s")

    def _swap_unseen(self, bot: Bot, seconds: float) -> None:
        self._cut(bot, "intent", seconds)
        self._swap()

    def _cut(self, bot: Bot, server: str, seconds: float) -> None:
        self.kernel.say(bot.name, f"CUT from the {server} for {seconds:.3f} s")
        links = ((bot.name, server), *(((bot.name, "lease"),) if server == "database" else ()))
        cut = self._network.cut
        cut.update((link, cut.get(link, 0) + 1) for link in links)

        def heal() -> None:
            cut.update((link, max(0, cut.get(link, 0) - 1)) for link in links)
            if bot in self._ours:
                self._show_intent(bot)

        self.kernel.after(seconds, heal)

    def _swap(self) -> None:
        now = self._intent.data
        color = now.active_color.other
        self._intend(Intent(color if color in self._colors else now.active_color))

    def _move_canary(self, percent: int) -> None:
        now = self._intent.data
        if now.active_color.other in self._colors:
            self._intend(Intent(now.active_color, percent))

    def _intend(self, data: Intent) -> None:
        self._intent = SeenIntent(self._intent.generation + 1, data)
        self.kernel.say("intent", f"{self._intent.generation}: {data}")
        for bot in self._ours:
            self._show_intent(bot)

    def _adopt(self) -> None:
        if self.plan.foreign and not self._foreigner.adopts:
            self.kernel.say("intent", f"{self._foreigner.name} adopts the database")
            self._foreigner.adopts = "one"
            self.monitor.adopted("two", self.kernel.now)

    def _notice(self) -> None:
        for bot in self._bots:
            self._network.carry(bot.name, "lease", bot.notice)

    def _show_intent(self, bot: Bot) -> None:
        """Tell the newest intent; a watch may be late, but never goes back."""
        intent = self._intent

        def seen() -> None:
            if bot.intent is None or bot.intent.generation < intent.generation:
                bot.intent = intent

        self._network.carry(bot.name, "intent", seen)

    def _mend(self) -> None:
        """End all faults: from here on everything must come to its end."""
        self.kernel.say("world", "faults end")
        self._network.cut.clear()
        self._network.slow = self._network.venue_slow = 0.0
        self.database.slow = 0.0
        self._network.lost = self._network.doubled = 0.0
        for bot in self._bots:
            bot.ambushes = {}
            bot.asleep_until = min(bot.asleep_until, self.kernel.now)
            bot.start_again()
        for bot in self._ours:
            self._show_intent(bot)


def _aimed(plan: Plan, setting: Setting) -> Plan:
    late = setting.sends_late
    if late is None:
        return plan
    aimed = (replace(a, slower=late) if a.kind == "Send" else a for a in plan.ambushes)
    return replace(plan, ambushes=tuple(aimed))


def run(seed: int, setting: Setting, *, trace: bool = False) -> Outcome:
    """Run one seed."""
    return World(make_plan(seed, DEFAULTS.drift_max), setting, trace=trace).run()


def smaller(outcome: Outcome, setting: Setting) -> Outcome:
    """Leave out every fault and signal that the violation does not need; with a trace."""
    best = World(outcome.plan, setting, trace=True).run()
    shrinking = True
    while shrinking:
        shrinking = False
        for plan in _without_one(best.plan):
            tried = World(plan, setting, trace=True).run()
            if tried.violation and len(tried.lines) < len(best.lines):
                best, shrinking = tried, True
                break
    return best


def _without_one(plan: Plan) -> list[Plan]:
    return [
        *(replace(plan, faults=_drop(plan.faults, n)) for n in range(len(plan.faults))),
        *(replace(plan, ambushes=_drop(plan.ambushes, n)) for n in range(len(plan.ambushes))),
        *(replace(plan, signals=_drop(plan.signals, n)) for n in range(len(plan.signals))),
        replace(plan, lost=0.0),
        replace(plan, doubled=0.0),
        replace(plan, rejects=0.0),
        replace(plan, slow=0.0),
        replace(plan, database_slow=0.0),
        replace(plan, venue_slow=0.0),
    ]


def _drop(items: tuple[_Item, ...], number: int) -> tuple[_Item, ...]:
    return items[:number] + items[number + 1 :]
