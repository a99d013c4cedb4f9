INSERT INTO booking_legs (booking_id, position, flight_id, units, seats)
SELECT id, 0, flight_id, 1, '{}' FROM pg_temp.numbered_bookings($1, $2)
