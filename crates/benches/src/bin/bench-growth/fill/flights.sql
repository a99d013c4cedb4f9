-- Each airport has flights to all the others.
INSERT INTO flights (id, flight_number, source, destination, departs_at, arrives_at, price_minor, currency)
SELECT id, 'HF' || 1 + id % 9999,
       'A' || chr(65 + source / 26) || chr(65 + source % 26),
       'A' || chr(65 + destination / 26) || chr(65 + destination % 26),
       departs_at, departs_at + interval '2 hours', 10000 + id % 5000, 'USD'
FROM pg_temp.numbered_flights($1, $2),
     LATERAL (SELECT (id % 40)::int AS source) AS sources,
     LATERAL (SELECT ((source + 1 + id / 40 % 39) % 40)::int AS destination) AS destinations
