"""What a run relies on: the rules, and the properties of the world that they need."""

from dataclasses import dataclass, replace

from bot.authority.protocol import Rules

DOUBT_SECONDS = 10.0
"""Longer than the venue hides an order in one of its lists."""
LAG_SECONDS = 2.0
"""How late the venue may show what it accepted. Shorter than in earnest: runs are short too."""


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
    doubts: bool = True
    """What was released without an answer is not used again before it has run out."""
    released_by_epoch: bool = True
    """A release is done when the lease is not held under its epoch, no matter who holds it."""
    attempts_counted: bool = True
    """A fate is written only if the signal still has as many attempts."""
    connects_anew: bool = True
    """The connection of the leases is opened anew before it is old."""
    life_checked: bool = True
    """A write of trading commits only in a life of the ledger that was compared."""
    imports: bool = True
    """The ledger takes over what the venue has before anybody trades in a new life of it."""
    venue_expires: bool = True
    boot_clock: bool = True
    venue_clock: bool = True
    database_steps: bool = True
    """Not a rule: whether the database's clock may step."""
    steps_back: bool = True
    """Not a rule: whether the database may lose commits."""
    venue_lags: bool = True
    """Not a rule: whether the venue may take longer than the margin to show what it accepted."""

    def __post_init__(self) -> None:
        """Give the rules the lag of these runs."""
        timings = replace(
            self.rules.timings, venue_lag_seconds=LAG_SECONDS, doubt_seconds=DOUBT_SECONDS
        )
        object.__setattr__(self, "rules", replace(self.rules, timings=timings))
