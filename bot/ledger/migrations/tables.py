"""The tables as they are after the newest migration. Only migrations and tests import this.

Amounts are NUMERIC on Postgres and text on SQLite, which has no decimal type; never floats.
Times are seconds since 1970 by the database's clock unless their comment says otherwise. Every row
that trading writes carries shard and epoch. What came after the first version says since when.
"""

from decimal import Decimal

import sqlalchemy as sa

metadata = sa.MetaData()

AMOUNT: sa.types.TypeEngine[Decimal] = sa.Numeric().with_variant(sa.Text(), "sqlite")
SECONDS: sa.Double[float] = sa.Double()
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ZERO = "0"
SINCE = "since"
SINCE_2 = {SINCE: 2}
SINCE_3 = {SINCE: 3}


def _text(name: str, **options: object) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, **options)  # pyright: ignore[reportArgumentType] - the options are SQLAlchemy's own


ledger_schema = sa.Table(
    "ledger_schema",
    metadata,
    sa.Column("version", sa.Integer(), nullable=False, comment="of these tables"),
    sa.Column(
        "compatible_since",
        sa.Integer(),
        nullable=False,
        comment="the oldest version whose code may still read and write them",
    ),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("lease", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.BigInteger(), nullable=False),
    sa.Column("holder", sa.Text(), nullable=True, comment="a process; null: nobody"),
    sa.Column("color", sa.Text(), nullable=True),
    sa.Column("generation", sa.BigInteger(), nullable=False, comment="newest intent shown here"),
    sa.Column("expires_at", SECONDS, nullable=False),
)
"""One row a shard, and one for the account. Since version 2 `authority` has the generation."""

handoffs = sa.Table(
    "handoffs",
    metadata,
    sa.Column("lease", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.BigInteger(), nullable=False, comment="that was handed over"),
    sa.Column("paused_at", SECONDS, nullable=False, comment="since when nobody decided"),
    sa.Column("mark", sa.BigInteger(), nullable=True, comment="orders.seq of its newest order"),
    info=SINCE_2,
    comment="the last hand-off of each lease",
)

authority = sa.Table(
    "authority",
    metadata,
    sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False, comment="always 1"),
    sa.Column("generation", sa.BigInteger(), nullable=False, comment="newest intent shown here"),
    _text("source", comment="which object the intent is; empty: none was named"),
    info=SINCE_2,
)

members = sa.Table(
    "members",
    metadata,
    sa.Column("holder", sa.Text(), primary_key=True, comment="a process"),
    _text("color"),
    sa.Column("generation", sa.BigInteger(), nullable=False, comment="of the intent it knows"),
    _text("source"),
    sa.Column("beat_at", SECONDS, nullable=False),
    info=SINCE_2,
)

lives = sa.Table(
    "lives",
    metadata,
    sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False, comment="always 1"),
    _text("ledger", comment="made once by the migration; a copy has the same"),
    _text("life", comment="newest that was seen: a promotion, a restore or a copy begins another"),
    sa.Column("began_at", SECONDS, nullable=False, comment="when it was first seen"),
    sa.Column("recovered_at", SECONDS, nullable=True, comment="null: not compared with the venue"),
    info=SINCE_3,
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("account", sa.Text(), primary_key=True),
    sa.Column("read_only_reason", sa.Text(), nullable=True, comment="null: it trades"),
    sa.Column("read_only_at", SECONDS, nullable=True),
    sa.Column("acknowledged_by", sa.Text(), nullable=True, comment="who ended the last one"),
    sa.Column("acknowledged_at", SECONDS, nullable=True),
)

signals = sa.Table(
    "signals",
    metadata,
    sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True, comment="order of arrival"),
    _text("signal_id", unique=True),
    _text("account"),
    sa.Column("shard", sa.Integer(), nullable=False),
    _text("symbol"),
    _text("side"),
    sa.Column("quantity", AMOUNT, nullable=False, comment="base currency"),
    sa.Column("limit_price", AMOUNT, nullable=True, comment="quote currency per base"),
    _text("lifetime"),
    sa.Column("reduce_only", sa.Boolean(), nullable=False),
    sa.Column("max_age_seconds", SECONDS, nullable=False),
    _text("source"),
    sa.Column("received_at", SECONDS, nullable=False),
    sa.Column("fate", sa.Text(), nullable=True, comment="null: pending"),
    _text("reason", server_default=""),
    sa.Column("fate_at", SECONDS, nullable=True),
    sa.Column("epoch", sa.BigInteger(), nullable=True, comment="under which the fate was written"),
)
sa.Index(
    "signals_pending",
    signals.c.shard,
    signals.c.seq,
    postgresql_where=signals.c.fate.is_(None),
    sqlite_where=signals.c.fate.is_(None),
)
sa.Index("signals_by_fate_at", signals.c.fate_at)

