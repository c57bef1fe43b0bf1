"""A venue with request expiry, as Binance words it, and the record that is the oracle of each run.

A request is refused when its stamp is more than the tolerance ahead or older than its window, as
they are *when it arrives*. What was accepted shows later: by its id in one moment, in the lists in
another one, and only one of the two is in time. A copy of what it has taken it knows, also when
that comes too late: a venue that does not needs clients, and a way to it, that repeat nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from bot.authority.orders import Order
from bot.authority.protocol import Ask, AskLists, Reply
from tests.model.kernel import Kernel
from tests.model.messages import AskOrders, AskTime, Request

TOLERANCE_SECONDS = 1.0
SHOWN_AFTER_MAX_SECONDS = 0.9
LATE_MAX_SECONDS = 8.0
"""How much later than it should one of the two answers may be."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an order, and from when on which answers show it."""

    reply: Reply
    by_id_at: float
    listed_at: float


@dataclass(slots=True)
class Venue:
    """Its clock is true time."""

    kernel: Kernel
    random: Random
    window: float
    rejects: float
    """Share of orders that it rejects for good."""
    on_accepted: Callable[[Order], None]
    lag: float = 0.0
    """By how much what it accepted shows later than at its quickest."""
    accepted: list[Order] = field(default_factory=list[Order])
    _known: dict[str, Taken] = field(default_factory=dict[str, Taken])
    """By client order id."""
    _taken: set[tuple[str, float]] = field(default_factory=set[tuple[str, float]])
    """Requests, by client order id and stamp: the network may bring one twice."""

    def handle(
        self, request: Request, answer: Callable[[Reply | float | tuple[Order, ...]], None]
    ) -> None:
        if isinstance(request, AskTime):
            answer(self.kernel.now)
        elif isinstance(request, AskOrders):
            shown = (o for o in self.accepted if self._listed(o.order_id) is not Reply.ABSENT)
            answer(tuple(shown))
        elif isinstance(request, Ask):
            answer(self._shown(request.order.order_id))
        elif isinstance(request, AskLists):
            answer(self._listed(request.order.order_id))
        else:
            answer(self._take(request.order))

    def _shown(self, order_id: str) -> Reply:
        taken = self._known.get(order_id)
        return taken.reply if taken and self.kernel.now >= taken.by_id_at else Reply.ABSENT

    def _listed(self, order_id: str) -> Reply:
        taken = self._known.get(order_id)
        return taken.reply if taken and self.kernel.now >= taken.listed_at else Reply.ABSENT

    def _take(self, order: Order) -> Reply:
        age = self.kernel.now - order.stamp
        # An id is unique among open orders only, and ours fill at once: but one request is one.
        request = order.order_id, order.stamp
        known = request in self._taken
        if known or age > self.window or age < -TOLERANCE_SECONDS:
            reply = Reply.KNOWN if known else Reply.NOT_TAKEN
            self.kernel.say("venue", f"{reply}: {order.order_id} (age {age:.3f})")
            return reply
        self._taken.add(request)
        rejected = self.random.random() < self.rejects
        reply = Reply.REJECTED if rejected else Reply.FILLED
        self._known[order.order_id] = Taken(reply, *self._moments())
        self.kernel.say("venue", f"{reply} {order.order_id} of {order.holder}, epoch {order.epoch}")
        if not rejected:
            self.accepted.append(order)
            self.on_accepted(order)
        return reply

    def _moments(self) -> tuple[float, float]:
        """Return from when on it shows by its id, and in the lists."""
        quickest = SHOWN_AFTER_MAX_SECONDS * self.random.random()
        in_time = self.kernel.now + self.lag + quickest
        if not self.lag:
            return in_time, in_time
        late = in_time + LATE_MAX_SECONDS * self.random.random()
        return (in_time, late) if self.random.random() < 0.5 else (late, in_time)
