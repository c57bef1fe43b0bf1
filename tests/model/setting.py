"""What a run relies on: the rules, and the properties of the world that they need."""

from dataclasses import dataclass, replace

from bot.authority.protocol import Rules

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
    venue_expires: bool = True
    boot_clock: bool = True
    venue_clock: bool = True
    database_steps: bool = True
    """Not a rule: whether the database's clock may step."""
    venue_lags: bool = True
    """Not a rule: whether the venue may take longer than the margin to show what it accepted."""

    def __post_init__(self) -> None:
        """Give the rules the lag of these runs."""
        timings = replace(self.rules.timings, venue_lag_seconds=LAG_SECONDS)
        object.__setattr__(self, "rules", replace(self.rules, timings=timings))
