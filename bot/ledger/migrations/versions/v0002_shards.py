"""One lease a shard, members, hand-offs, and one row that knows the newest intent.

What held the one lease of version 1 holds nothing any more: its row is taken over as shard 0's with
nobody in it, and the other shards begin at its epoch, free when it would have run out. A bot of
version 1 would take shard 0's row for everything, so it may not work on this schema.
"""

import sqlalchemy as sa
from alembic import op

from bot.ledger.migrations.ddl import create
from bot.ledger.migrations.tables import ledger_schema

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LAST_LEASE = 100


def upgrade() -> None:
    """Add tables, indexes and rows; take nothing away."""
    create(2)
    op.execute(
        "INSERT INTO authority (id, generation, source)"
        " SELECT 1, generation, '' FROM leases WHERE lease = 0"
    )
    op.execute("UPDATE leases SET holder = NULL, color = NULL WHERE lease = 0")
    numbers = " UNION ALL ".join(f"SELECT {n} AS n" for n in range(1, LAST_LEASE + 1))
    op.execute(
        "INSERT INTO leases (lease, epoch, generation, expires_at)"  # noqa: S608 - our own numbers
        f" SELECT numbers.n, epoch, generation, expires_at FROM leases, ({numbers}) AS numbers"
        " WHERE lease = 0"
    )
    op.execute(sa.update(ledger_schema).values(version=2, compatible_since=2))


def downgrade() -> None:
    """Refuse: a bot of version 1 and one of version 2 must never trade side by side."""
    raise NotImplementedError("restore a backup instead")
