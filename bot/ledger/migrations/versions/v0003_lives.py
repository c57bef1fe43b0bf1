"""Which ledger this is, which life of it; and what moved on the account without an order of ours.

Tables only: a bot of version 2 trades on, but does not notice that the ledger stepped back.
"""

import sqlalchemy as sa
from alembic import op

from bot.ledger.migrations.ddl import create
from bot.ledger.migrations.tables import ledger_schema

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_RANDOM = {"postgresql": "gen_random_uuid()::text", "sqlite": "lower(hex(randomblob(16)))"}


def upgrade() -> None:
    """Make both tables, and the identity of this ledger."""
    create(3)
    ledger = _RANDOM[op.get_context().dialect.name]
    op.execute(
        "INSERT INTO lives (id, ledger, life, began_at, recovered_at)"  # noqa: S608 - our own words
        f" VALUES (1, {ledger}, '', 0, 0)"
    )
    op.execute(sa.update(ledger_schema).values(version=3))


def downgrade() -> None:
    """Refuse: what was booked would be lost."""
    raise NotImplementedError("restore a backup instead")
