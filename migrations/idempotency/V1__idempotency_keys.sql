-- Answers to requests with an idempotency key, written in the transaction of the request's own work. Rows are
-- kept for a day, the lifetime of a key.

CREATE TABLE idempotency_keys (
    -- Prefixed with its client and route.
    key            text        PRIMARY KEY,
    -- SHA-256 of the request.
    request_digest bytea       NOT NULL,
    status         smallint    NOT NULL,
    -- Of the resource that was created, if any.
    location       text,
    body           text        NOT NULL,
    -- Hash of the request's secret, such as a password, which is in no digest.
    secret_hash    text,
    answered_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_keys_digest_is_sha256 CHECK (octet_length(request_digest) = 32),
    CONSTRAINT idempotency_keys_status_is_final CHECK (status BETWEEN 200 AND 499)
);

-- For the deletion of expired keys.
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (answered_at);
