"""A venue with request expiry, as Binance words it, and the record that is the oracle of each run.

A request is refused when its stamp is more than the tolerance ahead or older than its window, as
they are *when it arrives*. What was accepted shows in answers about it a little later.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from bot.authority.orders import Order
from bot.authority.protocol import Ask, Reply
from tests.model.kernel import Kernel
from tests.model.messages import AskOrders, AskTime, Request

TOLERANCE_SECONDS = 1.0
SHOWN_AFTER_MAX_SECONDS = 0.9


@dataclass(slots=True)
class Venue:
    """Its clock is true time."""

    kernel: Kernel
    random: Random
    window: float
    rejects: float
    """Share of orders that it rejects for good."""
    on_accepted: Callable[[Order], None]
    accepted: list[Order] = field(default_factory=list[Order])
    _known: dict[str, tuple[Reply, float]] = field(default_factory=dict[str, tuple[Reply, float]])
    """By client order id: what became of it, and from when on it shows."""
    _taken: set[tuple[str, float]] = field(default_factory=set[tuple[str, float]])
    """Requests, by client order id and stamp: the network may bring one twice."""

    def handle(
        self, request: Request, answer: Callable[[Reply | float | tuple[Order, ...]], None]
    ) -> None:
        if isinstance(request, AskTime):
            answer(self.kernel.now)
        elif isinstance(request, AskOrders):
            shown = (o for o in self.accepted if self._shown(o.order_id) is not Reply.ABSENT)
            answer(tuple(shown))
        elif isinstance(request, Ask):
            answer(self._shown(request.order.order_id))
        else:
            answer(self._take(request.order))

    def _shown(self, order_id: str) -> Reply:
        reply, shown_at = self._known.get(order_id, (Reply.ABSENT, 0.0))
        return reply if self.kernel.now >= shown_at else Reply.ABSENT

    def _take(self, order: Order) -> Reply:
        age = self.kernel.now - order.stamp
        # An id is unique among open orders only, and ours fill at once: but one request is one.
        request = order.order_id, order.stamp
        if age > self.window or age < -TOLERANCE_SECONDS or request in self._taken:
            self.kernel.say("venue", f"does not take {order.order_id} (age {age:.3f})")
            return Reply.NOT_TAKEN
        self._taken.add(request)
        rejected = self.random.random() < self.rejects
        shown_at = self.kernel.now + SHOWN_AFTER_MAX_SECONDS * self.random.random()
        reply = Reply.REJECTED if rejected else Reply.FILLED
        self._known[order.order_id] = (reply, shown_at)
        self.kernel.say("venue", f"{reply} {order.order_id} of {order.holder}, epoch {order.epoch}")
        if not rejected:
            self.accepted.append(order)
            self.on_accepted(order)
        return reply
