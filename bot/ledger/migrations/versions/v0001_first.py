"""The first schema."""

import sqlalchemy as sa
from alembic import op

from bot.ledger.migrations.ddl import create
from bot.ledger.migrations.tables import leases, ledger_schema

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    create(1)
    op.execute(sa.insert(ledger_schema).values(version=1, compatible_since=1))
    op.execute(sa.insert(leases).values(lease=0, epoch=0, generation=0, expires_at=0.0))


def downgrade() -> None:
    """Refuse: rows of trades are never dropped by a program."""
    raise NotImplementedError("the first schema has no older one; restore a backup instead")
