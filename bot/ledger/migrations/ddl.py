"""Makes the tables and indexes that came with one version of the schema."""

from alembic import op
from sqlalchemy.schema import CreateIndex, CreateTable, SetColumnComment, SetTableComment

from bot.ledger.migrations.tables import SINCE, metadata


def create(version: int) -> None:
    """Make what is new in this version; columns are never added to a table that exists."""
    commented = op.get_context().dialect.supports_comments
    for table in metadata.sorted_tables:
        new = table.info.get(SINCE, 1) == version
        if new:
            op.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            if index.info.get(SINCE, table.info.get(SINCE, 1)) == version:
                op.execute(CreateIndex(index))
        if not (new and commented):
            continue
        if table.comment:
            op.execute(SetTableComment(table))
        for column in table.columns:
            if column.comment:
                op.execute(SetColumnComment(column))
