"""The first schema.

The tables are made from `bot.ledger.tables` as long as there is one version only; the next one adds
to them by its own statements, and this one then gets a copy of what it was.
"""

import sqlalchemy as sa
from alembic import op

from bot.ledger.tables import leases, ledger_schema, metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    metadata.create_all(op.get_bind())
    op.execute(sa.insert(ledger_schema).values(version=1, compatible_since=1))
    op.execute(sa.insert(leases).values(lease=0, epoch=0, generation=0, expires_at=0.0))


def downgrade() -> None:
    """Refuse: rows of trades are never dropped by a program."""
    raise NotImplementedError("the first schema has no older one; restore a backup instead")
