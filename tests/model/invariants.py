"""What must never be seen, looked for at each order that the venue accepts and at the end."""

from collections import Counter
from dataclasses import dataclass, field

from bot.authority.lease import Claim, Claimed, Shown
from bot.authority.orders import Order
from bot.trading.orders import UNRESOLVED, State
from bot.trading.signals import Fate
from tests.model.database import Database
from tests.model.kernel import Kernel
from tests.model.messages import Keep
from tests.model.venue import Venue


@dataclass(slots=True)
class Monitor:
    """The first thing that went wrong."""

    kernel: Kernel
    ruling: str
    """Whose intent may grant leases."""
    violation: str | None = None
    _heirs: dict[str, str] = field(default_factory=dict[str, str])
    """By whose intent rules: who was allowed to take over from it."""
    _shown: int = 0
    """The newest generation of the ruling intent that was admitted."""
    _last: dict[int, Order] = field(default_factory=dict[int, Order])
    """By shard."""
    _executed: set[str] = field(default_factory=set[str])
    _arrived: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """By signal: its places in the order of arrival, the first and the last."""
    _arrivals: int = 0
    _forgotten: int = 0
    """Of which this many may have lost a fate, and be executed after later ones."""
    _too_old_at: dict[str, float] = field(default_factory=dict[str, float])
    """By signal: true time after which it must not be executed any more."""

    def adopted(self, source: str, of: str) -> None:
        """Note that a person let one cluster's intent take over from another's."""
        self._heirs[of] = source

    def posted(self, signal: str, max_age_seconds: float) -> None:
        """Note a signal that was stored now: again, when the ledger has forgotten it."""
        self._arrivals += 1
        first, _ = self._arrived.get(signal, (self._arrivals, 0))
        self._arrived[signal] = first, self._arrivals
        self._too_old_at[signal] = self.kernel.now + max_age_seconds

    def stepped_back(self, shown: Shown) -> None:
        """Note that the ledger lost commits; `shown`: the newest intent that it still knows."""
        self.ruling, self._shown = shown.source, shown.generation
        self._forgotten = self._arrivals

    def stepped(self, seconds: float) -> None:
        """Allow for the clock that ages are counted by: nobody can see that it went back."""
        for signal in self._too_old_at:
            self._too_old_at[signal] += max(0.0, -seconds)

    def kept(self, keep: Keep, granted: list[Claimed]) -> None:
        """Look at what an admitted claimant was granted: by which intent, and for which color."""
        claimant = keep.claimant
        if claimant.source != self.ruling and self._heirs.get(self.ruling) == claimant.source:
            self.ruling, self._shown = claimant.source, claimant.generation
        if claimant.source != self.ruling and granted:
            self.say(f"{claimant.holder} holds by the intent of {claimant.source}")
        if claimant.generation < self._shown and granted:
            self.say(f"{claimant.holder} holds by intent {claimant.generation} < {self._shown}")
        self._shown = max(self._shown, claimant.generation)
        for claimed in granted:
            lease = claimed.row.lease
            of = keep.intent.color_of(lease) if keep.intent else None
            if claimed.claim is Claim.TAKEN and of is not claimant.color:
                self.say(f"{claimant.holder} took {lease}, which is for {of}")

    def accepted(self, order: Order) -> None:
        """Look at an order that the venue has just accepted."""
        last = self._last.get(order.shard)
        if last and order.epoch < last.epoch:
            self.say(
                f"{order.order_id} of {order.holder} (epoch {order.epoch}) was accepted after"
                f" {last.order_id} of {last.holder} (epoch {last.epoch})"
            )
        if last and order.epoch == last.epoch and order.holder != last.holder:
            self.say(f"{order.holder} and {last.holder} both traded in epoch {order.epoch}")
        _, arrived = self._arrived[order.signal]
        if last and self._forgotten < arrived < self._arrived[last.signal][0]:
            self.say(f"{order.signal} was executed after {last.signal}, which came later")
        if order.signal in self._executed:
            self.say(f"{order.signal} was executed twice, now as {order.order_id}")
        if (late := self.kernel.now - self._too_old_at[order.signal]) > 0:
            self.say(f"{order.order_id} was executed {late:.3f} s after its max_age_seconds")
        self._last[order.shard] = order
        self._executed.add(order.signal)

    def at_the_end(self, database: Database, venue: Venue, holders: dict[int, str]) -> None:
        """Look at what is left when faults have stopped and time has passed."""
        filled = {o.order_id for o in database.orders.values() if o.state is State.FILLED}
        record = {order.order_id for order in venue.accepted}
        executed = Counter(order.signal for order in venue.accepted)
        for order_id in sorted(filled ^ record):
            where = "the venue's record" if order_id in record else "the ledger"
            self.say(f"{order_id} is filled only in {where}")
        for order in database.orders.values():
            if order.state in UNRESOLVED:
                self.say(f"{order.order_id} was never settled: {order.state}")
        for signal, row in database.inbox.items():
            if row.fate is None:
                self.say(f"{signal} has no fate")
            if (row.fate is Fate.EXECUTED) != (executed[signal] == 1):
                self.say(f"{signal} is {row.fate}, executed {executed[signal]} times")
        for signal in executed.keys() - database.inbox.keys():
            self.say(f"{signal} was executed, which the ledger has forgotten")
        for lease, holder in holders.items():
            if database.leases[lease].holder != holder:
                self.say(f"{lease} is not held by {holder}: {database.leases[lease]}")

    def say(self, text: str) -> None:
        """Note the first thing that is wrong, and end the run."""
        if self.violation is None:
            self.violation = text
            self.kernel.say("VIOLATION", text)
            self.kernel.stopped = True
