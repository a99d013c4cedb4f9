-- Events with their bookings, vouchers and limits, and ticket options with their purchases. How many tickets there
-- are, and who has them, is in the inventory's tables, which this database has too: an event and a ticket option each
-- have a pool of their own, and its capacity is all of their tickets. Amounts are minor units of their currency.

-- The ids of pools. They never change and are never used again.
CREATE SEQUENCE pool_ids AS bigint;

CREATE TABLE events (
    id               uuid        PRIMARY KEY,
    pool_id          bigint      NOT NULL,
    name             text        NOT NULL,
    description      text        NOT NULL,
    venue            text,
    starts_at        timestamptz NOT NULL,
    -- The IANA zone that the venue's clocks show.
    time_zone        text,
    -- What one ticket costs now; a booking keeps what it cost then.
    price_minor      bigint      NOT NULL,
    currency         text        NOT NULL,
    -- When tickets are sold; NULL: from the beginning, and until sales close before the start.
    sales_start_at   timestamptz,
    sales_end_at     timestamptz,
    -- How many tickets one user may have; NULL: any number.
    tickets_per_user integer,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    -- Nobody sees it any more, but its bookings have something to refer to.
    deleted_at       timestamptz,
    CONSTRAINT events_one_pool UNIQUE (pool_id),
    CONSTRAINT events_pool FOREIGN KEY (pool_id) REFERENCES pools (id),
    CONSTRAINT events_named CHECK (name <> ''),
    CONSTRAINT events_price_not_negative CHECK (price_minor >= 0),
    CONSTRAINT events_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT events_sales_window CHECK (sales_start_at < sales_end_at),
    CONSTRAINT events_tickets_per_user_positive CHECK (tickets_per_user > 0)
);

-- What an event's confirmed bookings add up to. It changes in the transaction that confirms a booking or
-- ends a confirmed one; apart from the event, because it is written so often.
CREATE TABLE event_sales (
    event_id      uuid   NOT NULL,
    units_sold    bigint NOT NULL DEFAULT 0,
    revenue_minor bigint NOT NULL DEFAULT 0,
    CONSTRAINT event_sales_pkey PRIMARY KEY (event_id),
    CONSTRAINT event_sales_event FOREIGN KEY (event_id) REFERENCES events (id),
    CONSTRAINT event_sales_units_not_negative CHECK (units_sold >= 0),
    CONSTRAINT event_sales_revenue_not_negative CHECK (revenue_minor >= 0),
    CONSTRAINT event_sales_revenue_has_units CHECK (units_sold > 0 OR revenue_minor = 0)
)
-- Room on each page for the next version of a hot row. No index but the key.
WITH (fillfactor = 70);

-- A code that takes something off the price of a booking. Its uses are a pool: one unit a booking, taken in
-- the same hold as the tickets.
CREATE TABLE vouchers (
    id                  uuid        PRIMARY KEY,
    -- As it was made; it is found however it is written.
    code                text        NOT NULL,
    pool_id             bigint      NOT NULL,
    -- NULL: for any event.
    event_id            uuid,
    -- One of the two; an amount has a currency.
    percent_off         smallint,
    amount_off_minor    bigint,
    currency            text,
    -- One use is one booking, of so many tickets at most.
    max_tickets_per_use integer     NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT vouchers_code_form CHECK (code ~ '^[A-Za-z0-9_-]{1,40}$'),
    CONSTRAINT vouchers_one_pool UNIQUE (pool_id),
    CONSTRAINT vouchers_pool FOREIGN KEY (pool_id) REFERENCES pools (id),
    CONSTRAINT vouchers_event FOREIGN KEY (event_id) REFERENCES events (id),
    CONSTRAINT vouchers_percent_or_amount CHECK ((percent_off IS NULL) <> (amount_off_minor IS NULL)),
    CONSTRAINT vouchers_percent_range CHECK (percent_off BETWEEN 1 AND 100),
    CONSTRAINT vouchers_amount_positive CHECK (amount_off_minor > 0),
    CONSTRAINT vouchers_amount_has_currency CHECK ((amount_off_minor IS NULL) = (currency IS NULL)),
    CONSTRAINT vouchers_tickets_per_use_positive CHECK (max_tickets_per_use > 0)
);

