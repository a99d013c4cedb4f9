-- Charges and refunds. A constraint stands behind every rule that money depends on. Amounts are in minor
-- units of their currency (ISO 4217).

CREATE TABLE charges (
    payment_id       uuid        NOT NULL,
    -- 'closed' is a tombstone: no charge was made with this key, and none will be.
    status           text        NOT NULL,
    -- The call that made it; an idempotency key is bound to it.
    kind             text,
    -- Integer or string, as the caller sent it.
    booking_ref      jsonb,
    user_ref         jsonb,
    amount_minor     bigint,
    currency         text,
    -- As requested: an unknown type is recorded too, as a failed charge.
    payment_type     text,
    -- The caller's description of the purchase.
    reference        text,
    -- Cleared once the provider need not be asked again.
    payment_code     text,
    -- How it ended: a stable refusal code, and a text.
    code             text,
    message          text,
    refunded_minor   bigint      NOT NULL DEFAULT 0,
    idempotency_key  text,
    -- SHA-256 of the request; the key is bound to it.
    request_digest   bytea,
    -- Number of calls to the provider. Each takeover raises it, which fences off the worker before (fencing
    -- token).
    attempt          integer     NOT NULL DEFAULT 0,
    -- Until then the worker that called the provider is the one to record its outcome.
    lease_expires_at timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now(),
    ended_at         timestamptz,
    CONSTRAINT charges_pkey PRIMARY KEY (payment_id),
    -- A charge and a tombstone compete for a key here: one of them wins.
    CONSTRAINT charges_idempotency_key UNIQUE (idempotency_key),
    CONSTRAINT charges_idempotency_key_form
        CHECK (idempotency_key ~ '^[ -~]{1,255}$'),
    CONSTRAINT charges_status_known
        CHECK (status IN ('processing', 'success', 'failed', 'timeout', 'closed')),
    CONSTRAINT charges_kind_known
        CHECK (kind IN ('process', 'simulate_success', 'simulate_failure', 'simulate_timeout')),
    CONSTRAINT charges_tombstone_is_bare CHECK (
        CASE WHEN status = 'closed'
            THEN idempotency_key IS NOT NULL
                AND num_nonnulls(kind, booking_ref, user_ref, amount_minor, currency, payment_type,
                    reference, payment_code, code, message, request_digest) = 0
            ELSE num_nulls(kind, booking_ref, user_ref, amount_minor, currency, payment_type) = 0
        END
    ),
    CONSTRAINT charges_references_form CHECK (
        jsonb_typeof(booking_ref) IN ('number', 'string')
        AND jsonb_typeof(user_ref) IN ('number', 'string')
    ),
    CONSTRAINT charges_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT charges_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT charges_refunded_within_amount
        CHECK (refunded_minor BETWEEN 0 AND COALESCE(amount_minor, 0)),
    CONSTRAINT charges_refunded_was_captured CHECK (refunded_minor = 0 OR status = 'success'),
    CONSTRAINT charges_key_has_digest CHECK (
        status = 'closed' OR (idempotency_key IS NULL) = (request_digest IS NULL)
    ),
    CONSTRAINT charges_digest_length CHECK (octet_length(request_digest) = 32),
    CONSTRAINT charges_ended_has_time CHECK ((status = 'processing') = (ended_at IS NULL)),
    CONSTRAINT charges_ended_has_message
        CHECK (status = 'closed' OR (status = 'processing') = (message IS NULL)),
    CONSTRAINT charges_refusal_has_code
        CHECK ((status IN ('failed', 'timeout')) = (code IS NOT NULL)),
    CONSTRAINT charges_leased_while_processing
        CHECK ((status = 'processing') = (lease_expires_at IS NOT NULL)),
    CONSTRAINT charges_payment_code_form CHECK (payment_code ~ '^[0-9]{5}$'),
    CONSTRAINT charges_payment_code_cleared
        CHECK (status = 'processing' OR payment_code IS NULL)
)
-- A charge is inserted once and ended once: free space on its page for the second version keeps the update
-- out of the indexes (heap-only updates).
WITH (fillfactor = 50);

CREATE TABLE refunds (
    refund_id       uuid        NOT NULL,
    payment_id      uuid        NOT NULL,
    amount_minor    bigint      NOT NULL,
    idempotency_key text,
    -- SHA-256 of the request; the key is bound to it.
    request_digest  bytea,
    refunded_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT refunds_pkey PRIMARY KEY (refund_id),
    CONSTRAINT refunds_charge FOREIGN KEY (payment_id) REFERENCES charges (payment_id),
    CONSTRAINT refunds_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT refunds_idempotency_key UNIQUE (idempotency_key),
    CONSTRAINT refunds_idempotency_key_form CHECK (idempotency_key ~ '^[ -~]{1,255}$'),
    CONSTRAINT refunds_key_has_digest
        CHECK ((idempotency_key IS NULL) = (request_digest IS NULL)),
    CONSTRAINT refunds_digest_length CHECK (octet_length(request_digest) = 32)
);

CREATE INDEX refunds_by_charge ON refunds (payment_id);
