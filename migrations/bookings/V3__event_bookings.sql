-- Bookings of tickets to events, which are paid through a queue; vouchers, and how many tickets one user
-- may have. The job of paying for a booking is the booking's own row: its state says what is to be done,
-- next_step_at when somebody may do it, and version who has it.

-- A booking of an event has tickets where others have flights. A round of payments that were declined
-- parks it, until somebody has it tried again or its deadline passes.
ALTER TABLE bookings
    ALTER COLUMN flight_ref DROP NOT NULL,
    DROP CONSTRAINT bookings_channel_known,
    ADD CONSTRAINT bookings_channel_known CHECK (channel IN ('count', 'seats', 'simple', 'event')),
    ADD CONSTRAINT bookings_flight_named CHECK ((flight_ref IS NULL) = (channel = 'event')),
    DROP CONSTRAINT bookings_state_known,
    ADD CONSTRAINT bookings_state_known CHECK (
        state IN ('pending', 'held', 'paying', 'payment_failed', 'confirmed', 'failed', 'expired', 'cancelled')
    ),
    DROP CONSTRAINT bookings_public_status_known,
    ADD CONSTRAINT bookings_public_status_known CHECK (
        public_status IN ('pending', 'held', 'paying', 'payment_failed', 'confirmed', 'failed', 'expired', 'cancelled')
    ),
    ADD CONSTRAINT bookings_only_queued_is_payment_failed CHECK (state <> 'payment_failed' OR channel = 'event');

-- A code that takes something off the price of a booking. Its uses are a pool: one unit a booking, taken in
-- the same hold as the tickets.
CREATE TABLE vouchers (
    id              uuid        PRIMARY KEY,
    -- As it was made; it is found however it is written.
    code            text        NOT NULL,
    pool_id         bigint      NOT NULL,
    -- NULL: for any event.
    event_id        uuid,
    -- One of the two; an amount has a currency.
    percent_off     smallint,
    off_minor       bigint,
    currency        text,
    idempotency_key text,
    request_digest  bytea,
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT vouchers_code_form CHECK (code ~ '^[A-Za-z0-9_-]{1,40}$'),
    CONSTRAINT vouchers_one_pool UNIQUE (pool_id),
    CONSTRAINT vouchers_pool FOREIGN KEY (pool_id) REFERENCES pools (id),
    CONSTRAINT vouchers_event FOREIGN KEY (event_id) REFERENCES events (id),
    CONSTRAINT vouchers_percent_or_amount CHECK ((percent_off IS NULL) <> (off_minor IS NULL)),
    CONSTRAINT vouchers_percent_range CHECK (percent_off BETWEEN 1 AND 100),
    CONSTRAINT vouchers_amount_positive CHECK (off_minor > 0),
    CONSTRAINT vouchers_amount_has_currency CHECK ((off_minor IS NULL) = (currency IS NULL)),
    CONSTRAINT vouchers_idempotency_key UNIQUE (idempotency_key),
    CONSTRAINT vouchers_key_has_digest CHECK ((idempotency_key IS NULL) = (request_digest IS NULL))
);

CREATE UNIQUE INDEX vouchers_code_taken ON vouchers (upper(code));

-- How many tickets one user may have; NULL: any number.
ALTER TABLE events
    ADD COLUMN tickets_per_user integer,
    ADD CONSTRAINT events_tickets_per_user_positive CHECK (tickets_per_user > 0);

-- The pool that a user's tickets to an event come out of too, made with the first booking that is limited.
CREATE TABLE ticket_limits (
    event_id uuid   NOT NULL,
    -- Opaque here: a user that is deleted and made anew is another one.
    user_id  uuid   NOT NULL,
    pool_id  bigint NOT NULL,
    CONSTRAINT ticket_limits_key PRIMARY KEY (event_id, user_id),
    CONSTRAINT ticket_limits_event FOREIGN KEY (event_id) REFERENCES events (id),
    CONSTRAINT ticket_limits_one_pool UNIQUE (pool_id),
    CONSTRAINT ticket_limits_pool FOREIGN KEY (pool_id) REFERENCES pools (id)
);

-- What a booking of an event has besides. Written in the transaction that holds its tickets.
CREATE TABLE event_bookings (
    booking_id       bigint  NOT NULL,
    event_id         uuid    NOT NULL,
    -- NULL once the user was deleted: bookings keep who it was as a text.
    user_id          uuid,
    quantity         integer NOT NULL,
    -- What one ticket cost when it was booked, and what the voucher took off all of them: no more than that,
    -- so neither is below zero.
    unit_price_minor bigint  NOT NULL,
    voucher_id       uuid,
    discount_minor   bigint  NOT NULL DEFAULT 0,
    CONSTRAINT event_bookings_key PRIMARY KEY (booking_id),
    CONSTRAINT event_bookings_booking FOREIGN KEY (booking_id) REFERENCES bookings (id),
    CONSTRAINT event_bookings_event FOREIGN KEY (event_id) REFERENCES events (id),
    -- Locks the user's row, so that a user is not deleted while a booking comes about.
    CONSTRAINT event_bookings_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT event_bookings_voucher FOREIGN KEY (voucher_id) REFERENCES vouchers (id),
    CONSTRAINT event_bookings_quantity_positive CHECK (quantity > 0),
    CONSTRAINT event_bookings_discount_range
        CHECK (discount_minor BETWEEN 0 AND unit_price_minor * quantity),
    CONSTRAINT event_bookings_discount_has_voucher CHECK (discount_minor = 0 OR voucher_id IS NOT NULL)
);

-- For a user that is deleted.
CREATE INDEX event_bookings_by_user ON event_bookings (user_id);

-- Attempts to pay for a booking that were declined: the history of its job.
CREATE TABLE payment_failures (
    booking_id bigint      NOT NULL,
    attempt    smallint    NOT NULL,
    code       text        NOT NULL,
    message    text        NOT NULL,
    failed_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT payment_failures_key PRIMARY KEY (booking_id, attempt),
    CONSTRAINT payment_failures_booking FOREIGN KEY (booking_id) REFERENCES bookings (id),
    CONSTRAINT payment_failures_attempt_positive CHECK (attempt > 0)
);

-- Jobs that kept failing. Requeued ones stay, as history.
CREATE TABLE dead_letters (
    id          uuid        PRIMARY KEY,
    booking_id  bigint      NOT NULL,
    -- How many attempts were made by then.
    attempts    smallint    NOT NULL,
    died_at     timestamptz NOT NULL DEFAULT now(),
    requeued_at timestamptz,
    CONSTRAINT dead_letters_once UNIQUE (booking_id, attempts),
    CONSTRAINT dead_letters_failure
        FOREIGN KEY (booking_id, attempts) REFERENCES payment_failures (booking_id, attempt)
);

-- For the queue of those that wait.
CREATE INDEX dead_letters_waiting ON dead_letters (id) WHERE requeued_at IS NULL;

-- A user and an event are made once per key.
ALTER TABLE users
    ADD COLUMN idempotency_key text,
    ADD COLUMN request_digest  bytea,
    ADD CONSTRAINT users_idempotency_key UNIQUE (idempotency_key),
    ADD CONSTRAINT users_key_has_digest CHECK ((idempotency_key IS NULL) = (request_digest IS NULL));

ALTER TABLE events
    ADD COLUMN idempotency_key text,
    ADD COLUMN request_digest  bytea,
    ADD CONSTRAINT events_idempotency_key UNIQUE (idempotency_key),
    ADD CONSTRAINT events_key_has_digest CHECK ((idempotency_key IS NULL) = (request_digest IS NULL));
