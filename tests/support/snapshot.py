"""What a bot that is well shows of itself."""

from decimal import Decimal

from bot.health.snapshot import Snapshot
from tests.support.fakes import BLUE, EPOCH

WELL = Snapshot(
    now=EPOCH,
    uptime_seconds=12.3456,
    draining=False,
    beat_age_seconds=0.2,
    last_beat=EPOCH,
    intent=BLUE,
    intent_active=True,
    intent_age_seconds=0.1,
    intent_invalid=None,
    intent_source_error=None,
    intent_changes=0,
    intent_source_errors=0,
    trading_enabled=True,
    venue="paper",
    venue_error=None,
    open_positions=2,
    unrealized_profit=Decimal("-1.50"),
    lease_held=True,
)