orders = sa.Table(
    "orders",
    metadata,
    sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True, comment="order of decision"),
    _text("order_id", unique=True, comment="the client order id"),
    _text("signal_id", index=True),
    sa.Column("attempt", sa.Integer(), nullable=False),
    _text("account"),
    sa.Column("shard", sa.Integer(), nullable=False),
    sa.Column("epoch", sa.BigInteger(), nullable=False),
    _text("holder"),
    _text("symbol"),
    _text("side"),
    sa.Column("quantity", AMOUNT, nullable=False, comment="base currency, on the market's grid"),
    sa.Column("limit_price", AMOUNT, nullable=True, comment="quote currency per base"),
    _text("lifetime"),
    sa.Column("reduce_only", sa.Boolean(), nullable=False),
    sa.Column("reserved_quote", AMOUNT, nullable=False, comment="what it adds to the risk"),
    sa.Column("stamp", SECONDS, nullable=False, comment="venue time that the request carries"),
    sa.Column("dead_after", SECONDS, nullable=False, comment="venue time"),
    _text("state"),
    _text("reason", server_default=""),
    _text("venue_order_id", server_default=""),
    sa.Column("filled_quantity", AMOUNT, nullable=False, server_default=ZERO),
    sa.Column("decided_at", SECONDS, nullable=False),
    sa.Column("answered_at", SECONDS, nullable=True, comment="of the last change of state"),
)
_LIVE = orders.c.state.in_(["intent", "unknown", "acked", "partially_filled"])
sa.Index("orders_live", orders.c.shard, orders.c.seq, postgresql_where=_LIVE, sqlite_where=_LIVE)
sa.Index("orders_by_decision", orders.c.account, orders.c.decided_at)
sa.Index("orders_by_shard", orders.c.shard, orders.c.seq, info=SINCE_2)

fills = sa.Table(
    "fills",
    metadata,
    _text("symbol"),
    _text("trade_id"),
    _text("order_id", index=True),
    _text("account"),
    sa.Column("shard", sa.Integer(), nullable=False),
    sa.Column("epoch", sa.BigInteger(), nullable=False),
    _text("side"),
    sa.Column("quantity", AMOUNT, nullable=False, comment="base currency"),
    sa.Column("price", AMOUNT, nullable=False, comment="quote currency per base"),
    sa.Column("fee", AMOUNT, nullable=False),
    _text("fee_currency"),
    sa.Column("at_us", sa.BigInteger(), nullable=False, comment="venue time, microseconds"),
    sa.Column("recorded_at", SECONDS, nullable=False),
    sa.PrimaryKeyConstraint("account", "symbol", "trade_id"),
)

sa.Index("fills_by_time", fills.c.account, fills.c.at_us, info=SINCE_2)

positions = sa.Table(
    "positions",
    metadata,
    _text("account"),
    _text("symbol"),
    sa.Column("shard", sa.Integer(), nullable=False),
    sa.Column("epoch", sa.BigInteger(), nullable=False),
    sa.Column("quantity", AMOUNT, nullable=False, comment="base currency"),
    sa.Column("average_price", AMOUNT, nullable=False, comment="quote currency per base"),
    sa.Column("realized_quote", AMOUNT, nullable=False),
    sa.Column("fees_quote", AMOUNT, nullable=False),
    sa.Column("last_at_us", sa.BigInteger(), nullable=False, comment="key of the newest fill"),
    _text("last_trade_id"),
    sa.PrimaryKeyConstraint("account", "symbol"),
    comment="snapshots: each is the fold of the fills of its symbol",
)

days = sa.Table(
    "days",
    metadata,
    _text("account"),
    _text("day", comment="UTC, YYYY-MM-DD"),
    sa.Column("realized_quote", AMOUNT, nullable=False),
    sa.PrimaryKeyConstraint("account", "day"),
)

flows = sa.Table(
    "flows",
    metadata,
    _text("account"),
    _text("currency"),
    sa.Column("quantity", AMOUNT, nullable=False),
    sa.PrimaryKeyConstraint("account", "currency"),
    comment="what all fills together moved, fees included",
)

bookings = sa.Table(
    "bookings",
    metadata,
    sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    _text("account"),
    _text("currency"),
    sa.Column("quantity", AMOUNT, nullable=False, comment="what came in; negative: what went out"),
    _text("booked_by", comment="a person"),
    _text("reason"),
    sa.Column("booked_at", SECONDS, nullable=False),
    info=SINCE_3,
    comment="what moved without an order of ours: deposits, withdrawals, interest, others' trades",
)
sa.Index("bookings_by_account", bookings.c.account, info=SINCE_3)

differences = sa.Table(
    "differences",
    metadata,
    _text("account"),
    _text("kind"),
    _text("about", comment="what names it among its kind: two with the same are one"),
    _text("text", comment="with amounts, for people"),
    sa.Column("lease", sa.Integer(), nullable=False, comment="whose holder found it"),
    sa.Column("epoch", sa.BigInteger(), nullable=False),
    sa.Column("venue_has", AMOUNT, nullable=True, comment="of a balance"),
    sa.Column("ledger_expects", AMOUNT, nullable=True, comment="of a balance"),
    sa.Column("found_at", SECONDS, nullable=False),
    sa.Column("resolved_at", SECONDS, nullable=True, comment="null: it is there still"),
    sa.PrimaryKeyConstraint("account", "kind", "about"),
    info=SINCE_3,
    comment="what ledger and venue did not agree on for longer, and what a person dealt with",
)

baselines = sa.Table(
    "baselines",
    metadata,
    _text("account"),
    _text("currency"),
    sa.Column("quantity", AMOUNT, nullable=False),
    sa.PrimaryKeyConstraint("account", "currency"),
    comment="what the account held beyond what is traded here, at the first reconciliation",
)
