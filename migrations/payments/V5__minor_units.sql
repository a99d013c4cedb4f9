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

-- Refunds add up to what is counted on their charge, so they are rounded as they run up.
UPDATE refunds SET amount_minor = greatest(1, counted.until - counted.before)
FROM (
    SELECT refund.refund_id,
        pg_temp.minor_units((sum(refund.amount_minor) OVER earlier)::bigint, charge.currency) AS until,
        pg_temp.minor_units((sum(refund.amount_minor) OVER earlier - refund.amount_minor)::bigint,
                            charge.currency) AS before
    FROM refunds refund JOIN charges charge ON charge.payment_id = refund.payment_id
    WINDOW earlier AS (PARTITION BY refund.payment_id ORDER BY refund.refunded_at, refund.refund_id
                       ROWS UNBOUNDED PRECEDING)
) AS counted
WHERE refunds.refund_id = counted.refund_id
    AND refunds.amount_minor <> counted.until - counted.before;

UPDATE charges SET
    amount_minor = greatest(1, pg_temp.minor_units(amount_minor, currency), refunded.minor),
    refunded_minor = refunded.minor
FROM (
    SELECT charge.payment_id, coalesce(sum(refund.amount_minor), 0)::bigint AS minor
    FROM charges charge LEFT JOIN refunds refund ON refund.payment_id = charge.payment_id
    WHERE charge.amount_minor <> pg_temp.minor_units(charge.amount_minor, charge.currency)
    GROUP BY charge.payment_id
) AS refunded
WHERE charges.payment_id = refunded.payment_id;
