"""The first schema.

Made from the tables as long as there is one version only; the next one adds to them by statements
of its own, and this one then keeps a copy of what it was.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateIndex, CreateTable, SetColumnComment, SetTableComment

from bot.ledger.migrations.tables import leases, ledger_schema, metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    commented = op.get_context().dialect.supports_comments
    for table in metadata.sorted_tables:
        op.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            op.execute(CreateIndex(index))
        if commented and table.comment:
            op.execute(SetTableComment(table))
        for column in table.columns if commented else ():
            if column.comment:
                op.execute(SetColumnComment(column))
    op.execute(sa.insert(ledger_schema).values(version=1, compatible_since=1))
    op.execute(sa.insert(leases).values(lease=0, epoch=0, generation=0, expires_at=0.0))


def downgrade() -> None:
    """Refuse: rows of trades are never dropped by a program."""
    raise NotImplementedError("the first schema has no older one; restore a backup instead")
