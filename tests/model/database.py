"""Postgres, as far as the protocol depends on it: row locks, READ COMMITTED, its own clock.

A transaction is a generator that yields between its statements; what it decides, the rules of
`bot.authority` decide. Its client may be gone: it then commits all the same.
"""

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from random import Random

from bot.authority.lease import ALL_SHARDS, Claimant, Claimed, LeaseRow, lease_of
from bot.authority.orders import FATE_OF, Order, Signal, Work
from bot.authority.protocol import Close, CommitIntent, ReadWork, Record, Rules
from bot.trading.orders import UNRESOLVED
from bot.trading.signals import Fate
from tests.model.kernel import Action, Kernel


@dataclass(frozen=True, slots=True)
class MakeClaim:
    """Take or renew a lease. Answer: Claimed."""

    lease: int
    claimant: Claimant


@dataclass(frozen=True, slots=True)
class Release:
    """Give a lease up. Answer: True."""

    lease: int
    holder: str
    epoch: int
    quiet_seconds: float


Statement = ReadWork | CommitIntent | Record | Close | MakeClaim | Release
Result = Work | Claimed | bool
Transaction = Generator[int | float, None, Result]
"""Yields the lease whose row it locks (int), or how long its next statement takes (float)."""


@dataclass(slots=True)
class Database:
    """Committed rows, and the locks on the lease rows."""

    kernel: Kernel
    random: Random
    rules: Rules
    rate: float
    row_locked: bool
    read_committed: bool
    on_claimed: Callable[[Claimant, Claimed], None]
    slow: float
    """Share of statements that take seconds."""
    step: float = 0.0
    leases: dict[int, LeaseRow] = field(default_factory=lambda: {ALL_SHARDS: LeaseRow()})
    orders: dict[str, Order] = field(default_factory=dict[str, Order])
    inbox: dict[str, Signal] = field(default_factory=dict[str, Signal])
    _locks: dict[int, deque[Action]] = field(default_factory=dict[int, deque[Action]])

    def clock(self) -> float:
        return self.kernel.now * self.rate + self.step

    def post(self, signal: str, shard: int, max_age_seconds: float) -> None:
        """Store a signal; posted again, it changes nothing."""
        self.inbox.setdefault(signal, Signal(signal, shard, self.clock(), max_age_seconds))

    def handle(self, statement: Statement, answer: Callable[[Result], None], stall: float) -> None:
        """Run a transaction; it stalls for so many seconds in one place, for a fault."""
        if isinstance(statement, ReadWork):
            answer(self._work(statement.shard, statement.epoch))
        else:
            self._advance(self._transaction(statement, stall), answer, None)

    def _advance(
        self, transaction: Transaction, answer: Callable[[Result], None], locked: int | None
    ) -> None:
        try:
            wanted = next(transaction)
        except StopIteration as end:
            self._unlock(locked)
            answer(end.value)
            return

        def go_on() -> None:
            self._advance(transaction, answer, locked if isinstance(wanted, float) else wanted)

        if isinstance(wanted, float):
            self.kernel.after(wanted, go_on)
        elif wanted in self._locks:
            self._locks[wanted].append(go_on)
        else:
            self._locks[wanted] = deque()
            go_on()

    def _unlock(self, lease: int | None) -> None:
        if lease is None:
            return
        waiting = self._locks.pop(lease)
        if waiting:
            first = waiting.popleft()
            self._locks[lease] = waiting
            first()

    def _moment(self) -> float:
        longest = 2.0 if self.random.random() < self.slow else 0.02
        return longest * self.random.random()

    def _transaction(self, statement: Statement, stall: float) -> Transaction:
        if isinstance(statement, MakeClaim):
            return (yield from self._claim(statement))
        if isinstance(statement, Release):
            return (yield from self._release(statement))
        return (yield from self._write(statement, stall))

    def _claim(self, statement: MakeClaim) -> Transaction:
        yield statement.lease
        yield self._moment()
        claimed = self.rules.claim(self.leases[statement.lease], statement.claimant, self.clock())
        self.leases[statement.lease] = claimed.row
        self.on_claimed(statement.claimant, claimed)
        return claimed

    def _release(self, statement: Release) -> Transaction:
        yield statement.lease
        row, epoch, quiet = self.leases[statement.lease], statement.epoch, statement.quiet_seconds
        yield self._moment()
        self.leases[statement.lease] = self.rules.release(
            row, statement.holder, epoch, self.clock(), quiet
        )
        return True

    def _write(
        self, statement: CommitIntent | Record | Close | ReadWork, stall: float
    ) -> Transaction:
        """Write under an epoch, or not."""
        match statement:
            case CommitIntent(order):
                shard, holder, epoch = order.shard, order.holder, order.epoch
            case Record(order, holder, epoch):
                shard = order.shard
            case Close(signal, _, holder, epoch):
                shard = signal.shard
            case ReadWork():
                return False
        lease = lease_of(shard)
        snapshot = self.leases[lease]
        late = self.random.random() < 0.5
        yield self._moment() + (0.0 if late else stall)
        if self.row_locked:
            yield lease
        row = self.leases[lease] if self.read_committed else snapshot
        may_write = self.rules.may_write(row, holder, epoch)
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
            case Close(signal, fate):
                self._close(signal.signal, fate)
        return True

    def _close(self, signal: str, fate: Fate) -> None:
        row = self.inbox[signal]
        self.inbox[signal] = replace(row, fate=row.fate or fate)

    def _work(self, shard: int, epoch: int) -> Work:
        orders = self.orders.values()
        unresolved = tuple(
            order
            for order in orders
            if order.state in UNRESOLVED
            and (order.shard == shard or self._left_behind(order, shard, epoch))
        )
        signals = (s for s in self.inbox.values() if s.shard == shard and s.fate is None)
        signal = next(signals, None)
        attempts = sum(1 for order in orders if signal and order.signal == signal.signal)
        return Work(unresolved, signal, attempts, self.clock())

    def _left_behind(self, order: Order, shard: int, epoch: int) -> bool:
        return order.epoch < epoch and lease_of(order.shard) == lease_of(shard)
