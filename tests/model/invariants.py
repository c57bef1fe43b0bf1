"""What must never be seen, looked for at each order that the venue accepts and at the end."""

from collections import Counter
from dataclasses import dataclass, field

from bot.authority.lease import Claimant, Claimed, lease_of
from bot.authority.orders import Order
from bot.trading.orders import UNRESOLVED, State
from bot.trading.signals import Fate
from tests.model.database import Database
from tests.model.kernel import Kernel
from tests.model.venue import Venue


@dataclass(slots=True)
class Monitor:
    """The first thing that went wrong."""

    kernel: Kernel
    violation: str | None = None
    _last: dict[int, Order] = field(default_factory=dict[int, Order])
    """By lease: the epoch counts its changes of hands, so it may not fall in any of its shards."""
    _executed: set[str] = field(default_factory=set[str])
    _shown: dict[int, int] = field(default_factory=dict[int, int])
    """The newest intent that anyone has shown, by lease."""

    def claimed(self, claimant: Claimant, claimed: Claimed) -> None:
        """Look at a claim, granted or refused."""
        newest = self._shown.get(claimed.row.lease, 0)
        if claimed.granted and claimant.generation < newest:
            self._broken(f"{claimant.holder} may trade by intent {claimant.generation} < {newest}")
        self._shown[claimed.row.lease] = max(newest, claimant.generation)

    def accepted(self, order: Order) -> None:
        """Look at an order that the venue has just accepted."""
        last = self._last.get(lease_of(order.shard))
        if last and order.epoch < last.epoch:
            self._broken(
                f"{order.order_id} of {order.holder} (epoch {order.epoch}) was accepted after"
                f" {last.order_id} of {last.holder} (epoch {last.epoch})"
            )
        if last and order.epoch == last.epoch and order.holder != last.holder:
            self._broken(f"{order.holder} and {last.holder} both traded in epoch {order.epoch}")
        if order.signal in self._executed:
            self._broken(f"{order.signal} was executed twice, now as {order.order_id}")
        self._last[lease_of(order.shard)] = order
        self._executed.add(order.signal)

    def at_the_end(self, database: Database, venue: Venue) -> None:
        """Look at what is left when faults have stopped and time has passed."""
        filled = {o.order_id for o in database.orders.values() if o.state is State.FILLED}
        record = {order.order_id for order in venue.accepted}
        executed = Counter(order.signal for order in venue.accepted)
        for order_id in sorted(filled ^ record):
            where = "the venue's record" if order_id in record else "the ledger"
            self._broken(f"{order_id} is filled only in {where}")
        for order in database.orders.values():
            if order.state in UNRESOLVED:
                self._broken(f"{order.order_id} was never settled: {order.state}")
        for signal, row in database.inbox.items():
            if row.fate is None:
                self._broken(f"{signal} has no fate")
            if (row.fate is Fate.EXECUTED) != (executed[signal] == 1):
                self._broken(f"{signal} is {row.fate}, executed {executed[signal]} times")

    def _broken(self, text: str) -> None:
        if self.violation is None:
            self.violation = text
            self.kernel.say("VIOLATION", text)
