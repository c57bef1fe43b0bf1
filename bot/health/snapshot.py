"""Everything that the checks look at, taken at one moment."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.contract.intent import Intent


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
