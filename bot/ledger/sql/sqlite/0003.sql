-- Rendered by `python -m bot.ledger.migrations`; do not edit.
-- Running upgrade 0002 -> 0003

CREATE TABLE bookings (
    seq INTEGER NOT NULL,
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    quantity TEXT NOT NULL,
    booked_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    booked_at DOUBLE NOT NULL,
    PRIMARY KEY (seq)
);

CREATE INDEX bookings_by_account ON bookings (account);

CREATE TABLE differences (
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    text TEXT NOT NULL,
    lease INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    venue_has TEXT,
    ledger_expects TEXT,
    found_at DOUBLE NOT NULL,
    resolved_at DOUBLE,
    PRIMARY KEY (account, kind, about)
);

CREATE TABLE lives (
    id INTEGER NOT NULL,
    ledger TEXT NOT NULL,
    life TEXT NOT NULL,
    began_at DOUBLE NOT NULL,
    recovered_at DOUBLE,
    PRIMARY KEY (id)
);

INSERT INTO lives (id, ledger, life, began_at, recovered_at) VALUES (1, lower(hex(randomblob(16))), '', 0, 0);

UPDATE ledger_schema SET version=3;

UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';
