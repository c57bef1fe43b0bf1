"""What the ledger keeps of signals and orders, as far as authority depends on it."""

from dataclasses import dataclass

from bot.trading.orders import State, Terms
from bot.trading.signals import Fate

FATE_OF = {
    State.ACKED: Fate.EXECUTED,
    State.PARTIALLY_FILLED: Fate.EXECUTED,
    State.FILLED: Fate.EXECUTED,
    State.CANCELLED: Fate.EXECUTED,
    State.REJECTED: Fate.REFUSED,
}
"""What the venue took or refused ends its signal; a lost order leaves it to the next attempt."""


@dataclass(frozen=True, slots=True)
class Order:
    """One attempt at one signal."""

    order_id: str
    """The client order id. Derived, so that anyone who reads the row can ask the venue."""
    signal: str
    attempt: int
    shard: int
    epoch: int
    holder: str
    stamp: float
    """Venue time. In the row before the request exists, so that anyone can tell when it is dead."""
    dead_after: float
    """Venue time from which on, and a margin, the venue shows the order if it ever took it.

    Lowered to the end of its window when the venue refused it: then nothing is to be shown. A
    version that knows nothing of the lag reads the row and waits as long.
    """
    state: State = State.INTENT
    terms: Terms | None = None
    """What it asks for; these rules do not look at it (nor does the model, which has none)."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What the inbox keeps, as far as authority depends on it."""

    signal: str
    shard: int
    received_at: float
    """By the database's clock."""
    max_age_seconds: float
    fate: Fate | None = None
    terms: Terms | None = None
    """As for an order."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done in one shard, in one read of the ledger."""

    unresolved: tuple[Order, ...]
    """Of this shard, in order of decision, no matter who decided them."""
    signal: Signal | None
    """The oldest without a fate."""
    attempts: int
    """How many orders that signal has had."""
    now: float
    """The database's clock at the read."""
    recovered_at: float = 0.0
    """When this life of the ledger had been compared with the venue, by the database's clock."""
