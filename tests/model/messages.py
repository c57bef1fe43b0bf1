"""What bots say to the database and to the venue, beyond the effects of the protocol itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.authority.lease import Claim, Claimant, LeaseRow
from bot.authority.orders import Order, Work
from bot.authority.protocol import (
    Answer,
    Ask,
    AskLists,
    Close,
    CommitIntent,
    Leaving,
    ReadWork,
    Recall,
    Record,
    Send,
)
from bot.contract.intent import Intent


@dataclass(frozen=True, slots=True)
class Keep:
    """Show the intent, renew what is held, take what should be and is free. Answer: Kept."""

    claimant: Claimant
    intent: Intent | None
    """None: the process leaves; it takes nothing and is nobody's member any more."""
    given_up: frozenset[int]
    """Neither renewed nor taken: their release is on its way."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of it."""

    refused: Claim | None
    now: float
    """By the database's clock."""
    rows: Mapping[int, LeaseRow]
    """All leases, as they were just before."""
    granted: tuple[LeaseRow, ...] = ()
    assigned: frozenset[int] = frozenset()
    life: str = ""
    """Which one of the ledger."""


@dataclass(frozen=True, slots=True)
class Release:
    """Give leases up. Answer: those that could not be, because somebody writes under them."""

    holder: str
    leaving: Mapping[int, Leaving]


@dataclass(frozen=True, slots=True)
class Import:
    """Write what the venue has; the ledger is compared with it. Answer: whether it committed."""

    life: str
    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class AskOrders:
    """Which orders of ours does the venue have? Answer: orders."""


@dataclass(frozen=True, slots=True)
class AskTime:
    """What is the time at the venue? Answer: seconds."""


Write = CommitIntent | Record | Recall | Close
Statement = ReadWork | Write | Keep | Release | Import
Result = Work | Kept | bool | frozenset[int]
Request = Send | Ask | AskLists | AskTime | AskOrders
Message = Statement | Request
Reaction = Result | Answer | float | tuple[Order, ...]


def link_of(message: Message) -> str:
    """Name the connection: that of the leases is one of its own, which may hang alone."""
    if isinstance(message, Request):
        return "venue"
    return "lease" if isinstance(message, Keep | Release | Import) else "database"
