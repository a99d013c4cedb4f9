-- Version 1 of a pool creates it; then two versions for each booking (hold, confirm), and two for each pair of
-- resizes, 20 to 10 days before departure.
INSERT INTO ledger (pool_id, version, line, from_account, to_account, units, reason, cause, entered_at)
SELECT id, 1, 0, 'issued', 'free', 180, 'create', NULL, created_at
FROM pg_temp.numbered_flights($1, $2)
UNION ALL
SELECT flight_id, 2 + 2 * place, 0, 'free', 'held', 1, 'hold', hold_id, booked_at
FROM pg_temp.numbered_bookings($1, $2)
UNION ALL
SELECT flight_id, 3 + 2 * place, 0, 'held', 'sold', 1, 'confirm', hold_id, booked_at + interval '1 second'
FROM pg_temp.numbered_bookings($1, $2)
UNION ALL
SELECT id, 2 + 2 * bookings + step, 0, CASE step % 2 WHEN 0 THEN 'issued' ELSE 'free' END,
       CASE step % 2 WHEN 0 THEN 'free' ELSE 'issued' END, 10, 'resize', NULL,
       departs_at - interval '20 days' + step * interval '1 minute'
FROM pg_temp.numbered_flights($1, $2), generate_series(0, 2 * resizes - 1) AS step
