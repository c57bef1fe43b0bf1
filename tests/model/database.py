"""Postgres, as far as the protocol depends on it: row locks, READ COMMITTED, its own clock.

A transaction is a generator that yields between its statements; what it decides, the rules of
`bot.authority` decide. What it writes is there when it ends: no read sees less than all of it. Its
client may be gone: it then commits all the same.
"""

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import Protocol

from bot.authority.allocation import Member
from bot.authority.lease import Claim, Claimant, Claimed, LeaseRow, Shown
from bot.authority.lives import Life
from bot.authority.orders import FATE_OF, Order, Signal, Work
from bot.authority.protocol import Close, CommitIntent, ReadWork, Recall, Record, Rules
from bot.contract.intent import Intent
from bot.trading.orders import UNRESOLVED, State
from bot.trading.signals import Fate
from tests.model.kernel import Kernel
from tests.model.locks import Lock, Locks, Mode
from tests.model.messages import Import, Keep, Kept, Release, Result, Statement, Write
from tests.model.setting import Setting

_INTENT_ROW = -1
LONG_AGO = -1e6
Transaction = Generator[Lock | float, bool, Result]
"""Yields a row to lock, or how long its next statement takes."""


class Watcher(Protocol):
    """Who looks at each commit that moves authority."""

    def kept(self, keep: Keep, granted: list[Claimed], life: str) -> None:
        """See what an admitted claimant was granted."""
        ...

    def notice(self) -> None:
        """NOTIFY: leases were released, or a newer intent was shown."""
        ...


@dataclass(frozen=True, slots=True)
class Beat:
    """A member's row."""

    member: Member
    knows: Shown
    seen: float


@dataclass(frozen=True, slots=True)
class Committed:
    """All rows, as they were after one commit."""

    leases: dict[int, LeaseRow]
    shown: Shown
    known: Life
    members: dict[str, Beat]
    orders: dict[str, Order]
    inbox: dict[str, Signal]


