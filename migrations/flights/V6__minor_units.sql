-- Amounts are whole minor units of their currency, as ISO 4217 has them. They were hundredths whatever the
-- currency: those of currencies that have no hundredths are counted anew, to the nearest minor unit.
CREATE FUNCTION pg_temp.minor_units(hundredths bigint, code text) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN code IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG',
                      'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF')
            THEN round(hundredths / 100.0)::bigint
        WHEN code IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN hundredths * 10
        WHEN code IN ('CLF', 'UYW') THEN hundredths * 100
        ELSE hundredths
    END
$$;

UPDATE flights SET price_minor = pg_temp.minor_units(price_minor, currency)
WHERE price_minor <> pg_temp.minor_units(price_minor, currency);

COMMENT ON COLUMN flights.price_minor IS 'minor units of the currency, for one seat';
