"""Postgres, as far as the protocol depends on it: row locks, READ COMMITTED, its own clock.

A transaction is a generator that yields between its statements; what it decides, the rules of
`bot.authority` decide. Its client may be gone: it then commits all the same.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

from bot.authority.allocation import Member
from bot.authority.lease import Claim, Claimant, Claimed, LeaseRow, Shown
from bot.authority.orders import FATE_OF, Order, Signal, Work
from bot.authority.protocol import Close, CommitIntent, Leaving, ReadWork, Record, Rules
from bot.contract.intent import Intent
from bot.trading.orders import UNRESOLVED
from bot.trading.signals import Fate
from tests.model.kernel import Kernel
from tests.model.locks import Lock, Locks, Mode

INTENT_ROW = -1
FIRST_SHOWN = Shown(0, "one")
"""Nobody adopted anything yet: who comes first rules."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Show the intent, renew what is held, take what should be and is free. Answer: Kept."""

    claimant: Claimant
    intent: Intent
    given_up: frozenset[int]


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of it."""

    refused: Claim | None
    granted: tuple[LeaseRow, ...] = ()
    wanted: frozenset[int] = frozenset()
    rows: Mapping[int, LeaseRow] = field(default_factory=dict[int, LeaseRow])
    now: float = 0.0


@dataclass(frozen=True, slots=True)
class Release:
    """Give leases up. Answer: those that could not be, because somebody writes under them."""

    holder: str
    leaving: Mapping[int, Leaving]


Statement = ReadWork | CommitIntent | Record | Close | Keep | Release
Result = Work | Kept | bool | frozenset[int]
Transaction = Generator[Lock | float, bool, Result]
"""Yields a row to lock, or how long its next statement takes."""
Claimed_ = Callable[[Claimant, Intent, Claimed], None]


@dataclass(slots=True)
class Database:
    """Committed rows, and the locks on them."""

    kernel: Kernel
    random: Random
    rules: Rules
    rate: float
    on_claimed: Claimed_
    on_notice: Callable[[], None]
    slow: float
    """Share of statements that take seconds."""
    leases: dict[int, LeaseRow]
    step: float = 0.0
    shown: Shown = FIRST_SHOWN
    members: dict[str, tuple[Member, Shown, float]] = field(
        default_factory=dict[str, tuple[Member, Shown, float]]
    )
    """By holder: who, which intent it knows, when it was seen."""
    orders: dict[str, Order] = field(default_factory=dict[str, Order])
    inbox: dict[str, Signal] = field(default_factory=dict[str, Signal])
    _locks: Locks = field(default_factory=Locks)
    _numbers: "count[int]" = field(default_factory=count)

    def clock(self) -> float:
        return self.kernel.now * self.rate + self.step

    def post(self, signal: str, shard: int, max_age_seconds: float) -> None:
        """Store a signal; posted again, it changes nothing."""
        self.inbox.setdefault(signal, Signal(signal, shard, self.clock(), max_age_seconds))

    def handle(self, statement: Statement, answer: Callable[[Result], None], stall: float) -> None:
        """Run a transaction; it stalls for so many seconds in one place, for a fault."""
        if isinstance(statement, ReadWork):
            answer(self._work(statement.shard))
        else:
            running = self._transaction(statement, stall)
            self._advance(next(self._numbers), running, answer, got=None)

    def _advance(
        self,
        number: int,
        transaction: Transaction,
        answer: Callable[[Result], None],
        *,
        got: bool | None,
    ) -> None:
        try:
            wanted = next(transaction) if got is None else transaction.send(got)
        except StopIteration as end:
            self._locks.release(number)
            answer(end.value)
            return

        def go_on() -> None:
            self._advance(number, transaction, answer, got=True)

        if isinstance(wanted, Lock):
            if self._locks.take(number, wanted, go_on):
                go_on()
            elif wanted.skip:
                self._advance(number, transaction, answer, got=False)
        else:
            self.kernel.after(wanted, go_on)

    def _moment(self) -> float:
        longest = 2.0 if self.random.random() < self.slow else 0.02
        return longest * self.random.random()

    def _transaction(self, statement: Statement, stall: float) -> Transaction:
        if isinstance(statement, Keep):
            return (yield from self._keep(statement))
        if isinstance(statement, Release):
            return (yield from self._release(statement))
        return (yield from self._write(statement, stall))

    # Authority: as in `bot.ledger.leases`.

    def _keep(self, statement: Keep) -> Transaction:
        claimant = statement.claimant
        newer = self.rules.admit(self.shown, claimant).shown != self.shown
        yield Lock(INTENT_ROW, Mode.TAKE if newer else Mode.WRITE)
        yield self._moment()
        admitted = self.rules.admit(self.shown, claimant)
        if admitted.shown != self.shown:
            if not newer:
                return Kept(Claim.OLD_INTENT)
            self.shown = admitted.shown
            self.on_notice()
        if admitted.refused:
            self.members.pop(claimant.holder, None)
            return Kept(admitted.refused, rows=dict(self.leases), now=self.clock())
        wanted = self._wanted(statement)
        locked: list[int] = []
        for lease in self._mine(claimant.holder):
            yield Lock(lease, Mode.RENEW)
            # READ COMMITTED looks at the row again once it is locked.
            if self.leases[lease].holder == claimant.holder:
                locked.append(lease)
        free = [one for one in sorted(wanted) if self.leases[one].expires_at <= self.clock()]
        for lease in free:
            if lease not in locked and (yield Lock(lease, Mode.TAKE, skip=True)):
                locked.append(lease)
        yield self._moment()
        granted = [
            claimed.row
            for lease in locked
            if lease not in statement.given_up
            and (claimed := self._claim(statement, lease, wanted))
        ]
        return Kept(None, tuple(granted), wanted, dict(self.leases), self.clock())

    def _mine(self, holder: str) -> list[int]:
        return [lease for lease in sorted(self.leases) if self.leases[lease].holder == holder]

    def _wanted(self, statement: Keep) -> frozenset[int]:
        claimant, now = statement.claimant, self.clock()
        me = Member(claimant.holder, claimant.color)
        self.members[claimant.holder] = (me, self.shown, now)
        since = now - self.rules.timings.lease_seconds
        live = [
            member
            for member, knows, seen in self.members.values()
            if knows == self.shown and seen > since
        ]
        return self.rules.wanted(statement.intent, live, claimant) & self.leases.keys()

    def _claim(self, statement: Keep, lease: int, wanted: frozenset[int]) -> Claimed | None:
        claimed = self.rules.claim(self.leases[lease], statement.claimant, self.clock())
        if not claimed.granted or (claimed.claim is Claim.TAKEN and lease not in wanted):
            return None
        self.leases[lease] = claimed.row
        self.on_claimed(statement.claimant, statement.intent, claimed)
        return claimed

    def _release(self, statement: Release) -> Transaction:
        locked: list[int] = []
        for lease in sorted(statement.leaving):
            if self.leases[lease].holder != statement.holder:
                continue
            if (yield Lock(lease, Mode.TAKE, skip=True)):
                locked.append(lease)
        yield self._moment()
        for lease in locked:
            self.leases[lease] = self.rules.release(
                self.leases[lease], statement.holder, self.clock(), statement.leaving[lease]
            )
        if locked:
            self.on_notice()
        return frozenset(self._mine(statement.holder)) & statement.leaving.keys()

    # Trading: as in `bot.ledger.scripts`.

    def _write(
        self, statement: CommitIntent | Record | Close | ReadWork, stall: float
    ) -> Transaction:
        """Write under an epoch, or not."""
        match statement:
            case CommitIntent(order):
                shard, holder, epoch = order.shard, order.holder, order.epoch
            case Record(order, holder, epoch):
                shard = order.shard
            case Close(signal, _, _, holder, epoch):
                shard = signal.shard
            case ReadWork():
                return False
        late = self.random.random() < 0.5
        yield self._moment() + (0.0 if late else stall)
        yield Lock(shard, Mode.WRITE)
        may_write = self.rules.may_write(self.leases[shard], holder, epoch)
        yield self._moment() + (stall if late else 0.0)
        return may_write and self._apply(statement)

    def _apply(self, statement: CommitIntent | Record | Close) -> bool:
        match statement:
            case CommitIntent(order):
                signal = self.inbox[order.signal]
                if order.order_id in self.orders or signal.fate:
                    return False
                self.orders[order.order_id] = order
            case Record(order):
                if self.orders.setdefault(order.order_id, order).state in UNRESOLVED:
                    self.orders[order.order_id] = order
                    if fate := FATE_OF.get(order.state):
                        self._close(order.signal, fate)
            case Close(signal, attempts, fate):
                made = sum(1 for order in self.orders.values() if order.signal == signal.signal)
                if made != attempts:
                    return False
                self._close(signal.signal, fate)
        return True

    def _close(self, signal: str, fate: Fate) -> None:
        row = self.inbox[signal]
        self.inbox[signal] = replace(row, fate=row.fate or fate)

    def _work(self, shard: int) -> Work:
        orders = [order for order in self.orders.values() if order.shard == shard]
        unresolved = tuple(order for order in orders if order.state in UNRESOLVED)
        signals = (s for s in self.inbox.values() if s.shard == shard and s.fate is None)
        signal = next(signals, None)
        attempts = sum(1 for order in orders if signal and order.signal == signal.signal)
        return Work(unresolved, signal, attempts, self.clock())
