"""One request on its way to its endpoint, and what an endpoint is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from testbed.venue.book import Rung
from testbed.venue.connections import Connections
from testbed.venue.exchange import Exchange, Sender
from testbed.venue.faults import Faults
from testbed.venue.limits import Limits
from testbed.venue.markets import Market
from testbed.venue.orders import Side
from testbed.venue.params import Params
from testbed.venue.refusals import missing
from testbed.venue.state import State


@dataclass(slots=True)
class Venue:
    """Everything behind the HTTP surface."""

    exchange: Exchange
    limits: Limits
    secrets: Mapping[str, str]
    """By API key. All keys trade the same account; the record tells which one did."""
    clock: Callable[[], int]
    """The true time in milliseconds."""
    clock_offset_ms: int = 0
    """How wrong the venue's clock is."""
    faults: Faults = field(default_factory=Faults)
    connections: Connections = field(default_factory=Connections)

    def now_ms(self) -> int:
        """Return the time by the venue's clock."""
        return self.clock() + self.clock_offset_ms


@dataclass(frozen=True, slots=True)
class Call:
    """An admitted request."""

    venue: Venue
    params: Params
    now_ms: int
    sender: Sender
    lag_ms: int = 0
    """How old the truth is that a question is answered with."""

    @property
    def exchange(self) -> Exchange:
        """Where things are decided."""
        return self.venue.exchange

    def shown(self) -> State:
        """Return what questions are answered from; the market has caught up."""
        self.exchange.advance(self.now_ms)
        if not self.lag_ms:
            return self.exchange.state
        return self.exchange.as_of(self.now_ms - self.lag_ms)

    def market(self) -> Market:
        """Return the market that the request must name."""
        symbol = self.params.symbol()
        if symbol is None:
            raise missing("symbol")
        return self.exchange.market(symbol)

    def maybe_market(self) -> Market | None:
        """Return the market that the request may name."""
        return None if self.params.symbol() is None else self.market()

    def top(self, market: Market, taker: Side) -> Rung:
        """Return the first rung: the best bid for one who sells, the best ask for who buys."""
        return self.exchange.ladder(market, taker, self.now_ms)[0]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What answers one method and path."""

    answer: Callable[[Call], object]
    weight: int = 1
    weight_of_all: int | None = None
    """Without a symbol."""
    signed: bool = False
    of_order: bool = False
    """Places or cancels: refusals go on record."""
    counted: bool = False
    """Counts against the limits on orders."""

    def cost(self, params: Params) -> int:
        """Return the weight of a request."""
        if self.weight_of_all is None or params.peek("symbol"):
            return self.weight
        return self.weight_of_all
