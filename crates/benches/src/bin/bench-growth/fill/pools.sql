INSERT INTO pools (id, kind, capacity, free, held, sold, adjusted, starts_at, version, updated_at)
SELECT id, 'flight_seats', 180, 180 - bookings, 0, bookings, 0, departs_at,
       1 + 2 * (bookings + resizes), created_at
FROM pg_temp.numbered_flights($1, $2)
