INSERT INTO charges (payment_id, status, kind, booking_ref, user_ref, amount_minor, currency, payment_type, message,
                     idempotency_key, request_digest, attempt, created_at, ended_at)
SELECT payment_id, 'success', 'process', to_jsonb('booking ' || id), to_jsonb(user_ref), 10000, 'USD',
       'credit_card', 'Payment successful', 'booking ' || hold_id || '/1', decode(repeat('00', 32), 'hex'), 1,
       booked_at, booked_at + interval '1 second'
FROM pg_temp.numbered_bookings($1, $2)
