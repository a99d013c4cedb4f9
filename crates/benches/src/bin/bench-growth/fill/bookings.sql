INSERT INTO bookings (id, channel, user_ref, flight_ref, travel_date, payment_type, state, public_status, attempt,
                      charged, hold_id, amount_minor, currency, held_at, payment_id, request_digest, deadline_at,
                      version, created_at, updated_at)
SELECT id, 'count', user_ref, flight_id::text, departs_at::date, 'credit_card', 'confirmed', 'confirmed', 1,
       true, hold_id, 10000, 'USD', booked_at, payment_id, '', booked_at + interval '15 minutes',
       3, booked_at, booked_at + interval '1 second'
FROM pg_temp.numbered_bookings($1, $2)
