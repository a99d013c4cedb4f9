-- What the rows of all tables share. Flights are numbered by departure, from 0 on: the past ones over the last two
-- years, the others over the next two months. Bookings are numbered by flight, and are at least 30 days old; so are
-- pairs of resizes.

CREATE FUNCTION pg_temp.numbered_flights(first bigint, next bigint) RETURNS TABLE (
    id bigint, departs_at timestamptz, created_at timestamptz, first_booking bigint, bookings bigint,
    resizes bigint
) LANGUAGE sql STABLE AS $$
    SELECT n + 1, departs_at, least(:now, departs_at - interval '60 days'),
           least(n, :past_flights) * :bookings / :past_flights,
           least(n + 1, :past_flights) * :bookings / :past_flights
               - least(n, :past_flights) * :bookings / :past_flights,
           least(n + 1, :past_flights) * :resizes / :past_flights
               - least(n, :past_flights) * :resizes / :past_flights
    FROM generate_series(first, next - 1) AS n,
         LATERAL (SELECT date_trunc('second', CASE WHEN n < :past_flights
             THEN :now - interval '730 days' * ((:past_flights - n) / :past_flights::float8)
             ELSE :now + interval '1 day'
                  + interval '60 days' * ((n - :past_flights) / (:flights - :past_flights)::float8)
         END) AS departs_at) AS times
$$;

-- Each user has 20 bookings. Ids are time-ordered, as the services' are (UUID version 7).
CREATE FUNCTION pg_temp.numbered_bookings(first bigint, next bigint) RETURNS TABLE (
    id bigint, flight_id bigint, place bigint, departs_at timestamptz, booked_at timestamptz,
    hold_id uuid, payment_id uuid, user_ref text
) LANGUAGE sql STABLE AS $$
    SELECT number + 1, flight.id, number - first_booking, departs_at,
           departs_at - interval '31 days' + (number - first_booking) * interval '1 minute',
           ('00000000-0000-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid,
           ('00000000-0000-7000-9000-' || lpad(to_hex(number), 12, '0'))::uuid,
           (1 + number % :users)::text
    FROM pg_temp.numbered_flights(first, next) AS flight,
         generate_series(first_booking, first_booking + bookings - 1) AS number
$$;
