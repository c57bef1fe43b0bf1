"""Everything that the checks look at, taken at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.contract.intent import Intent
from bot.health.background import Known
from bot.health.startup import StartupState
from bot.trading.orders import UNRESOLVED, State


@dataclass(frozen=True, slots=True)
class Shard:
    """Who trades some symbols, as this pod knows it."""

    shard: int
    symbols: tuple[str, ...]
    epoch: int
    held: bool
    """By this pod, and it may sign requests."""
    holder: str | None
    """The process in the lease's row; None: nobody."""
    color: str | None
    seconds_left: float
    """Until this pod may sign no more; of another's lease, until it runs out (as last seen)."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of the bot. `None` for an age means "never"."""

    now: datetime
    uptime_seconds: float
    draining: bool
    beat_age_seconds: float | None
    last_beat: datetime | None
    intent: Intent | None
    intent_active: bool
    intent_age_seconds: float | None
    intent_invalid: str | None
    intent_source_error: str | None
    intent_changes: int
    intent_source_errors: int
    trading_enabled: bool
    venue: str
    venue_error: str | None
    open_positions: int
    unrealized_profit: Decimal

    checks: Mapping[str, Known] = field(default_factory=dict[str, Known])
    """Background checks by name; one that is not there is not configured."""
    startup: StartupState | None = None
    """None where nothing has to be restored."""

    loop_lag_seconds: float = 0.0
    feed_age_seconds: float | None = None
    """Since the youngest market data."""
    lease_held: bool = False
    """Whether this pod may trade something, by its own clock."""
    lease_epoch: int | None = None
    """The highest of the leases that it holds."""
    leases_held: int = 0
    shards: tuple[Shard, ...] = ()
    """Those with symbols."""
    authority_refused: str = ""
    recovery: str = ""
    """How far a ledger that may have lost commits is compared with the venue; empty: it is not."""
    """Why the database lets this pod hold nothing."""
    ledger: str = ""
    """The name of the ledger, as its server says; empty: it was not asked for a lease yet."""

    orders_by_state: Mapping[State, int] = field(default_factory=dict[State, int])
    """In the ledger, for the states that have some."""
    signals_pending: int = 0
    """Accepted, without a fate yet."""
    reconcile_differences: tuple[str, ...] | None = None
    """Found by the last reconciliation, in words; None before the first."""
    last_reconcile: datetime | None = None
    """When one last ended, with or without differences."""
    positions: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    """Base currency by symbol; negative is short."""

    config_generation: int = 0
    config_hash: str = ""
    config_invalid: str | None = None
    """What is wrong with the newest configuration, while the old one stays."""
    config_refused: str = ""
    """Hash of that configuration."""
    config_watch_error: str | None = None
    """Why its ConfigMap cannot be watched; the mounted file counts, which comes late."""
    stops: tuple[str, ...] = ()
    """What stops new risk now, such as `read-only` or `kill switch`, in words."""

    @property
    def unknown_orders(self) -> int:
        """Orders that only the venue can tell about."""
        return sum(count for state, count in self.orders_by_state.items() if state in UNRESOLVED)
