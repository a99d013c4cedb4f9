-- What requests under a key were answered, each written in the transaction that did what was asked. Rows are
-- kept for a day: as long as a key holds.

CREATE TABLE idempotency_keys (
    -- With the client and the route that it came from.
    key            text        PRIMARY KEY,
    -- SHA-256 of all that was asked for.
    request_digest bytea       NOT NULL,
    status         smallint    NOT NULL,
    -- Where what was made is, if anything was.
    location       text,
    body           text        NOT NULL,
    -- The hash of what the request named in secret, such as a password: it is in no digest.
    secret_hash    text,
    answered_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_keys_digest_is_sha256 CHECK (octet_length(request_digest) = 32),
    CONSTRAINT idempotency_keys_status_is_final CHECK (status BETWEEN 200 AND 499)
);

-- For those whose day is over.
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (answered_at);
