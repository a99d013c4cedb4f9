-- What requests under a key were answered, and payments whose declines their customers mend.

ALTER TABLE bookings
    -- What the request under its key was answered first, of all that may change afterwards; NULL until it
    -- was, and without a key.
    ADD COLUMN answer     jsonb,
    -- Whether whoever pays is there: a decline parks the booking, to be paid in another way.
    ADD COLUMN is_mended  boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT bookings_only_queued_is_payment_failed,
    ADD CONSTRAINT bookings_parked_waits_for_payment
        CHECK (state <> 'payment_failed' OR channel IN ('event', 'seats')),
    ADD CONSTRAINT bookings_answer_has_key
        CHECK (answer IS NULL OR idempotency_key IS NOT NULL);

-- For the dead letters whose bookings still wait: there are few at any time, whatever the history.
CREATE INDEX bookings_parked ON bookings (id) WHERE state = 'payment_failed';
