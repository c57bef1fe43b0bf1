"""The protocol: what a holder may do next, and in which order. It does nothing itself.

`Rules.turn` yields what is to be done (an effect) and is sent what came of it; None means that no
answer came. The trading loop drives it with the database and the venue, the model with simulated
ones, so that what is proven is what runs. Each method is one rule of "why no two trade"; the model
replaces them one by one and finds what breaks.
"""

from collections.abc import Collection, Generator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from bot.authority import allocation, lease, lives
from bot.authority.allocation import Member
from bot.authority.client_ids import (
    ATTEMPT_DIGITS_MAX,
    client_order_id,
    parse_client_order_id,
)
from bot.authority.lease import Admitted, Claimant, Claimed, LeaseRow, Shown
from bot.authority.lives import Life
from bot.authority.orders import Order, Signal, Work
from bot.authority.timings import DEFAULTS, Timings
from bot.authority.window import Held, Permit, VenueTime
from bot.contract.environment import ORDER_MARK_DEFAULT
from bot.contract.intent import Intent
from bot.trading.orders import State
from bot.trading.signals import Fate

ATTEMPTS_MAX = 5
ASK_AGAIN_SHARE = 0.25
"""Of an unresolved order's age: the pause before the venue is asked about it again."""
ASK_AGAIN_SECONDS_MAX = 5.0
"""The longest one: who comes back after an outage need not wait long."""
EXPIRED = "older than its max_age_seconds before the venue could execute it"
TRIED = "every attempt was lost on the way to the venue"
if len(str(ATTEMPTS_MAX)) > ATTEMPT_DIGITS_MAX:
    raise AssertionError("the number of the last attempt must fit into a client order id")


class Reply(StrEnum):
    """What the venue says about one client order id."""

    ACKED = "acked"
    PARTIALLY_FILLED = "partially filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    NOT_TAKEN = "not taken"
    """Refused for now: too old, too new, too many. Nothing was done."""
    KNOWN = "known"
    """Not taken because the venue has one with this id: an earlier copy of the request."""
    ABSENT = "absent"


SHOWN = {
    Reply.ACKED: State.ACKED,
    Reply.PARTIALLY_FILLED: State.PARTIALLY_FILLED,
    Reply.FILLED: State.FILLED,
    Reply.CANCELLED: State.CANCELLED,
    Reply.REJECTED: State.REJECTED,
}
"""Replies that end the question whether the venue has the order."""


@dataclass(frozen=True, slots=True)
class ReadWork:
    """Read the ledger's rows of a shard, as its holder under this epoch. Answer: Work."""

    shard: int
    epoch: int


@dataclass(frozen=True, slots=True)
class CommitIntent:
    """Insert the order under its epoch, the lease row locked. Answer: whether it committed.

    A limit that forbids it ends the signal in the same transaction instead; the answer is then no.
    """

    order: Order


@dataclass(frozen=True, slots=True)
class Send:
    """Send the order with its stamp. Once: no client may repeat it. Answer: Reply."""

    order: Order


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the venue about the order, by its client id. Answer: Reply."""

    order: Order


@dataclass(frozen=True, slots=True)
class AskLists:
    """Look for the order in the venue's lists of orders and of trades. Answer: Reply."""

    order: Order


@dataclass(frozen=True, slots=True)
class Record:
    """Write what became of the order, and its signal's fate if this ends it.

    Under the writer's epoch, the lease row locked. Answer: whether it committed.
    """

    order: Order
    holder: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Recall:
    """Write an order that the venue has and the ledger had forgotten. As Record."""

    order: Order
    holder: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Close:
    """Write the fate of a signal that has no unresolved order. As Record.

    Only if it still has as many attempts: nobody knows when a write without an answer happens.
    """

    signal: Signal
    attempts: int
    fate: Fate
    holder: str
    epoch: int
    reason: str


