INSERT INTO airports (code, name, city, country, latitude, longitude, time_zone)
SELECT 'A' || chr(65 + n / 26) || chr(65 + n % 26), 'Airport ' || n, 'City ' || n, 'Somewhere',
       n - 20, n * 4 - 80, 'UTC'
FROM generate_series(0, 39) AS n;
