-- Rendered by `python -m bot.ledger.migrations`; do not edit.
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 0001

CREATE TABLE accounts (
    account TEXT NOT NULL,
    read_only_reason TEXT,
    read_only_at DOUBLE,
    acknowledged_by TEXT,
    acknowledged_at DOUBLE,
    PRIMARY KEY (account)
);

CREATE TABLE baselines (
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    quantity TEXT NOT NULL,
    PRIMARY KEY (account, currency)
);

CREATE TABLE days (
    account TEXT NOT NULL,
    day TEXT NOT NULL,
    realized_quote TEXT NOT NULL,
    PRIMARY KEY (account, day)
);

CREATE TABLE fills (
    symbol TEXT NOT NULL,
    trade_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    account TEXT NOT NULL,
    shard INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    side TEXT NOT NULL,
    quantity TEXT NOT NULL,
    price TEXT NOT NULL,
    fee TEXT NOT NULL,
    fee_currency TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    recorded_at DOUBLE NOT NULL,
    PRIMARY KEY (account, symbol, trade_id)
);

CREATE INDEX ix_fills_order_id ON fills (order_id);

CREATE TABLE flows (
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    quantity TEXT NOT NULL,
    PRIMARY KEY (account, currency)
);

CREATE TABLE leases (
    lease INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    holder TEXT,
    color TEXT,
    generation BIGINT NOT NULL,
    expires_at DOUBLE NOT NULL,
    PRIMARY KEY (lease)
);

CREATE TABLE ledger_schema (
    version INTEGER NOT NULL,
    compatible_since INTEGER NOT NULL
);

CREATE TABLE orders (
    seq INTEGER NOT NULL,
    order_id TEXT NOT NULL,
    signal_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    account TEXT NOT NULL,
    shard INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    holder TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    quantity TEXT NOT NULL,
    limit_price TEXT,
    lifetime TEXT NOT NULL,
    reduce_only BOOLEAN NOT NULL,
    reserved_quote TEXT NOT NULL,
    stamp DOUBLE NOT NULL,
    dead_after DOUBLE NOT NULL,
    state TEXT NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    venue_order_id TEXT DEFAULT '' NOT NULL,
    filled_quantity TEXT DEFAULT '0' NOT NULL,
    decided_at DOUBLE NOT NULL,
    answered_at DOUBLE,
    PRIMARY KEY (seq),
    UNIQUE (order_id)
);

CREATE INDEX ix_orders_signal_id ON orders (signal_id);

CREATE INDEX orders_by_decision ON orders (account, decided_at);

CREATE INDEX orders_live ON orders (shard, seq) WHERE state IN ('intent', 'unknown', 'acked', 'partially_filled');

CREATE TABLE positions (
    account TEXT NOT NULL,
    symbol TEXT NOT NULL,
    shard INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    quantity TEXT NOT NULL,
    average_price TEXT NOT NULL,
    realized_quote TEXT NOT NULL,
    fees_quote TEXT NOT NULL,
    last_at_us BIGINT NOT NULL,
    last_trade_id TEXT NOT NULL,
    PRIMARY KEY (account, symbol)
);

CREATE TABLE signals (
    seq INTEGER NOT NULL,
    signal_id TEXT NOT NULL,
    account TEXT NOT NULL,
    shard INTEGER NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    quantity TEXT NOT NULL,
    limit_price TEXT,
    lifetime TEXT NOT NULL,
    reduce_only BOOLEAN NOT NULL,
    max_age_seconds DOUBLE NOT NULL,
    source TEXT NOT NULL,
    received_at DOUBLE NOT NULL,
    fate TEXT,
    reason TEXT DEFAULT '' NOT NULL,
    fate_at DOUBLE,
    epoch BIGINT,
    PRIMARY KEY (seq),
    UNIQUE (signal_id)
);

CREATE INDEX signals_by_fate_at ON signals (fate_at);

CREATE INDEX signals_pending ON signals (shard, seq) WHERE fate IS NULL;

INSERT INTO ledger_schema (version, compatible_since) VALUES (1, 1);

INSERT INTO leases (lease, epoch, generation, expires_at) VALUES (0, 0, 0, 0.0);

INSERT INTO alembic_version (version_num) VALUES ('0001') RETURNING version_num;
