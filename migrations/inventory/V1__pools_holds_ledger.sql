-- Pools, holds and the ledger that proves them. A constraint stands behind every rule that seats depend on.

CREATE TABLE pools (
    id         bigint      PRIMARY KEY,
    -- Kind of stock; also the first part of the gate's Redis key.
    kind       text        NOT NULL,
    capacity   integer     NOT NULL,
    free       integer     NOT NULL,
    held       integer     NOT NULL,
    sold       integer     NOT NULL,
    -- The part of `sold` taken by bare decrements; only so much can be given back by increments.
    adjusted   integer     NOT NULL,
    -- Seat map in domain::SeatLayout's notation; NULL: units without names.
    layout     text,
    -- Start of the flight or event; sales close a margin before it.
    starts_at  timestamptz,
    -- When a `Close` command ended the sales.
    closed_at  timestamptz,
    -- Rises by one with each transaction that changes the pool, one of its holds or one of its seats, also where no
    -- units move. Commits compare it (optimistic locking).
    version    bigint      NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pools_free_not_negative CHECK (free >= 0),
    CONSTRAINT pools_held_not_negative CHECK (held >= 0),
    CONSTRAINT pools_sold_not_negative CHECK (sold >= 0),
    CONSTRAINT pools_units_balance CHECK (free + held + sold = capacity),
    CONSTRAINT pools_adjusted_within_sold CHECK (adjusted BETWEEN 0 AND sold)
)
-- Free space on each page lets updates of a hot row stay on it (heap-only updates). No index but the key.
WITH (fillfactor = 70);

CREATE TABLE holds (
    id                  uuid        PRIMARY KEY,
    owner               text        NOT NULL,
    status              text        NOT NULL,
    -- Reason of the refusal, for the answer to a repeated request.
    refusal             text,
    -- SHA-256 of the request; NULL for a tombstone, whose release came before its hold.
    request_digest      bytea,
    -- NULL: pinned, or never subject to expiry.
    expires_at          timestamptz,
    -- Number of the last seat change that was decided, and the reason of its refusal for a repeated request;
    -- NULL if it was made.
    seat_change         bigint      NOT NULL DEFAULT 0,
    seat_change_refusal text,
    created_at          timestamptz NOT NULL,
    CONSTRAINT holds_status_known
        CHECK (status IN ('held', 'sold', 'released', 'expired', 'refused')),
    CONSTRAINT holds_refusal_named CHECK ((status = 'refused') = (refusal IS NOT NULL))
)
-- Nearly every hold is updated once, and often all those of a page in one batch: half of each page is left to their
-- new versions. No index but the key, so that each update is heap-only.
WITH (fillfactor = 50);

-- No foreign keys to pools and holds, here and below: the committer is the only writer, compares the pool's version
-- and writes a hold and its legs together; neither is ever deleted; and a look-up for each row would cost a third
-- of all commits. The proof looks for legs without a pool or hold.
CREATE TABLE hold_legs (
    hold_id uuid    NOT NULL,
    pool_id bigint  NOT NULL,
    units   integer NOT NULL,
    -- Named seats; kept after the hold ends.
    seats   text[]  NOT NULL,
    CONSTRAINT hold_legs_pkey PRIMARY KEY (hold_id, pool_id),
    CONSTRAINT hold_legs_units_positive CHECK (units > 0),
    CONSTRAINT hold_legs_seats_match CHECK (cardinality(seats) IN (0, units))
);

-- The legs of holds that lapse: one that is pinned, sold or over has no row. What changes often is in this narrow
-- table, so that `holds` needs no index on it. Lapsed legs are found by pool, and by time for the sweep.
CREATE TABLE hold_expiries (
    pool_id    bigint      NOT NULL,
    expires_at timestamptz NOT NULL,
    hold_id    uuid        NOT NULL,
    CONSTRAINT hold_expiries_pkey PRIMARY KEY (pool_id, expires_at, hold_id)
);

CREATE INDEX hold_expiries_by_time ON hold_expiries (expires_at, hold_id);

-- Named seats of live holds, held or sold. A free seat has no row.
CREATE TABLE live_seats (
    pool_id bigint NOT NULL,
    seat    text   NOT NULL,
    hold_id uuid   NOT NULL,
    CONSTRAINT live_seats_one_hold PRIMARY KEY (pool_id, seat)
);

-- Bare decrements and increments that succeeded. A refused one leaves no row: the same id may succeed later.
CREATE TABLE adjustments (
    id         uuid        PRIMARY KEY,
    pool_id    bigint      NOT NULL,
    -- Positive: taken; negative: given back.
    units      integer     NOT NULL,
    -- The pool's free units after it.
    free_after integer     NOT NULL,
    applied_at timestamptz NOT NULL,
    CONSTRAINT adjustments_units_not_zero CHECK (units <> 0)
);

-- Double entry: each row moves units between two of a pool's accounts. Partitioned by month, so that old months can
-- be archived whole.
CREATE TABLE ledger (
    pool_id      bigint      NOT NULL,
    -- The pool version that this row belongs to, and its number within it, from 0 without gaps.
    version      bigint      NOT NULL,
    line         integer     NOT NULL,
    from_account text        NOT NULL,
    to_account   text        NOT NULL,
    units        integer     NOT NULL,
    -- Kind of the command, and the id of its hold or adjustment.
    reason       text        NOT NULL,
    cause        uuid,
    entered_at   timestamptz NOT NULL,
    -- A unique index of a partitioned table has the partition key. That no version and line comes twice, the proof
    -- looks after.
    CONSTRAINT ledger_pkey PRIMARY KEY (pool_id, version, line, entered_at),
    CONSTRAINT ledger_accounts_known CHECK (
        from_account IN ('issued', 'free', 'held', 'sold')
        AND to_account IN ('issued', 'free', 'held', 'sold')
    ),
    CONSTRAINT ledger_moves_between_accounts CHECK (from_account <> to_account),
    CONSTRAINT ledger_units_positive CHECK (units > 0)
)
PARTITION BY RANGE (entered_at);

