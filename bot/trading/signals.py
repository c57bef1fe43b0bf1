"""A signal: what someone wants traded, and the one fate that it ends in."""

from dataclasses import dataclass
from enum import StrEnum

from bot.contract.shards import shard_of
from bot.trading.orders import Terms


class Fate(StrEnum):
    """What became of a signal. Exactly one, once."""

    EXECUTED = "executed"
    """The venue took its order; how much was filled, the order says."""
    REFUSED = "refused"
    """By a limit, a switch or the venue; the reason says which."""
    EXPIRED = "expired"
    """Older than its `max_age_seconds` before it could be sent: stale prices are not traded."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal as it was asked for. Same id, same content: the same signal."""

    signal_id: str
    """Of its sender's making: 1 to 64 of `A-Za-z0-9_.:-`."""
    terms: Terms
    max_age_seconds: float
    """From its arrival in the inbox, by the database's clock."""
    source: str
    """Who sent it: the name of the credential, or `strategy`."""

    @property
    def shard(self) -> int:
        """Of its symbol."""
        return shard_of(self.terms.symbol)
