-- An amount that is not known yet let this rule pass: a comparison with NULL refuses nothing.

ALTER TABLE bookings
    DROP CONSTRAINT bookings_confirmed_is_paid,
    ADD CONSTRAINT bookings_confirmed_is_paid
        CHECK (status <> 'confirmed' OR payment_id IS NOT NULL
            OR amount_minor IS NOT DISTINCT FROM 0);
