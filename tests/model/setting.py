"""What a run relies on: the rules, and the properties of the world that they need."""

from dataclasses import dataclass

from bot.authority.protocol import Rules


@dataclass(frozen=True, slots=True)
class Setting:
    """Each switch off is something that the protocol needs, gone."""

    rules: Rules
    row_locked: bool = True
    """A write locks its lease row from the check to the commit."""
    read_committed: bool = True
    """A check reads the row as it is once it is locked."""
    intent_locked: bool = True
    """The row of the newest intent is locked while leases are granted by it."""
    members_expire: bool = True
    """Only who was seen of late counts when the leases are shared out."""
    process_holds: bool = True
    """What starts again is another holder."""
    asks_again: bool = True
    """A release without an answer is repeated before the lease is used again."""
    venue_expires: bool = True
    boot_clock: bool = True
    venue_clock: bool = True
    database_steps: bool = True
    """Not a rule: whether the database's clock may step."""
