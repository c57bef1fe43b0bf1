"""Who writes, what the account holds, what became of an intent: the ledger's values."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.trading.differences import Difference
from bot.trading.orders import State, Terms
from bot.trading.positions import Position


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, under which epoch of which lease. No write of trading commits without it."""

    holder: str
    epoch: int
    lease: int


@dataclass(frozen=True, slots=True)
class LiveOrder:
    """An order that may still fill."""

    order_id: str
    terms: Terms
    state: State
    filled_quantity: Decimal
    """Base currency."""
    reserved_quote: Decimal


@dataclass(frozen=True, slots=True)
class Facts:
    """What the account holds, read in the transaction that an intent commits in."""

    positions: dict[str, Position]
    live_orders: tuple[LiveOrder, ...]
    realized_today_quote: Decimal
    orders_last_minute: int


@dataclass(frozen=True, slots=True)
class Approved:
    """Write this intent."""

    terms: Terms
    """On the market's grids."""
    reserved_quote: Decimal


@dataclass(frozen=True, slots=True)
class Refused:
    """End the signal instead."""

    reason: str


class NotWritten(StrEnum):
    """Why neither was written; the signal stays as it is."""

    LEASE = "the lease is not held any more"
    KNOWN = "the order is known, or its signal has its fate"
    LATER = "it cannot be judged now"


Approval = Approved | Refused | None
"""None: not now; no price is fresh enough to judge by."""
IntentOutcome = Approved | Refused | NotWritten
IntentCheck = Callable[[Facts], Approval]


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """Whether new risk is refused by the account itself."""

    reason: str | None
    acknowledged_by: str | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """A difference that lasts, as the ledger keeps it for a person."""

    difference: Difference
    found_at: float
    """Seconds since 1970 by the database's clock."""
