"""What is asked of a venue and what it says became of it. Amounts are Decimal, never float."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Side(StrEnum):
    """Which way an order goes."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1


class Lifetime(StrEnum):
    """How long a limit order may rest; a market order never does."""

    GOOD_TILL_CANCELLED = "gtc"
    IMMEDIATE_OR_CANCEL = "ioc"


@dataclass(frozen=True, slots=True)
class Terms:
    """What one order asks for. On the market's grids by the time it is sent."""

    symbol: str
    """Canonical, `BASE/QUOTE`."""
    side: Side
    quantity: Decimal
    """Base currency, greater than zero."""
    limit_price: Decimal | None = None
    """Quote currency per base; None is a market order."""
    lifetime: Lifetime = Lifetime.GOOD_TILL_CANCELLED
    reduce_only: bool = False
    """May only bring a position nearer to zero."""


class State(StrEnum):
    """Of one order in the ledger."""

    INTENT = "intent"
    """Committed; whether it was sent, nobody knows."""
    UNKNOWN = "unknown"
    """Sent, and no answer that ends the question. Counts as filled for risk."""
    ACKED = "acked"
    """Rests at the venue, nothing filled."""
    PARTIALLY_FILLED = "partially_filled"
    """Rests at the venue, some of it filled."""
    FILLED = "filled"
    CANCELLED = "cancelled"
    """Ended with less than its quantity filled, maybe nothing."""
    REJECTED = "rejected"
    LOST = "lost"
    """Time passed and the venue has it neither by its id nor in its lists: it never was."""


UNRESOLVED = frozenset({State.INTENT, State.UNKNOWN})
"""The venue must be asked before anything new is decided."""
RESTING = frozenset({State.ACKED, State.PARTIALLY_FILLED})
LIVE = UNRESOLVED | RESTING
"""May still fill; counts against the limits."""


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade of one order, as the venue tells it."""

    trade_id: str
    """Unique per symbol at the venue."""
    order_id: str
    """The client order id."""
    symbol: str
    side: Side
    quantity: Decimal
    """Base currency."""
    price: Decimal
    """Quote currency per base."""
    at_us: int
    """Venue time, microseconds since 1970."""
    fee: Decimal = ZERO
    fee_currency: str = ""

    @property
    def signed_quantity(self) -> Decimal:
        """Positive for a buy."""
        return self.quantity * self.side.sign

    @property
    def key(self) -> tuple[int, int, str]:
        """The order in which fills are folded: by venue time, then trade id (numbers first)."""
        number = int(self.trade_id) if self.trade_id.isdecimal() else 0
        return (self.at_us, number, self.trade_id)


@dataclass(frozen=True, slots=True)
class Report:
    """What the venue says about one order that it has."""

    order_id: str
    """The client order id."""
    symbol: str
    state: State
    """One of ACKED, PARTIALLY_FILLED, FILLED, CANCELLED, REJECTED."""
    venue_order_id: str = ""
    filled_quantity: Decimal = ZERO
    fills: tuple[Fill, ...] = ()
    """Those that came with the answer; maybe not all of them, maybe again."""
    reason: str = ""
    """In the venue's words, when it refused or ended the order."""
    terms: Terms | None = None
    """What it asks for, where the venue was asked for orders that may be anybody's."""
    at_us: int = 0
    """Venue time when it was taken, microseconds; 0: not told."""
