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

UPDATE events SET price_minor = pg_temp.minor_units(price_minor, currency)
WHERE price_minor <> pg_temp.minor_units(price_minor, currency);

UPDATE vouchers SET off_minor = greatest(1, pg_temp.minor_units(off_minor, currency))
WHERE off_minor <> pg_temp.minor_units(off_minor, currency);

UPDATE event_bookings booked SET
    unit_price_minor = counted.unit_price_minor,
    discount_minor = least(counted.discount_minor, counted.unit_price_minor * booked.quantity)
FROM (
    SELECT one.booking_id,
        pg_temp.minor_units(one.unit_price_minor, booking.currency) AS unit_price_minor,
        pg_temp.minor_units(one.discount_minor, booking.currency) AS discount_minor
    FROM event_bookings one JOIN bookings booking ON booking.id = one.booking_id
) AS counted
WHERE counted.booking_id = booked.booking_id
    AND (booked.unit_price_minor, booked.discount_minor)
        <> (counted.unit_price_minor, counted.discount_minor);

UPDATE bookings SET amount_minor = pg_temp.minor_units(amount_minor, currency)
WHERE amount_minor <> pg_temp.minor_units(amount_minor, currency);

UPDATE event_sales sales SET revenue_minor = counted.minor
FROM (
    SELECT event.id, coalesce(sum(booking.amount_minor), 0)::bigint AS minor
    FROM events event
    LEFT JOIN (event_bookings one JOIN bookings booking
               ON booking.id = one.booking_id AND booking.state = 'confirmed')
        ON one.event_id = event.id
    WHERE pg_temp.minor_units(100, event.currency) <> 100
    GROUP BY event.id
) AS counted
WHERE counted.id = sales.event_id;

-- The total that the customer expects, before it is known in which currency: hundredths are too coarse for
-- some. `expected_minor` is written beside it for those who don't know this column yet.
ALTER TABLE bookings ADD COLUMN expected_total numeric(15, 4);
