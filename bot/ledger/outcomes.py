"""Who writes, what the account holds, what became of an intent: the ledger's values."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.authority.lives import Life
from bot.contract.ledger import ledger_name
from bot.trading.differences import Difference
from bot.trading.orders import Fill, Report, State, Terms
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
class LifeOf:
    """Which ledger this is, what it says of its lives, and what its server says."""

    ledger: str
    """Made once; a copy has the same."""
    known: Life
    seen: str
    now: float
    """The database's clock."""

    @property
    def name(self) -> str:
        """Return the name of this ledger on this server."""
        return ledger_name(self.ledger, self.seen)


@dataclass(frozen=True, slots=True)
class Imported:
    """An order of ours that the venue has, as it is written into a ledger that forgot it."""

    signal: str
    attempt: int
    terms: Terms
    report: Report
    """With all its fills."""
    at: float
    """Venue time at which it was taken, seconds."""


@dataclass(frozen=True, slots=True)
class Incident:
    """An order that was called lost has been filled."""

    order_id: str
    attempt_after: str | None
    """The order that was sent because that one was called lost."""
    trade_id: str

    @property
    def reason(self) -> str:
        """Say it to people; it is why the account is read-only."""
        after = f"; the attempt after it is {self.attempt_after}" if self.attempt_after else ""
        return (
            f"order {self.order_id} was called lost, and was filled (trade {self.trade_id}){after}"
        )


@dataclass(frozen=True, slots=True)
class Written:
    """What a transaction with fills did."""

    foreign: tuple[Fill, ...] = ()
    """Those of orders that are not here, of which nothing was written."""
    incidents: tuple[Incident, ...] = ()


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
