"""What the engine needs of a venue."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

from bot.trading.thin_positions import Fill, Order


class VenueError(Exception):
    """The venue refused or could not be reached; the text says which and what was asked."""


class Venue(Protocol):
    """An exchange. Both calls raise VenueError; the caller sets their time-out."""

    async def prices(self) -> Mapping[str, Decimal]:
        """Return the last price of every symbol."""
        ...

    async def place(self, order: Order) -> Fill:
        """Execute a market order in full."""
        ...
