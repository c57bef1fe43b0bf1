"""What happened here, in the order in which it happened. The state is a fold of these.

Amounts are texts in JSON. Times are the venue's, in milliseconds since 1970.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from testbed.venue.orders import Lifetime, Side, Status, Type


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Opened(_Event):
    """The account's first balances; the first event of every record."""

    kind: Literal["opened"] = "opened"
    at_ms: int
    seed: int
    balances: dict[str, Decimal]


class Reset(_Event):
    """Everything was forgotten, as testnets do each month: orders, trades, their numbers."""

    kind: Literal["reset"] = "reset"
    at_ms: int
    balances: dict[str, Decimal]


class Accepted(_Event):
    """An order was taken. `sent_ms` and `window_ms` are the client's timestamp and recvWindow."""

    kind: Literal["accepted"] = "accepted"
    received_ms: int
    sent_ms: int
    window_ms: int
    api_key: str
    order_id: int
    client_id: str
    symbol: str
    side: Side
    type: Type
    lifetime: Lifetime
    quantity: Decimal
    budget: Decimal
    price: Decimal


class Filled(_Event):
    """A part, or all, of an order was traded. The commission is in what was received."""

    kind: Literal["filled"] = "filled"
    at_ms: int
    order_id: int
    trade_id: int
    price: Decimal
    quantity: Decimal
    commission: Decimal
    commission_asset: str
    maker: bool


class Ended(_Event):
    """What was left of an order will never trade."""

    kind: Literal["ended"] = "ended"
    at_ms: int
    order_id: int
    status: Literal[Status.CANCELED, Status.EXPIRED]
    cancel_id: str = ""


class Refused(_Event):
    """An authentic request about an order was not done. Evidence only: it changes no state."""

    kind: Literal["refused"] = "refused"
    at_ms: int
    sent_ms: int
    api_key: str
    method: str
    client_id: str
    code: int
    message: str


Event = Annotated[Opened | Reset | Accepted | Filled | Ended | Refused, Field(discriminator="kind")]
BATCH: TypeAdapter[list[Event]] = TypeAdapter(list[Event])
"""What one request, or one step of the market, did: written and read as a whole."""
EVENT: TypeAdapter[Event] = TypeAdapter(Event)
