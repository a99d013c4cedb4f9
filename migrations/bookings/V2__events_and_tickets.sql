-- Events with their users, and ticket options with their purchases. How many tickets there are, and who
-- has them, is in the inventory's tables, which this database has too: an event and a ticket option each
-- have a pool of their own, and its capacity is all of their tickets.

-- The ids of pools. They never change and are never used again.
CREATE SEQUENCE pool_ids AS bigint;

CREATE TABLE users (
    id         uuid        PRIMARY KEY,
    name       text        NOT NULL,
    email      text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_named CHECK (name <> ''),
    CONSTRAINT users_email_given CHECK (email <> '')
);

-- An address belongs to one user, however it is written.
CREATE UNIQUE INDEX users_email_taken ON users (lower(email));

CREATE TABLE events (
    id            uuid        PRIMARY KEY,
    pool_id       bigint      NOT NULL,
    name          text        NOT NULL,
    description   text        NOT NULL,
    starts_at     timestamptz NOT NULL,
    -- What one ticket costs now, in hundredths; a booking keeps what it cost then.
    price_minor   bigint      NOT NULL,
    currency      text        NOT NULL,
    -- When tickets are sold; NULL: from the beginning, and until sales close before the start.
    on_sale_from  timestamptz,
    on_sale_until timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    -- Nobody sees it any more, but its bookings have something to refer to.
    deleted_at    timestamptz,
    CONSTRAINT events_one_pool UNIQUE (pool_id),
    CONSTRAINT events_pool FOREIGN KEY (pool_id) REFERENCES pools (id),
    CONSTRAINT events_named CHECK (name <> ''),
    CONSTRAINT events_price_not_negative CHECK (price_minor >= 0),
    CONSTRAINT events_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT events_sales_window CHECK (on_sale_from < on_sale_until)
);

-- What an event's confirmed bookings add up to. It changes in the transaction that confirms a booking or
-- ends a confirmed one; apart from the event, because it is written so often.
CREATE TABLE event_sales (
    event_id      uuid   NOT NULL,
    sold_units    bigint NOT NULL DEFAULT 0,
    revenue_minor bigint NOT NULL DEFAULT 0,
    CONSTRAINT event_sales_key PRIMARY KEY (event_id),
    CONSTRAINT event_sales_event FOREIGN KEY (event_id) REFERENCES events (id),
    CONSTRAINT event_sales_units_not_negative CHECK (sold_units >= 0),
    CONSTRAINT event_sales_revenue_not_negative CHECK (revenue_minor >= 0),
    CONSTRAINT event_sales_revenue_has_units CHECK (sold_units > 0 OR revenue_minor = 0)
)
-- Room on each page for the next version of a hot row. No index but the key.
WITH (fillfactor = 70);

CREATE TABLE ticket_options (
    id              uuid        PRIMARY KEY,
    pool_id         bigint      NOT NULL,
    name            text        NOT NULL,
    description     text        NOT NULL,
    -- Bound to its route and client, and to a digest of the body.
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
    CONSTRAINT purchases_key PRIMARY KEY (id),
    CONSTRAINT purchases_ticket_option
        FOREIGN KEY (ticket_option_id) REFERENCES ticket_options (id),
    CONSTRAINT purchases_quantity_positive CHECK (quantity > 0),
    CONSTRAINT purchases_key_has_digest
        CHECK ((idempotency_key IS NULL) = (request_digest IS NULL))
);

-- Few purchases have a key: the others cost this index nothing.
CREATE UNIQUE INDEX purchases_idempotency_key ON purchases (idempotency_key)
    WHERE idempotency_key IS NOT NULL;
