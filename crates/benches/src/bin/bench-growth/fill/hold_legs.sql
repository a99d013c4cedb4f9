INSERT INTO hold_legs (hold_id, pool_id, units, seats)
SELECT hold_id, flight_id, 1, '{}' FROM pg_temp.numbered_bookings($1, $2)
