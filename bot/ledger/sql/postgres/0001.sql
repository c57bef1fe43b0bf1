-- Rendered by `python -m bot.ledger.migrations`; do not edit.
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 0001

CREATE TABLE accounts (
    account TEXT NOT NULL,
    read_only_reason TEXT,
    read_only_at DOUBLE PRECISION,
    acknowledged_by TEXT,
    acknowledged_at DOUBLE PRECISION,
    PRIMARY KEY (account)
);

COMMENT ON COLUMN accounts.read_only_reason IS 'null: it trades';

COMMENT ON COLUMN accounts.acknowledged_by IS 'who ended the last one';

CREATE TABLE baselines (
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    quantity NUMERIC NOT NULL,
    PRIMARY KEY (account, currency)
);

COMMENT ON TABLE baselines IS 'what the account held beyond what is traded here, at the first reconciliation';

CREATE TABLE days (
    account TEXT NOT NULL,
    day TEXT NOT NULL,
    realized_quote NUMERIC NOT NULL,
    PRIMARY KEY (account, day)
);

COMMENT ON COLUMN days.day IS 'UTC, YYYY-MM-DD';

CREATE TABLE fills (
    symbol TEXT NOT NULL,
    trade_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    account TEXT NOT NULL,
    shard INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    side TEXT NOT NULL,
    quantity NUMERIC NOT NULL,
    price NUMERIC NOT NULL,
    fee NUMERIC NOT NULL,
    fee_currency TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    recorded_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (account, symbol, trade_id)
);

CREATE INDEX ix_fills_order_id ON fills (order_id);

COMMENT ON COLUMN fills.quantity IS 'base currency';

COMMENT ON COLUMN fills.price IS 'quote currency per base';

COMMENT ON COLUMN fills.at_us IS 'venue time, microseconds';

CREATE TABLE flows (
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    quantity NUMERIC NOT NULL,
    PRIMARY KEY (account, currency)
);

COMMENT ON TABLE flows IS 'what all fills together moved, fees included';

CREATE TABLE leases (
    lease INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    holder TEXT,
    color TEXT,
    generation BIGINT NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (lease)
);

COMMENT ON COLUMN leases.holder IS 'a process; null: nobody';

COMMENT ON COLUMN leases.generation IS 'newest intent shown here';

CREATE TABLE ledger_schema (
    version INTEGER NOT NULL,
    compatible_since INTEGER NOT NULL
);

COMMENT ON COLUMN ledger_schema.version IS 'of these tables';

COMMENT ON COLUMN ledger_schema.compatible_since IS 'the oldest version whose code may still read and write them';

CREATE TABLE orders (
    seq BIGSERIAL NOT NULL,
    order_id TEXT NOT NULL,
    signal_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    account TEXT NOT NULL,
    shard INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    holder TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    quantity NUMERIC NOT NULL,
    limit_price NUMERIC,
    lifetime TEXT NOT NULL,
    reduce_only BOOLEAN NOT NULL,
    reserved_quote NUMERIC NOT NULL,
    stamp DOUBLE PRECISION NOT NULL,
    dead_after DOUBLE PRECISION NOT NULL,
    state TEXT NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    venue_order_id TEXT DEFAULT '' NOT NULL,
    filled_quantity NUMERIC DEFAULT '0' NOT NULL,
    decided_at DOUBLE PRECISION NOT NULL,
    answered_at DOUBLE PRECISION,
    PRIMARY KEY (seq),
    UNIQUE (order_id)
);

CREATE INDEX ix_orders_signal_id ON orders (signal_id);

CREATE INDEX orders_by_decision ON orders (account, decided_at);

CREATE INDEX orders_live ON orders (shard, seq) WHERE state IN ('intent', 'unknown', 'acked', 'partially_filled');

COMMENT ON COLUMN orders.seq IS 'order of decision';

COMMENT ON COLUMN orders.order_id IS 'the client order id';

COMMENT ON COLUMN orders.quantity IS 'base currency, on the market''s grid';

COMMENT ON COLUMN orders.limit_price IS 'quote currency per base';

COMMENT ON COLUMN orders.reserved_quote IS 'what it adds to the risk';

COMMENT ON COLUMN orders.stamp IS 'venue time that the request carries';

COMMENT ON COLUMN orders.dead_after IS 'venue time';

COMMENT ON COLUMN orders.answered_at IS 'of the last change of state';

CREATE TABLE positions (
    account TEXT NOT NULL,
    symbol TEXT NOT NULL,
    shard INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    quantity NUMERIC NOT NULL,
    average_price NUMERIC NOT NULL,
    realized_quote NUMERIC NOT NULL,
    fees_quote NUMERIC NOT NULL,
    last_at_us BIGINT NOT NULL,
    last_trade_id TEXT NOT NULL,
    PRIMARY KEY (account, symbol)
);

COMMENT ON TABLE positions IS 'snapshots: each is the fold of the fills of its symbol';

COMMENT ON COLUMN positions.quantity IS 'base currency';

COMMENT ON COLUMN positions.average_price IS 'quote currency per base';

COMMENT ON COLUMN positions.last_at_us IS 'key of the newest fill';

CREATE TABLE signals (
    seq BIGSERIAL NOT NULL,
    signal_id TEXT NOT NULL,
    account TEXT NOT NULL,
    shard INTEGER NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    quantity NUMERIC NOT NULL,
    limit_price NUMERIC,
    lifetime TEXT NOT NULL,
    reduce_only BOOLEAN NOT NULL,
    max_age_seconds DOUBLE PRECISION NOT NULL,
    source TEXT NOT NULL,
    received_at DOUBLE PRECISION NOT NULL,
    fate TEXT,
    reason TEXT DEFAULT '' NOT NULL,
    fate_at DOUBLE PRECISION,
    epoch BIGINT,
    PRIMARY KEY (seq),
    UNIQUE (signal_id)
);

CREATE INDEX signals_by_fate_at ON signals (fate_at);

CREATE INDEX signals_pending ON signals (shard, seq) WHERE fate IS NULL;

COMMENT ON COLUMN signals.seq IS 'order of arrival';

COMMENT ON COLUMN signals.quantity IS 'base currency';

COMMENT ON COLUMN signals.limit_price IS 'quote currency per base';

COMMENT ON COLUMN signals.fate IS 'null: pending';

COMMENT ON COLUMN signals.epoch IS 'under which the fate was written';

INSERT INTO ledger_schema (version, compatible_since) VALUES (1, 1);

INSERT INTO leases (lease, epoch, generation, expires_at) VALUES (0, 0, 0, 0.0);

INSERT INTO alembic_version (version_num) VALUES ('0001') RETURNING alembic_version.version_num;
