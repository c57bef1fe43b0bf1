"""What must never be seen, looked for at each order that the venue accepts and at the end."""

from collections import Counter
from dataclasses import dataclass, field

from bot.authority.lease import Claim, Claimant, Claimed
from bot.authority.orders import Order
from bot.contract.intent import Intent
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
    """By shard."""
    _executed: set[str] = field(default_factory=set[str])
    _shown: dict[str, int] = field(default_factory=dict[str, int])
    """The newest intent by which anything was granted, of each source."""
    _may: list[str] = field(default_factory=lambda: ["one"])
    """Whose intents may rule, in the order in which they were allowed to."""

    def adopted(self, source: str, _now: float) -> None:
        """Note that a person let another cluster's intent rule."""
        self._may.append(source)

    def claimed(self, claimant: Claimant, intent: Intent, claimed: Claimed) -> None:
        """Look at a claim that was granted."""
        newest, lease = self._shown.get(claimant.source, 0), claimed.row.lease
        if claimant.generation < newest:
            self.say(f"{claimant.holder} may trade by intent {claimant.generation} < {newest}")
        if claimant.source not in self._may:
            self.say(f"{claimant.holder} may trade by the intent of {claimant.source}")
        elif claimant.source != self._may[0] and len(self._may) > 1:
            del self._may[0]  # it has taken over: the other one may not come back
        if claimed.claim is Claim.TAKEN and intent.color_of(lease) is not claimant.color:
            self.say(f"{claimant.holder} took {lease}, which {intent} does not give it")
        self._shown[claimant.source] = max(newest, claimant.generation)

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
        if order.signal in self._executed:
            self.say(f"{order.signal} was executed twice, now as {order.order_id}")
        self._last[order.shard] = order
        self._executed.add(order.signal)

    def at_the_end(self, database: Database, venue: Venue) -> None:
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

    def say(self, text: str) -> None:
        """Note the first thing that is wrong."""
        if self.violation is None:
            self.violation = text
            self.kernel.say("VIOLATION", text)