CREATE UNIQUE INDEX vouchers_code_taken ON vouchers (upper(code));

-- The pool that a user's tickets to an event come out of too, made with the first booking that is limited.
CREATE TABLE ticket_limits (
    event_id uuid   NOT NULL,
    -- Opaque here: a user that is deleted and made anew is another one.
    user_id  uuid   NOT NULL,
    pool_id  bigint NOT NULL,
    CONSTRAINT ticket_limits_pkey PRIMARY KEY (event_id, user_id),
    CONSTRAINT ticket_limits_event FOREIGN KEY (event_id) REFERENCES events (id),
    CONSTRAINT ticket_limits_one_pool UNIQUE (pool_id),
    CONSTRAINT ticket_limits_pool FOREIGN KEY (pool_id) REFERENCES pools (id)
);

-- What a booking of the channel 'event' has besides, where others have flights. Written in the transaction that holds
-- its tickets.
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
    CONSTRAINT event_bookings_pkey PRIMARY KEY (booking_id),
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

-- Attempts to pay for a booking that were declined: the history of its job, which is the booking's own row.
CREATE TABLE payment_failures (
    booking_id bigint      NOT NULL,
    attempt    smallint    NOT NULL,
    code       text        NOT NULL,
    message    text        NOT NULL,
    failed_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT payment_failures_pkey PRIMARY KEY (booking_id, attempt),
    CONSTRAINT payment_failures_booking FOREIGN KEY (booking_id) REFERENCES bookings (id),
    CONSTRAINT payment_failures_attempt_positive CHECK (attempt > 0)
);

-- Jobs that kept failing. Requeued ones stay, as history.
CREATE TABLE dead_letters (
    id          uuid        PRIMARY KEY,
    booking_id  bigint      NOT NULL,
    -- How many attempts were made by then.
    attempts    smallint    NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    requeued_at timestamptz,
    CONSTRAINT dead_letters_once UNIQUE (booking_id, attempts),
    CONSTRAINT dead_letters_failure
        FOREIGN KEY (booking_id, attempts) REFERENCES payment_failures (booking_id, attempt)
);

-- For the queue of those that wait.
CREATE INDEX dead_letters_waiting ON dead_letters (id) WHERE requeued_at IS NULL;

CREATE TABLE ticket_options (
    id              uuid        PRIMARY KEY,
    pool_id         bigint      NOT NULL,
    name            text        NOT NULL,
    description     text        NOT NULL,
    -- Bound to its route and client, and to SHA-256 of all that the request asked for.
    idempotency_key text,
    request_digest  bytea,
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ticket_options_one_pool UNIQUE (pool_id),
    CONSTRAINT ticket_options_pool FOREIGN KEY (pool_id) REFERENCES pools (id),
    CONSTRAINT ticket_options_named CHECK (name <> ''),
    CONSTRAINT ticket_options_idempotency_key UNIQUE (idempotency_key),
    CONSTRAINT ticket_options_key_has_digest
        CHECK ((idempotency_key IS NULL) = (request_digest IS NULL))
);

-- A purchase is written in the transaction that sells its tickets, and has the id of the hold that has
-- them.
CREATE TABLE purchases (
    id               uuid        NOT NULL,
    ticket_option_id uuid        NOT NULL,
    -- Whose it is: opaque here.
    user_ref         text        NOT NULL,
    quantity         integer     NOT NULL,
    idempotency_key  text,
    request_digest   bytea,
    created_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT purchases_pkey PRIMARY KEY (id),
    CONSTRAINT purchases_ticket_option
        FOREIGN KEY (ticket_option_id) REFERENCES ticket_options (id),
    CONSTRAINT purchases_quantity_positive CHECK (quantity > 0),
    CONSTRAINT purchases_key_has_digest
        CHECK ((idempotency_key IS NULL) = (request_digest IS NULL))
);

-- Few purchases have a key: the others cost this index nothing.
CREATE UNIQUE INDEX purchases_idempotency_key ON purchases (idempotency_key)
    WHERE idempotency_key IS NOT NULL;
