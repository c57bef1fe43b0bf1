"""Migrations in order, for Alembic. They only add; what takes away waits for a later release.

For development: `python -m bot.ledger.migrations` renders them as SQL into `bot/ledger/sql`, where
a reviewer reads them and from where the bot runs them, without SQLAlchemy in its image.
"""
