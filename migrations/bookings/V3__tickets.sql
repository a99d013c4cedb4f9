-- Events with their bookings, vouchers and per-user limits, and ticket options with their purchases. The
-- inventory's tables, in this database too, count the tickets: each event and each ticket option has a pool
-- whose capacity is all of its tickets. Amounts are in minor units of their currency.

-- Pool ids are never reused.
CREATE SEQUENCE pool_ids AS bigint;

CREATE TABLE events (
    id               uuid        PRIMARY KEY,
    pool_id          bigint      NOT NULL,
    name             text        NOT NULL,
    description      text        NOT NULL,
    venue            text,
    starts_at        timestamptz NOT NULL,
    -- IANA name of the venue's time zone.
    time_zone        text,
    -- Current price of one ticket; a booking keeps the price at which it was made.
    price_minor      bigint      NOT NULL,
    currency         text        NOT NULL,
    -- The sales window. NULL: from creation, and until sales close before the start.
    sales_start_at   timestamptz,
    sales_end_at     timestamptz,
    -- Per-user limit; NULL: none.
    tickets_per_user integer,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    -- Hidden from everybody; the row stays because bookings refer to it.
    deleted_at       timestamptz,
    CONSTRAINT events_one_pool UNIQUE (pool_id),
    CONSTRAINT events_pool FOREIGN KEY (pool_id) REFERENCES pools (id),
    CONSTRAINT events_named CHECK (name <> ''),
    CONSTRAINT events_price_not_negative CHECK (price_minor >= 0),
    CONSTRAINT events_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT events_sales_window CHECK (sales_start_at < sales_end_at),
    CONSTRAINT events_tickets_per_user_positive CHECK (tickets_per_user > 0)
);

-- Totals of an event's confirmed bookings, changed in the transaction that confirms a booking or ends a
-- confirmed one. Apart from the event because it is written so often.
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
-- Free space on each page lets updates of a hot row stay on it (heap-only updates). No index but the key.
WITH (fillfactor = 70);

-- Discount codes. A voucher's uses are a pool: each booking takes one unit, in the same hold as its tickets.
CREATE TABLE vouchers (
    id                  uuid        PRIMARY KEY,
    -- Compared without regard to case.
    code                text        NOT NULL,
    pool_id             bigint      NOT NULL,
    -- NULL: valid for any event.
    event_id            uuid,
    -- Exactly one of the two; an amount has a currency.
    percent_off         smallint,
    amount_off_minor    bigint,
    currency            text,
    -- One use covers one booking of at most this many tickets.
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

-- The pool of a user's limit for an event, created with the first limited booking. The tickets are taken from
-- it too.
CREATE TABLE ticket_limits (
    event_id uuid   NOT NULL,
    -- No foreign key: a user who was deleted and signs up again has another id.
    user_id  uuid   NOT NULL,
    pool_id  bigint NOT NULL,
    CONSTRAINT ticket_limits_pkey PRIMARY KEY (event_id, user_id),
    CONSTRAINT ticket_limits_event FOREIGN KEY (event_id) REFERENCES events (id),
    CONSTRAINT ticket_limits_one_pool UNIQUE (pool_id),
    CONSTRAINT ticket_limits_pool FOREIGN KEY (pool_id) REFERENCES pools (id)
);

-- The part of a booking of channel 'event' that takes the place of flight legs. Written in the transaction
-- that holds its tickets.
CREATE TABLE event_bookings (
    booking_id       bigint  NOT NULL,
    event_id         uuid    NOT NULL,
    -- NULL once the user was deleted; `bookings.user_ref` keeps the id as text.
    user_id          uuid,
    quantity         integer NOT NULL,
    -- Price of one ticket when it was booked, and the voucher's discount on all of them. The discount never
    -- exceeds the price, so the total is never negative.
    unit_price_minor bigint  NOT NULL,
    voucher_id       uuid,
    discount_minor   bigint  NOT NULL DEFAULT 0,
    CONSTRAINT event_bookings_pkey PRIMARY KEY (booking_id),
    CONSTRAINT event_bookings_booking FOREIGN KEY (booking_id) REFERENCES bookings (id),
    CONSTRAINT event_bookings_event FOREIGN KEY (event_id) REFERENCES events (id),
    -- The foreign key locks the user's row, so that no user is deleted while a booking is being made.
    CONSTRAINT event_bookings_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT event_bookings_voucher FOREIGN KEY (voucher_id) REFERENCES vouchers (id),
    CONSTRAINT event_bookings_quantity_positive CHECK (quantity > 0),
    CONSTRAINT event_bookings_discount_range
        CHECK (discount_minor BETWEEN 0 AND unit_price_minor * quantity),
    CONSTRAINT event_bookings_discount_has_voucher CHECK (discount_minor = 0 OR voucher_id IS NOT NULL)
);

-- For the deletion of a user.
CREATE INDEX event_bookings_by_user ON event_bookings (user_id);

-- Declined payment attempts: the history of the payment job, which is the booking's own row.
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

-- Payment jobs that kept failing. Requeued ones stay as history.
CREATE TABLE dead_letters (
    id          uuid        PRIMARY KEY,
    booking_id  bigint      NOT NULL,
    -- Attempts made until then.
    attempts    smallint    NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    requeued_at timestamptz,
    CONSTRAINT dead_letters_once UNIQUE (booking_id, attempts),
    CONSTRAINT dead_letters_failure
        FOREIGN KEY (booking_id, attempts) REFERENCES payment_failures (booking_id, attempt)
);

-- For the list of open dead letters.
CREATE INDEX dead_letters_waiting ON dead_letters (id) WHERE requeued_at IS NULL;

CREATE TABLE ticket_options (
    id              uuid        PRIMARY KEY,
    pool_id         bigint      NOT NULL,
    name            text        NOT NULL,
    description     text        NOT NULL,
    -- The key is bound to its route, its client and the SHA-256 of its request.
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

-- Written in the transaction that sells its tickets; its id is that of their hold.
CREATE TABLE purchases (
    id               uuid        NOT NULL,
    ticket_option_id uuid        NOT NULL,
    -- Opaque: no foreign key.
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

-- Partial: few purchases have a key, and the others cost this index nothing.
CREATE UNIQUE INDEX purchases_idempotency_key ON purchases (idempotency_key)
    WHERE idempotency_key IS NOT NULL;