@dataclass(slots=True)
class Database:
    """Committed rows, and the locks on them."""

    kernel: Kernel
    random: Random
    setting: Setting
    rate: float
    slow: float
    """Share of statements that take seconds."""
    watcher: Watcher
    leases: dict[int, LeaseRow]
    shown: Shown
    step: float = 0.0
    life: str = "1"
    """What the server says; the ledger says which one it knows."""
    known: Life = field(default_factory=lambda: Life("1", recovered_at=LONG_AGO))
    dead: bool = False
    history: list[Committed] | None = None
    """After each commit; None: it never steps back, and nothing is kept."""
    members: dict[str, Beat] = field(default_factory=dict[str, Beat])
    orders: dict[str, Order] = field(default_factory=dict[str, Order])
    inbox: dict[str, Signal] = field(default_factory=dict[str, Signal])
    _locks: Locks = field(default_factory=Locks)
    _count: int = 0

    def __post_init__(self) -> None:
        if not self.history:
            self._committed()

    def clock(self) -> float:
        return self.kernel.now * self.rate + self.step

    def post(self, signal: str, shard: int, max_age_seconds: float) -> bool:
        """Store a signal; posted again, it changes nothing. Say whether it was new."""
        if signal in self.inbox:
            return False
        self.inbox[signal] = Signal(signal, shard, self.clock(), max_age_seconds)
        self._committed()
        return True

    def _committed(self) -> None:
        if self.history is not None:
            committed = Committed(
                dict(self.leases),
                self.shown,
                self.known,
                dict(self.members),
                dict(self.orders),
                dict(self.inbox),
            )
            self.history.append(committed)

    def stepped_back(self, commits: int, life: str) -> "Database":
        """Return another server's: it lacks the last commits."""
        history = self.history or []
        history = history[: max(1, len(history) - commits)]
        rows = history[-1]
        return replace(
            self,
            leases=dict(rows.leases),
            shown=rows.shown,
            known=rows.known,
            members=dict(rows.members),
            orders=dict(rows.orders),
            inbox=dict(rows.inbox),
            life=life,
            history=history,
            _locks=Locks(),
        )

    def handle(self, statement: Statement, answer: Callable[[Result], None], stall: float) -> None:
        """Run a transaction; it stalls for so many seconds in one place, for a fault."""
        self._count += 1
        match statement:
            case _ if self.dead:
                return
            case ReadWork(shard):
                answer(self._work(shard))
            case Import():
                self._advance(self._count, self._import(statement), answer, got=None)
            case Keep():
                self._advance(self._count, self._keep(statement), answer, got=None)
            case Release():
                self._advance(self._count, self._release(statement), answer, got=None)
            case _:
                self._advance(self._count, self._write(statement, stall), answer, got=None)

    def _advance(
        self,
        number: int,
        transaction: Transaction,
        answer: Callable[[Result], None],
        *,
        got: bool | None,
    ) -> None:
        def go_on() -> None:
            if not self.dead:
                self._advance(number, transaction, answer, got=True)

        try:
            while True:
                request = next(transaction) if got is None else transaction.send(got)
                if not isinstance(request, Lock):
                    self.kernel.after(request, go_on)
                    return
                got = self._locks.take(number, request, go_on)
                if not (got or request.skip):
                    return
        except StopIteration as end:
            self._locks.release(number)
            answer(end.value)

    def _moment(self) -> float:
        longest = 2.0 if self.random.random() < self.slow else 0.02
        return longest * self.random.random()

    # Authority: as in `bot.ledger.leases`.

    def _keep(self, keep: Keep) -> Transaction:
        rules, claimant = self.setting.rules, keep.claimant
        newer = rules.admit(self.shown, claimant).shown != self.shown
        if self.setting.intent_locked:
            yield Lock(_INTENT_ROW, Mode.TAKE if newer else Mode.WRITE)
        admitted = rules.admit(self.shown, claimant)
        if admitted.shown != self.shown and not newer:
            return False  # it changed at this moment: look again
        if admitted.refused:
            self.members.pop(claimant.holder, None)
            return Kept(admitted.refused, self.clock(), dict(self.leases))
        if (yield from self._begin_life()):
            return Kept(Claim.RECOVERING, self.clock(), dict(self.leases), life=self.life)
        yield self._moment()
        beat = Beat(Member(claimant.holder, claimant.color), admitted.shown, self.clock())
        assigned = self._assigned(keep.intent, beat, claimant) if keep.intent else frozenset[int]()
        locked: list[int] = []
        for lease in self._mine(claimant.holder):
            yield Lock(lease, Mode.RENEW)
            # READ COMMITTED looks at the row again once it is locked.
            if self.leases[lease].holder == claimant.holder:
                locked.append(lease)
        free = [one for one in sorted(assigned) if self.leases[one].expires_at <= self.clock()]
        for lease in free:
            if lease not in locked and (yield Lock(lease, Mode.TAKE, skip=True)):
                locked.append(lease)
        now, rows = self.clock(), dict(self.leases)
        claims = [rules.claim(rows[n], claimant, now) for n in locked if n not in keep.given_up]
        # What it had and let run out is taken again only if it should have it.
        granted = [
            c for c in claims if c.claim is Claim.RENEWED or (c.granted and c.row.lease in assigned)
        ]
        yield self._moment()
        self._commit(keep, admitted.shown, beat, granted)
        granted_rows = tuple(claimed.row for claimed in granted)
        return Kept(None, now, rows, granted_rows, assigned, self.life)

    def _begin_life(self) -> Generator[Lock | float, bool, bool]:
        """Free all leases in a life that was not seen before; say whether nobody may hold any."""
        rules = self.setting.rules
        if rules.in_life(self.known, self.life):
            return False
        for lease in sorted(self.leases):
            yield Lock(lease, Mode.TAKE)
        now = self.clock()
        known = rules.notice(self.known, self.life, now)
        if known != self.known:
            self.known = known
            self.leases = {n: rules.raised(row, now) for n, row in self.leases.items()}
            self.members = {}
            self._committed()
        return self.known.recovered_at is None

    def _import(self, message: Import) -> Transaction:
        yield self._moment()
        if message.life != self.life or message.life != self.known.name:
            return False
        now, known = self.clock(), self.known
        for order in message.orders:
            self.orders[order.order_id] = replace(order, state=State.FILLED)
            self.inbox.setdefault(
                order.signal, Signal(order.signal, order.shard, now, 0.0, Fate.EXECUTED)
            )
            self._close(order.signal, Fate.EXECUTED)
        recovered_at = now if known.recovered_at is None else known.recovered_at
        self.known = replace(known, recovered_at=recovered_at)
        self._committed()
        return True

    def _mine(self, holder: str) -> list[int]:
        return [row.lease for row in self.leases.values() if row.holder == holder]

    def _assigned(self, intent: Intent, beat: Beat, claimant: Claimant) -> frozenset[int]:
        since = beat.seen - self.setting.rules.timings.lease_seconds
        since = since if self.setting.members_expire else -math.inf
        live = {b.member for b in self.members.values() if b.knows == beat.knows and b.seen > since}
        live.add(beat.member)
        return _assigned(self.setting.rules, intent, frozenset(live), claimant) & self.leases.keys()

    def _commit(self, keep: Keep, shown: Shown, beat: Beat, granted: list[Claimed]) -> None:
        self.leases.update((claimed.row.lease, claimed.row) for claimed in granted)
        if keep.intent:
            self.members[beat.member.holder] = beat
        else:
            self.members.pop(beat.member.holder, None)
        if shown != self.shown:
            self.shown = shown
            self.watcher.notice()
        self._committed()
        self.watcher.kept(keep, granted, self.life)

    def _release(self, release: Release) -> Transaction:
        locked: list[int] = []
        for lease in sorted(release.leaving):
            mine = self.leases[lease].holder == release.holder
            if mine and (yield Lock(lease, Mode.TAKE, skip=True)):
                locked.append(lease)
        now = self.clock()
        yield self._moment()
        for lease in locked:
            self.leases[lease] = self.setting.rules.release(
                self.leases[lease], release.holder, now, release.leaving[lease]
            )
        if locked:
            self._committed()
            self.watcher.notice()
        mine = self._mine(release.holder)
        if self.setting.released_by_epoch:
            mine = [n for n in mine if n in release.leaving and self._is_left(n, release)]
        return frozenset(mine).intersection(release.leaving)

    def _is_left(self, lease: int, release: Release) -> bool:
        return self.leases[lease].epoch == release.leaving[lease].epoch

    # Trading: as in `bot.ledger.scripts`.

    def _write(self, write: Write, stall: float) -> Transaction:
        """Write under an epoch, or not."""
        match write:
            case CommitIntent(order):
                shard, holder, epoch = order.shard, order.holder, order.epoch
            case Record(order, holder, epoch) | Recall(order, holder, epoch):
                shard = order.shard
            case Close(signal, _, _, holder, epoch):
                shard = signal.shard
        snapshot = self.leases[shard]
        late = self.random.random() < 0.5
        yield self._moment() + (0.0 if late else stall)
        if self.setting.row_locked:
            yield Lock(shard, Mode.WRITE)
        row = self.leases[shard] if self.setting.read_committed else snapshot
        rules = self.setting.rules
        may_write = rules.may_write(row, holder, epoch) and self._in_life()
        yield self._moment() + (stall if late else 0.0)
        if not may_write or not self._apply(write):
            return False
        self._committed()
        return True

    def _in_life(self) -> bool:
        setting = self.setting
        return not setting.life_checked or setting.rules.in_life(self.known, self.life)

    def _apply(self, write: Write) -> bool:
        match write:
            case CommitIntent(order):
                signal = self.inbox.get(order.signal)
                if order.order_id in self.orders or signal is None or signal.fate:
                    return False
                self.orders[order.order_id] = order
            case Record(order) | Recall(order):
                open_to = UNRESOLVED | {State.LOST} if isinstance(write, Recall) else UNRESOLVED
                known = self.orders.get(order.order_id)
                if known is None or known.state in open_to:
                    self.orders[order.order_id] = order
                    if fate := FATE_OF.get(order.state):
                        self._close(order.signal, fate)
            case Close(signal, attempts, fate):
                made = sum(1 for order in self.orders.values() if order.signal == signal.signal)
                if self.setting.attempts_counted and made != attempts:
                    return False
                self._close(signal.signal, fate)
        return True

    def _close(self, signal: str, fate: Fate) -> None:
        if row := self.inbox.get(signal):
            self.inbox[signal] = replace(row, fate=row.fate or fate)

    def _work(self, shard: int) -> Work:
        orders = [order for order in self.orders.values() if order.shard == shard]
        unresolved = tuple(order for order in orders if order.state in UNRESOLVED)
        signals = (s for s in self.inbox.values() if s.shard == shard and s.fate is None)
        signal = next(signals, None)
        attempts = sum(1 for order in orders if signal and order.signal == signal.signal)
        return Work(
            unresolved,
            signal,
            attempts,
            self.clock(),
            LONG_AGO if self.known.recovered_at is None else self.known.recovered_at,
        )


@cache
def _assigned(
    rules: Rules, intent: Intent, members: frozenset[Member], claimant: Claimant
) -> frozenset[int]:
    """Ask the rules once: they are pure, and hash 101 leases for each member."""
    return rules.assigned(intent, members, claimant)
