-- Which flight each idempotency key put into the schedule, written with the flight.
CREATE TABLE flight_keys (
    -- With the client and the route that it came from.
    idempotency_key text        PRIMARY KEY,
    -- SHA-256 of what was asked for.
    request_digest  bytea       NOT NULL,
    flight_id       bigint      NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT flight_keys_digest_is_sha256 CHECK (octet_length(request_digest) = 32),
    CONSTRAINT flight_keys_flight FOREIGN KEY (flight_id) REFERENCES flights (id)
);
