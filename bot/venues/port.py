"""What the trader needs of a venue. The caller sets time-outs and repeats nothing blindly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from bot.trading.markets import Market
from bot.trading.orders import Fill, Report, Terms


class VenueError(Exception):
    """The venue could not be asked, or did not answer: nothing is known. Text: what, and why."""


class NotTakenError(VenueError):
    """Refused for now: too old, too new, or too many requests. Nothing was done."""

    def __init__(self, text: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_seconds = retry_after_seconds
        """Set when the venue asked us to be quiet for so long."""


class KnownError(NotTakenError):
    """Not taken because the venue has an order with this id; whether it is this one, ask."""


class RejectedError(VenueError):
    """The venue looked at the order and refuses it for good: nothing was or will be executed."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Of one currency."""

    free: Decimal
    locked: Decimal
    """In open orders."""

    @property
    def total(self) -> Decimal:
        """What the account owns."""
        return self.free + self.locked


@dataclass(frozen=True, slots=True)
class Kept:
    """What the ledger keeps of an account."""

    totals: Mapping[str, Decimal]
    """By currency; empty before the first comparison with a venue."""
    fills: Sequence[Fill]
    """Of the orders below, and the newest others."""
    resting: Mapping[str, Terms]
    """By client order id."""


class Venue(Protocol):
    """An exchange. Every call raises VenueError when nothing is known.

    It refuses an order that arrives after the window of its stamp: without that nobody ever knows
    that an unanswered order is dead (docs/adr/0018).
    """

    name: str

    async def markets(self) -> Mapping[str, Market]:
        """Return the markets by canonical symbol."""
        ...

    async def prices(self) -> Mapping[str, Decimal]:
        """Return the last price of every symbol that is traded here, quote currency per base."""
        ...

    async def time(self) -> float:
        """Return the venue's clock, seconds since 1970, as it read it before it answered."""
        ...

    async def place(self, order_id: str, terms: Terms, stamp: float) -> Report:
        """Send the order once, signed with this venue time (seconds); never repeat it.

        Raises:
            RejectedError: refused for good.
            NotTakenError: too old, too new, too many requests.
            KnownError: there is one with this id.
            VenueError: no answer; the order may have been executed.
        """
        ...

    async def find(self, order_id: str, symbol: str) -> Report | None:
        """Return the order with all its fills; None when the venue does not have it."""
        ...

    async def cancel(self, order_id: str, symbol: str) -> Report | None:
        """Cancel what rests and return what became of it; None when the venue does not have it."""
        ...

    async def open_orders(self, symbol: str) -> Sequence[Report]:
        """Return what rests in this market, of all that trade on the account, with its terms."""
        ...

    async def orders(self, symbol: str, since_us: int) -> Sequence[Report]:
        """Return all orders that came in here from this venue time on, oldest first.

        Ours and others', open or ended; without their fills.
        """
        ...

    async def fills(self, symbol: str, since_us: int) -> Sequence[Fill]:
        """Return the account's fills in this market from this venue time on, oldest first."""
        ...

    async def balances(self) -> Mapping[str, Balance]:
        """Return what the account holds, by currency."""
        ...

    async def resume(self, kept: Kept) -> None:
        """Take this over at start: a venue that ended with the last process has no memory.

        Venues elsewhere know better, and do nothing.
        """

    async def close(self) -> None:
        """Let go of connections."""
        ...
