"""What Alembic runs; it renders only, into the buffer that `bot.ledger.migrations.render` gives."""

from alembic import context

attributes = context.config.attributes
context.configure(
    dialect_name=attributes["dialect"],
    output_buffer=attributes["buffer"],
    as_sql=True,
    transactional_ddl=False,
    literal_binds=True,
)
context.run_migrations()
