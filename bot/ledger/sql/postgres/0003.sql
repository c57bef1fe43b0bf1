-- Rendered by `python -m bot.ledger.migrations`; do not edit.
-- Running upgrade 0002 -> 0003

CREATE TABLE bookings (
    seq BIGSERIAL NOT NULL,
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    quantity NUMERIC NOT NULL,
    booked_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    booked_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (seq)
);

CREATE INDEX bookings_by_account ON bookings (account);

COMMENT ON TABLE bookings IS 'what moved without an order of ours: deposits, withdrawals, interest, others'' trades';

COMMENT ON COLUMN bookings.quantity IS 'what came in; negative: what went out';

COMMENT ON COLUMN bookings.booked_by IS 'a person';

CREATE TABLE differences (
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    text TEXT NOT NULL,
    lease INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    venue_has NUMERIC,
    ledger_expects NUMERIC,
    found_at DOUBLE PRECISION NOT NULL,
    resolved_at DOUBLE PRECISION,
    PRIMARY KEY (account, kind, about)
);

COMMENT ON TABLE differences IS 'what ledger and venue did not agree on for longer, and what a person dealt with';

COMMENT ON COLUMN differences.about IS 'what names it among its kind: two with the same are one';

COMMENT ON COLUMN differences.text IS 'with amounts, for people';

COMMENT ON COLUMN differences.lease IS 'whose holder found it';

COMMENT ON COLUMN differences.venue_has IS 'of a balance';

COMMENT ON COLUMN differences.ledger_expects IS 'of a balance';

COMMENT ON COLUMN differences.resolved_at IS 'null: it is there still';

CREATE TABLE lives (
    id INTEGER NOT NULL,
    ledger TEXT NOT NULL,
    life TEXT NOT NULL,
    began_at DOUBLE PRECISION NOT NULL,
    recovered_at DOUBLE PRECISION,
    PRIMARY KEY (id)
);

COMMENT ON COLUMN lives.id IS 'always 1';

COMMENT ON COLUMN lives.ledger IS 'made once by the migration; a copy has the same';

COMMENT ON COLUMN lives.life IS 'newest that was seen: a promotion, a restore or a copy begins another';

COMMENT ON COLUMN lives.began_at IS 'when it was first seen';

COMMENT ON COLUMN lives.recovered_at IS 'null: not compared with the venue';

INSERT INTO lives (id, ledger, life, began_at, recovered_at) VALUES (1, gen_random_uuid()::text, '', 0, 0);

UPDATE ledger_schema SET version=3;

UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';
