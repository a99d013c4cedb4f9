-- The twenty cheapest itineraries from $1 to $2 with at most three stops that depart in [$3, $4), in the
-- search's own order.
WITH RECURSIVE itinerary AS (
    SELECT ARRAY[id] AS ids, ARRAY[source, destination] AS airports, destination AS airport,
           departs_at, arrives_at, price_minor, currency
    FROM flights
    WHERE source = $1 AND departs_at >= $3 AND departs_at < $4
  UNION ALL
    SELECT ids || next.id, airports || next.destination, next.destination,
           itinerary.departs_at, next.arrives_at, itinerary.price_minor + next.price_minor,
           itinerary.currency
    FROM itinerary
    JOIN flights next ON next.source = itinerary.airport
        AND next.departs_at >= itinerary.arrives_at + interval '45 minutes'
        AND next.departs_at <= itinerary.arrives_at + interval '4 hours'
        AND next.currency = itinerary.currency
        AND next.destination <> ALL (airports)
    WHERE itinerary.airport <> $2 AND cardinality(ids) < 4
)
SELECT ids
FROM itinerary
WHERE airport = $2
ORDER BY price_minor, arrives_at - departs_at, departs_at, ids
LIMIT 20