Effect = ReadWork | CommitIntent | Send | Ask | AskLists | Record | Recall | Close
Answer = Work | Reply | bool | None
Turn = Generator[Effect, Answer, None]
Question = Generator[Effect, Answer, Reply | None]


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A request that was signed and may still have an effect."""

    shard: int
    quiet_from: float
    """Boot time from which on it has its final effect, shown or not."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """How one lease is given up."""

    epoch: int
    quiet_seconds: float
    """Until what was signed under it is dead."""
    paused_seconds: float = 0.0
    """For how long nothing was decided any more."""
    mark: int | None = None
    """The newest order of the shard."""


class View(Protocol):
    """What a holder sees of itself, as it is when it is looked at."""

    holder: str
    outstanding: dict[str, Outstanding]
    """What was signed, by order id, until its end is recorded."""
    asked: dict[str, float]
    """When the venue was last asked about an order that is still unresolved: boot time, by id."""

    def boot(self) -> float:
        """Read the boot-time clock."""
        ...

    def held(self, shard: int) -> Held | None:
        """Return the lease of this shard; None when it may decide nothing (more)."""
        ...

    def venue_time(self) -> VenueTime | None:
        """Return the venue's clock; None when it was never asked."""
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules, one method each."""

    timings: Timings = DEFAULTS
    mark: str = ORDER_MARK_DEFAULT
    """Of the stack, in every client order id."""

    # Nothing is decided twice: in the database, with the lease row locked, READ COMMITTED.

    def is_named(self, claimant: Claimant, ledger: str) -> bool:
        """Let nobody hold anything in another ledger than the intent names."""
        return lives.is_named(claimant.ledger, ledger)

    def admit(self, shown: Shown, claimant: Claimant) -> Admitted:
        """Let nobody hold anything by an old or a foreign intent."""
        return lease.admit(shown, claimant)

    def assigned(
        self, intent: Intent, members: Collection[Member], claimant: Claimant
    ) -> frozenset[int]:
        """Return the leases that the claimant should hold."""
        return allocation.assigned(intent, members, claimant.holder)

    def claim(self, row: LeaseRow, claimant: Claimant, now: float) -> Claimed:
        """Take, renew or refuse."""
        return lease.claim(row, claimant, now, self.timings.lease_seconds)

    def may_write(self, row: LeaseRow, holder: str, epoch: int) -> bool:
        """Say whether a write may commit."""
        return lease.is_held(row, holder, epoch)

    def release(self, row: LeaseRow, holder: str, now: float, leaving: Leaving) -> LeaseRow:
        """Give up what is held; what is not held stays as it is."""
        if not lease.is_held(row, holder, leaving.epoch):
            return row
        paused_at = now - leaving.paused_seconds
        return lease.released(row, now, leaving.quiet_seconds, paused_at, leaving.mark)

    # Nothing is forgotten: a database may step back.

    def notice(self, known: Life, seen: str, now: float) -> Life:
        """Say what the ledger knows of its lives when its server names this one."""
        return lives.notice(known, seen, now)

    def raised(self, row: LeaseRow, now: float) -> LeaseRow:
        """Free a lease in a new life, under an epoch that was never used."""
        return lives.raised(row, now)

    def in_life(self, known: Life, seen: str) -> bool:
        """Say whether trading may write here: in the life that was compared with the venue."""
        return known.name == seen and known.recovered_at is not None

    def recovery_wait_seconds(self) -> float:
        """Return how long who recovers waits before it asks the venue for all orders."""
        return lives.wait_seconds(self.timings)

    def doubtful(self, work: Work, signal: Signal) -> bool:
        """Say whether this signal may have been executed in a life that is over."""
        return signal.received_at <= work.recovered_at + self.timings.doubt_seconds

    # Nothing is sent late: by the lease, as its holder counts it …

    def hold(self, epoch: int, asked: float, _answered: float) -> Held:
        """Count the lease from before it was asked for: the database counted from later on."""
        return Held(epoch, asked + self.timings.lease_seconds)

    def outlives(self, held: Held, boot: float) -> bool:
        """Say whether a request signed now is dead before the lease is."""
        return held.until - boot > self.timings.silence_seconds

    def quiet_seconds(self, outstanding: dict[str, Outstanding], shard: int, boot: float) -> float:
        """Return how long a released lease stays untaken: until what was signed is dead."""
        signed = (o.quiet_from - boot for o in outstanding.values() if o.shard == shard)
        return max([0.0, *signed])

    # … and by the row, on the venue's clock.

    def permit(self, held: Held, venue: VenueTime, boot: float) -> Permit | None:
        """Give leave to send one request, or not. One reading of the clock, for good."""
        if not self.outlives(held, boot):
            return None
        stamp = venue.at(boot)
        dead_after = self.window_end(stamp) + self.timings.venue_lag_seconds
        return Permit(stamp, dead_after, boot + self.timings.silence_seconds)

    def window_end(self, stamp: float) -> float:
        """Return the venue time from which on the venue refuses a request with this stamp."""
        return stamp + self.timings.venue_window_seconds

    def is_dead(self, order: Order, _epoch: int, venue_now: float) -> bool:
        """Say whether the venue refuses this request by now, and shows it if it did not.

        Of whichever epoch: a lease may end early, a window does not.
        """
        return venue_now > order.dead_after + self.timings.margin_seconds

    def dead_after(self, order: Order, reply: Reply | None) -> float:
        """Return from when on an order that was sent counts as dead, by what the venue answered.

        What it refused need not be waited for until it shows. "Known" is no refusal.
        """
        return self.window_end(order.stamp) if reply is Reply.NOT_TAKEN else order.dead_after

    # Nothing is executed too old.

    def too_late(self, signal: Signal, read_at: float, since_asked: float) -> bool:
        """Say whether the venue might execute a request signed now when the signal is too old.

        Args:
            signal: received by the database's clock.
            read_at: the database's clock when it was read.
            since_asked: boot-time seconds from before that read was asked for until the stamp.
        """
        age = read_at - signal.received_at + since_asked
        # Two clocks drift apart: the database's and the venue's, or the one that counts here.
        oldest = age * (1 + 2 * self.timings.drift_max) + self.timings.venue_window_seconds
        return oldest > signal.max_age_seconds

    # Nothing is sent twice.

    def order_id(self, signal: str, attempt: int) -> str:
        """Derive the client order id: the same for every process of the stack."""
        return client_order_id(self.mark, signal, attempt)

    def parse_order_id(self, order_id: str) -> tuple[str, int] | None:
        """Return the signal and the attempt of one of our client order ids; None: not ours."""
        return parse_client_order_id(order_id, self.mark)

    def after(self, reply: Reply | None, *, dead: bool) -> State:
        """Judge an order by what the venue said. `dead`: it was so before it was asked about."""
        if reply is not None and reply in SHOWN:
            return SHOWN[reply]
        return State.LOST if reply is Reply.ABSENT and dead else State.UNKNOWN

    def may_ask(self, order: Order, epoch: int, venue_now: float, passed: float | None) -> bool:
        """Say whether to ask now: less often the older the order is, and as soon as it is dead.

        A lag is long, and the venue bans who asks too often. `passed`: seconds since it was asked.
        """
        pause = min(ASK_AGAIN_SHARE * (venue_now - order.stamp), ASK_AGAIN_SECONDS_MAX)
        if passed is None or passed >= pause:
            return True
        was_dead = self.is_dead(order, epoch, venue_now - passed)
        return self.is_dead(order, epoch, venue_now) and not was_dead

    def ask(self, order: Order, *, dead: bool) -> Question:
        """Ask by the id; where that knows nothing for good, the lists must not know it either."""
        reply = yield Ask(order)
        if reply is Reply.ABSENT and dead:
            reply = yield AskLists(order)
        return reply if isinstance(reply, Reply) else None

    def turn(self, view: View, shard: int) -> Turn:
        """Do the next thing in a shard: settle one order, or try one signal, or close it."""
        held, venue = view.held(shard), view.venue_time()
        if held is None or venue is None:
            return
        asked = view.boot()
        work = yield ReadWork(shard, held.epoch)
        if not isinstance(work, Work):
            return
        signal = work.signal
        if first := self.unsettled(work):
            yield from self.settle(view, held, venue, first)
        elif signal and self.doubtful(work, signal):
            if (yield from self.is_unknown(view, held, signal)):
                yield from self.pursue(view, held, work, asked)
        else:
            yield from self.pursue(view, held, work, asked)

    def pursue(self, view: View, held: Held, work: Work, asked: float) -> Turn:
        """Try the signal, or close it. `asked`: boot time before the work was read."""
        venue, signal = view.venue_time(), work.signal
        if venue is None or signal is None:
            return
        # One reading: a signal's age is judged at the very moment that its request is stamped.
        boot = view.boot()
        if self.too_late(signal, work.now, boot - asked):
            yield Close(signal, work.attempts, Fate.EXPIRED, view.holder, held.epoch, EXPIRED)
        elif work.attempts >= ATTEMPTS_MAX:
            yield Close(signal, work.attempts, Fate.REFUSED, view.holder, held.epoch, TRIED)
        elif permit := self.permit(held, venue, boot):
            order = self.decide(view, held, permit, signal, work.attempts + 1)
            yield from self.attempt(view, held, order)

    def is_unknown(self, view: View, held: Held, signal: Signal) -> Generator[Effect, Answer, bool]:
        """Ask the venue for every attempt that there may have been; write the one that it has."""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            order = self.order_of(view, held, signal, attempt)
            # By its id: what the lists have is in the ledger, since they are compared all the time.
            reply = yield Ask(order)
            if not isinstance(reply, Reply):
                return False
            if reply in SHOWN:
                shown = replace(order, state=SHOWN[reply])
                yield Recall(shown, view.holder, held.epoch)
                return False
        return True

    def order_of(
        self, view: View, held: Held, signal: Signal, attempt: int, permit: Permit | None = None
    ) -> Order:
        """Make the order of one attempt; without a permit it is only asked about, not sent."""
        return Order(
            order_id=self.order_id(signal.signal, attempt),
            signal=signal.signal,
            attempt=attempt,
            shard=signal.shard,
            epoch=held.epoch,
            holder=view.holder,
            stamp=permit.stamp if permit else 0.0,
            dead_after=permit.dead_after if permit else 0.0,
            terms=signal.terms,
        )

    def unsettled(self, work: Work) -> Order | None:
        """Return the order to settle before anything new is decided, no matter who decided it."""
        return work.unresolved[0] if work.unresolved else None

    def settle(self, view: View, held: Held, venue: VenueTime, order: Order) -> Turn:
        """Ask the venue; silence and a request that may still arrive leave it as it is."""
        boot, asked = view.boot(), view.asked.get(order.order_id)
        venue_now = venue.at(boot)
        passed = None if asked is None else boot - asked
        if not self.may_ask(order, held.epoch, venue_now, passed):
            return
        view.asked[order.order_id] = boot
        dead = self.is_dead(order, held.epoch, venue_now)
        reply = yield from self.ask(order, dead=dead)
        state = self.after(reply, dead=dead)
        if state is not order.state:
            yield from self.record(view, held, replace(order, state=state))

    def decide(self, view: View, held: Held, permit: Permit, signal: Signal, attempt: int) -> Order:
        """Make the order of the signal's next attempt; it may be sent from now on."""
        order = self.order_of(view, held, signal, attempt, permit)
        view.outstanding[order.order_id] = Outstanding(order.shard, permit.quiet_from)
        return order

    def attempt(self, view: View, held: Held, order: Order) -> Turn:
        """Commit, send, record: in this order."""
        if (yield CommitIntent(order)) is not True:
            # Committed or not: it is not sent any more. The row, if there is one, ends as lost.
            view.outstanding.pop(order.order_id, None)
            return
        reply = yield Send(order)
        yield from self.conclude(view, held, order, reply)

    def conclude(self, view: View, held: Held, order: Order, reply: Answer) -> Turn:
        """Record what became of what was sent."""
        answer = reply if isinstance(reply, Reply) else None
        state, dead_after = self.after(answer, dead=False), self.dead_after(order, answer)
        yield from self.record(view, held, replace(order, state=state, dead_after=dead_after))

    def record(self, view: View, held: Held, order: Order) -> Turn:
        """Write it; what is not in the ledger the next holder must ask about, so it stays due."""
        recorded = yield Record(order, view.holder, held.epoch)
        if recorded is True and order.state is not State.UNKNOWN:
            view.outstanding.pop(order.order_id, None)
            view.asked.pop(order.order_id, None)
