"""The words of an order: what is asked, and what has become of it."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from testbed.venue.amounts import ZERO


class Side(StrEnum):
    """Buy or sell base currency."""

    BUY = "BUY"
    SELL = "SELL"


class Type(StrEnum):
    """The kinds that this venue takes."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"


class Lifetime(StrEnum):
    """Until cancelled; what fills at once; all at once or nothing."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class Status(StrEnum):
    """Binance's spelling, one L included."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


OPEN = frozenset({Status.NEW, Status.PARTIALLY_FILLED})


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for an order, well-formed but not judged.

    Exactly one of `quantity` (base) and `budget` (quote, MARKET only) is set; `price` with the
    limit types only.
    """

    symbol: str
    side: Side
    type: Type
    client_id: str
    quantity: Decimal | None = None
    budget: Decimal | None = None
    price: Decimal | None = None
    lifetime: Lifetime = Lifetime.GTC


@dataclass(slots=True)
class Trade:
    """One fill."""

    trade_id: int
    order_id: int
    at_ms: int
    price: Decimal
    quantity: Decimal
    commission: Decimal
    commission_asset: str
    maker: bool


@dataclass(slots=True)
class Order:
    """An accepted order. Only the fold of events changes it."""

    order_id: int
    client_id: str
    symbol: str
    side: Side
    type: Type
    lifetime: Lifetime
    quantity: Decimal
    budget: Decimal
    price: Decimal
    received_ms: int
    updated_ms: int
    status: Status = Status.NEW
    executed: Decimal = ZERO
    spent: Decimal = ZERO
    cancel_id: str = ""
    trades: list[Trade] = field(default_factory=list[Trade])

    @property
    def left(self) -> Decimal:
        """What is not executed yet."""
        return self.quantity - self.executed

    @property
    def rests(self) -> bool:
        """Whether it may wait in the book, for which its funds are locked."""
        return self.type is not Type.MARKET
