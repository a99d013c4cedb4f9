-- As services that ran all the time would have left them: each pool was checked after its last entry.
INSERT INTO pool_checkpoints (pool_id, version, capacity, free, held, sold, adjusted, checked_at, settles_at, settled)
SELECT id, 1 + 2 * (bookings + resizes), 180, 180 - bookings, 0, bookings, 0, now(),
       departs_at + interval '1 day', departs_at + interval '1 day' <= now()
FROM pg_temp.numbered_flights($1, $2)
