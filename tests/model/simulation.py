"""One run: a plan, the rules, and what they are tried against."""

import math
from dataclasses import dataclass
from random import Random

from bot.authority.lease import Claimed, LeaseRow, Shown
from bot.authority.timings import DEFAULTS
from bot.contract.intent import Intent
from bot.trading.orders import UNRESOLVED
from tests.model.bot import Bot, SeenIntent
from tests.model.clusters import Cluster
from tests.model.database import Database
from tests.model.dice import make_plan
from tests.model.invariants import Monitor
from tests.model.kernel import Action, Kernel, Network
from tests.model.machine import Machine
from tests.model.messages import Keep
from tests.model.plan import FAULTS_END, STEPS_BACK, Fault, Kind, Plan
from tests.model.setting import LAG_SECONDS, Setting
from tests.model.venue import Venue

_GIVE_UP_SECONDS = 40.0
_QUIET_SECONDS = 2.0
"""More than a request's window: what still comes after that, the venue refuses."""
_LOOK_SECONDS = 1.0
HOME, FOREIGN = "home", "elsewhere"
_CUTS = {
    Kind.CUT_DATABASE: ("database", "lease"),
    Kind.RENEWALS_LOST: ("lease",),
    Kind.CUT_VENUE: ("venue",),
    Kind.CUT_INTENT: ("intent",),
    Kind.SWAP_UNSEEN: ("intent",),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run showed."""

    plan: Plan
    violation: str | None
    lines: tuple[str, ...]
    accepted: int
    epochs: int
    ruling: str
    """Whose intent had the database in the end."""


class Simulation:
    """Clusters of bots, ledger and venue under one plan."""

    def __init__(self, plan: Plan, setting: Setting, *, trace: bool) -> None:
        self.plan = plan
        self.setting = setting
        self.kernel = Kernel(lines=[] if trace else None)
        self.monitor = Monitor(self.kernel, HOME)
        self.random = Random(~plan.seed)  # noqa: S311 - a replayable run, no secret
        self.network = Network(
            self.kernel, self.random, plan.slow, plan.venue_slow, plan.lost, plan.doubled
        )
        self.database = Database(
            self.kernel,
            self.random,
            setting,
            rate=plan.database_rate,
            slow=plan.database_slow,
            watcher=self,
            leases={shard: LeaseRow(shard) for shard in sorted(plan.shards)},
            shown=Shown(0, HOME),
            history=[] if any(fault.kind in STEPS_BACK for fault in plan.faults) else None,
        )
        self.venue = Venue(
            self.kernel,
            self.random,
            window=DEFAULTS.venue_window_seconds if setting.venue_expires else 1000.0,
            rejects=plan.rejects,
            on_accepted=self.monitor.accepted,
            lag=plan.lag * LAG_SECONDS if setting.venue_lags else 0.0,
        )
        self.bots = [self._bot(number) for number in range(len(plan.colors))]
        count = len(plan.colors) - plan.foreign
        self.clusters = [self._cluster(HOME, 1, self.bots[:count])]
        if plan.foreign:
            self.clusters.append(self._cluster(FOREIGN, 9, self.bots[count:]))

    def _bot(self, number: int) -> Bot:
        color = self.plan.colors[number]
        machine = Machine(
            name=f"{color}-{number}",
            kernel=self.kernel,
            network=self.network,
            random=self.random,
            database=self.database,
            venue=self.venue,
            spring=self._after,
            rate=self.plan.rates[number],
            connection_seconds=self._connection_seconds(),
            ambushes={(a.kind, a.nth): a for a in self.plan.ambushes if a.bot == number},
        )
        return Bot(machine, color, self.setting)

    def _connection_seconds(self) -> float:
        setting = self.setting
        return setting.rules.timings.connection_seconds if setting.connects_anew else math.inf

    def _cluster(self, source: str, generation: int, bots: list[Bot]) -> Cluster:
        seen = SeenIntent(generation, Intent(bots[0].color), source)
        for bot in bots:
            bot.seen = seen
        return Cluster(self.kernel, self.network, seen, bots)

    def run(self) -> Outcome:
        kernel = self.kernel
        for bot in self.bots:
            bot.start()
        for number, (at, shard) in enumerate(sorted(self.plan.signals), 1):
            kernel.after(at, self._posting(f"s{number}", shard))
        for fault in self.plan.faults:
            self._after(fault)
        kernel.run(FAULTS_END)
        if not kernel.stopped:
            self._repair()
            self._end()
        return Outcome(
            self.plan,
            self.monitor.violation,
            tuple(kernel.lines or ()),
            len(self.venue.accepted),
            max(row.epoch for row in self.database.leases.values()),
            self.database.shown.source,
        )

    # What the database tells (tests.model.database.Watcher).

    def kept(self, keep: Keep, granted: list[Claimed], life: str) -> None:
        # A server that was left knows less: what it grants is looked at where it leads to an order.
        if life == self.database.life:
            self.monitor.kept(keep, granted)

    def notice(self) -> None:
        for bot in self.bots:
            self.network.carry(bot.machine.name, "lease", bot.machine.wake)

    # What happens.

    def _posting(self, signal: str, shard: int) -> Action:
        def post() -> None:
            self.kernel.say("inbox", f"{signal} for shard {shard}")
            self._post_to(self.database, signal, shard)

        return post

    def _post_to(self, database: Database, signal: str, shard: int) -> None:
        if not database.dead and database.post(signal, shard, self.plan.max_age_seconds):
            self.monitor.posted(signal, self.plan.max_age_seconds)

    def _after(self, fault: Fault) -> None:
        if self.kernel.now + fault.at < FAULTS_END:
            self.kernel.after(fault.at, self._happening(fault))

    def _happening(self, fault: Fault) -> Action:
        bot, seconds = self.bots[fault.bot], fault.seconds
        cluster = next(one for one in self.clusters if bot in one.bots)
        happenings: dict[Kind, Action] = {
            Kind.SLEEP: lambda: bot.machine.sleep(seconds),
            Kind.CRASH: lambda: bot.crash(seconds),
            Kind.STOP: lambda: bot.stop(seconds),
            Kind.WALL_STEP: lambda: bot.step_wall_clock(seconds),
            Kind.DATABASE_STEP: lambda: self._step_database(seconds),
            Kind.SWAP: cluster.swap,
            Kind.SWAP_UNSEEN: lambda: self._swap_unseen(bot, cluster, seconds),
            Kind.CANARY: lambda: cluster.move_canary(int(seconds)),
            Kind.ADOPT: lambda: self._adopt(cluster),
            Kind.STEP_BACK: lambda: self._step_back(int(seconds), copied=False),
            Kind.COPY: lambda: self._step_back(int(seconds), copied=True),
        }
        if fault.kind in happenings:
            return happenings[fault.kind]
        return lambda: self._cut(bot, cluster, _CUTS[fault.kind], seconds)

    def _step_database(self, seconds: float) -> None:
        if self.setting.database_steps:
            self.database.step += seconds
            self.monitor.stepped(seconds)
            self.kernel.say("database", f"clock steps by {seconds:+.3f} s")

    def _step_back(self, commits: int, *, copied: bool) -> None:
        """Another server takes the address over; who was connected to a copied one stays there."""
        if not self.setting.steps_back:
            return
        left = self.database
        self.database = left.stepped_back(commits, str(int(left.life) + 1))
        left.dead = not copied
        self.kernel.say("database", f"life {self.database.life}: lacks {commits} commits")
        self.monitor.stepped_back(self.database.shown)
        for bot in self.bots:
            bot.machine.database = self.database
        for signal, row in left.inbox.items():
            # Who sent it had its answer, or not; it may send it again, and to either server.
            if self.random.random() < (0.3 if signal in self.database.inbox else 0.7):
                self.kernel.after(6 * self.random.random(), self._posting(signal, row.shard))
            if copied and self.random.random() < 0.2:
                self.kernel.after(self.random.random(), self._posting_to(left, signal, row.shard))

    def _posting_to(self, database: Database, signal: str, shard: int) -> Action:
        return lambda: self._post_to(database, signal, shard)

    def _swap_unseen(self, bot: Bot, cluster: Cluster, seconds: float) -> None:
        self._cut(bot, cluster, _CUTS[Kind.SWAP_UNSEEN], seconds)
        cluster.swap()

    def _adopt(self, cluster: Cluster) -> None:
        """Let it take over from the one that rules; said once."""
        if cluster.source == FOREIGN and not cluster.bots[0].adopts:
            self.monitor.adopted(FOREIGN, of=HOME)
            cluster.adopt(HOME)

    def _cut(self, bot: Bot, cluster: Cluster, servers: tuple[str, ...], seconds: float) -> None:
        bot.machine.say(f"CUT from {', '.join(servers)} for {seconds:.3f} s")
        repair = self.network.break_off(bot.machine.name, servers)

        def heal() -> None:
            repair()
            cluster.show(bot)

        self.kernel.after(seconds, heal)

    # How it ends.

    def _repair(self) -> None:
        """End all faults: from here on everything must come to its end."""
        self.kernel.say("world", "faults end")
        self.network.repair()
        self.database.slow = 0.0
        for cluster in self.clusters:
            for bot in cluster.bots:
                bot.repair()
                cluster.show(bot)

    def _end(self) -> None:
        """Go on until all is well and stays so; a message of a dead process may come yet."""
        kernel, settled = self.kernel, False
        while not (kernel.stopped or settled) and kernel.now < FAULTS_END + _GIVE_UP_SECONDS:
            was_settled = self._is_settled()
            kernel.run(kernel.now + (_QUIET_SECONDS if was_settled else _LOOK_SECONDS))
            settled = was_settled and self._is_settled()
        if not kernel.stopped:
            self.monitor.at_the_end(self.database, self.venue, self._holders())

    def _is_settled(self) -> bool:
        """Nothing is left to do, and each lease is where it should be."""
        return (
            all(row.fate for row in self.database.inbox.values())
            and not any(o.state in UNRESOLVED for o in self.database.orders.values())
            and all(
                self.database.leases[lease].holder == holder
                for lease, holder in self._holders().items()
            )
        )

    def _holders(self) -> dict[int, str]:
        ruling = next(one for one in self.clusters if one.source == self.database.shown.source)
        return ruling.holders(self.database.leases)


def run(seed: int, setting: Setting, *, trace: bool = False) -> Outcome:
    """Run one seed."""
    return Simulation(make_plan(seed, DEFAULTS.drift_max), setting, trace=trace).run()
