-- The ledger's partitions of past months.
SELECT ledger_add_month((now() AT TIME ZONE 'UTC' - make_interval(months => past))::date)
FROM generate_series(0, 27) AS past;