-- What was entered since a time, for replicas that follow the free counts and for the checkpoints; without an
-- index on the hot rows of pools. Times rise from batch to batch, so the index grows at its end.
CREATE INDEX ledger_by_time ON ledger (entered_at);

-- Ends the statement that writes a batch unless all pools have the versions that the batch was decided on, and the
-- clock is within `tolerance` seconds of the time that it was decided at; NULL: the time was read in the same
-- transaction. Returns the clock.
CREATE FUNCTION require_current(matched bigint, expected bigint, decided_at timestamptz, tolerance double precision)
RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
    clock CONSTANT timestamptz := clock_timestamp();
BEGIN
    IF matched <> expected OR abs(extract(epoch FROM clock - decided_at)) > tolerance THEN
        RAISE EXCEPTION '% of % pools are current, the clock is at %', matched, expected, clock
            USING ERRCODE = 'ST001';
    END IF;
    RETURN clock;
END
$$;

CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();

-- Takes entries of months whose partition was not made in time, so that no sale fails.
CREATE TABLE ledger_default PARTITION OF ledger DEFAULT;

CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_default
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();

-- Makes the partition of a month (UTC), unless it exists; whether it was made. Attached to the ledger, rather than
-- created as its partition, it locks out no sale.
CREATE FUNCTION ledger_add_month(month date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    first     timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
    following timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
    name      text        := 'ledger_' || to_char(month, 'YYYY_MM');
BEGIN
    -- One replica at a time.
    PERFORM pg_advisory_xact_lock(hashtext('ledger_add_month'));
    IF to_regclass(name) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE ledger INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
    EXECUTE format('CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
                   'FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()', name);
    EXECUTE format('ALTER TABLE ledger ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   name, first, following);
    RETURN true;
END
$$;

SELECT ledger_add_month((now() AT TIME ZONE 'UTC' + make_interval(months => ahead))::date)
FROM generate_series(0, 6) AS ahead;

-- A pool's row at one version, which the entries of its ledger up to there and its holds were found to add up to:
-- the proof goes on from here. A table of its own, so that no sale waits for a checkpoint.
CREATE TABLE pool_checkpoints (
    pool_id    bigint      PRIMARY KEY,
    version    bigint      NOT NULL,
    capacity   integer     NOT NULL,
    free       integer     NOT NULL,
    held       integer     NOT NULL,
    sold       integer     NOT NULL,
    adjusted   integer     NOT NULL,
    checked_at timestamptz NOT NULL,
    -- When the pool counts as settled, unless it changes: its start is over, or nothing has happened for long.
    settles_at timestamptz NOT NULL,
    -- Settled pools are no longer compared one by one: their sums are in ledger_progress.
    settled    boolean     NOT NULL
)
WITH (fillfactor = 80);

CREATE INDEX pool_checkpoints_unsettled ON pool_checkpoints (pool_id) WHERE NOT settled;

-- How far the checkpoints and the re-count have come. One row.
CREATE TABLE ledger_progress (
    singleton          boolean     PRIMARY KEY DEFAULT true,
    -- The checkpoints cover all entries before this time, but those of pools in proof_violations.
    covered_until      timestamptz NOT NULL DEFAULT '-infinity',
    -- Sums of the settled pools' checkpoints.
    settled_pools      bigint      NOT NULL DEFAULT 0,
    settled_capacity   bigint      NOT NULL DEFAULT 0,
    settled_free       bigint      NOT NULL DEFAULT 0,
    settled_held       bigint      NOT NULL DEFAULT 0,
    settled_sold       bigint      NOT NULL DEFAULT 0,
    recount_due_at     timestamptz NOT NULL DEFAULT now() + interval '1 hour',
    -- The re-count that is under way: its begin and the last pool that it has counted.
    recount_started_at timestamptz,
    recount_after      bigint      NOT NULL DEFAULT 0,
    recount_pools      bigint      NOT NULL DEFAULT 0,
    -- The last one that came to its end.
    recounted_at       timestamptz,
    recounted_pools    bigint,
    CONSTRAINT ledger_progress_has_one_row CHECK (singleton)
);

INSERT INTO ledger_progress DEFAULT VALUES;

-- What archived entries and holds come to, for each pool that has some: the proof and the re-count add them.
CREATE TABLE archived_sums (
    pool_id    bigint  PRIMARY KEY,
    -- Of its ledger's archived entries.
    capacity   integer NOT NULL DEFAULT 0,
    free       integer NOT NULL DEFAULT 0,
    held       integer NOT NULL DEFAULT 0,
    sold       integer NOT NULL DEFAULT 0,
    adjusted   integer NOT NULL DEFAULT 0,
    -- Of its archived holds that are sold: their units and their named seats, which keep their rows in live_seats.
    hold_units integer NOT NULL DEFAULT 0,
    hold_seats integer NOT NULL DEFAULT 0
);

-- Pools that contradict themselves. They keep their last good checkpoint, or none.
CREATE TABLE proof_violations (
    pool_id    bigint      PRIMARY KEY,
    what       text        NOT NULL,
    -- Found by a re-count, which alone can tell that it is mended.
    by_recount boolean     NOT NULL,
    found_at   timestamptz NOT NULL
);
