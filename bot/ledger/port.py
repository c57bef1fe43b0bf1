"""What the rest of the bot asks of the ledger, and the words of its answers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.trading.orders import State, Terms
from bot.trading.signals import Fate, Signal


class LedgerError(Exception):
    """The database did not answer, or refused: what was asked may or may not have been done."""


class SchemaError(LedgerError):
    """The database's schema is not one that this version can work on; the text says what to do."""


class LostLedgerError(LedgerError):
    """The ledger is empty where it cannot be; the text names what is missing and the way out."""


class Posted(StrEnum):
    """What became of a posted signal."""

    STORED = "stored"
    """Committed now."""
    SAME = "same"
    """Known already, with the same content."""
    CONFLICT = "conflict"
    """The id is known with another content; that one stays."""


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One order as the ledger has it."""

    order_id: str
    attempt: int
    terms: Terms
    state: State
    filled_quantity: str
    """Base currency, a decimal number as text."""
    reason: str


@dataclass(frozen=True, slots=True)
class SignalRecord:
    """One signal and what became of it so far."""

    signal: Signal
    received_at: float
    """Seconds since 1970 by the database's clock."""
    fate: Fate | None
    """None while it is pending."""
    reason: str
    fate_at: float | None
    orders: tuple[OrderRecord, ...]


class Inbox(Protocol):
    """The part that takes signals in. Both calls raise LedgerError."""

    async def post(self, signal: Signal) -> Posted:
        """Store the signal; return after the commit."""
        ...

    async def find(self, signal_id: str) -> SignalRecord | None:
        """Return the signal and its orders; None when it is not known (any more)."""
        ...
