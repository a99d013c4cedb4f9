//! Constraints of event bookings.

use super::{database, each_is_refused_by_its_name};

/// Fixtures: events, users, vouchers, and an event booking with a declined attempt.
const TICKETS: &str = "
    CREATE FUNCTION id(n int) RETURNS uuid LANGUAGE sql IMMUTABLE
    AS $$ SELECT ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid $$;
    INSERT INTO pools (id, kind, capacity, free, held, sold, adjusted, version, updated_at)
    SELECT id, 'event_tickets', 9, 9, 0, 0, 0, 1, now() FROM generate_series(1, 9) AS id;
    INSERT INTO users (id, name, email, normalized_email)
    VALUES (id(1), 'Asha', 'asha@example.org', 'asha@example.org');
    INSERT INTO events (id, pool_id, name, description, starts_at, price_minor, currency)
    VALUES (id(1), 1, 'Gala', '', now(), 100, 'USD');
    INSERT INTO vouchers (id, code, pool_id, percent_off, max_tickets_per_use)
    VALUES (id(1), 'Ten', 2, 10, 10);
    INSERT INTO ticket_limits VALUES (id(1), id(1), 3);
    INSERT INTO bookings (id, channel, user_ref, payment_type, state, public_status, attempt, hold_id,
                          request_digest, deadline_at, next_step_at)
    VALUES (1, 'event', id(1)::text, 'upi', 'payment_failed', 'payment_failed', 3, id(1), '', now(), now());
    INSERT INTO event_bookings (booking_id, event_id, user_id, quantity, unit_price_minor)
    VALUES (1, id(1), id(1), 2, 100);
    INSERT INTO payment_failures VALUES (1, 3, 'payment_failed', 'Card declined');
    INSERT INTO dead_letters VALUES (id(1), 1, 3);";

#[tokio::test]
async fn what_breaks_a_rule_of_event_bookings_is_refused_by_its_name() -> anyhow::Result<()> {
    let (_database, sql) = database().await?;
    sql.batch_execute(TICKETS).await?;
    let voucher = |columns: &str, values: &str| {
        format!(
            "INSERT INTO vouchers (id, pool_id, max_tickets_per_use, {columns})
             VALUES (id(2), 4, 10, {values})"
        )
    };
    let booking = |columns: &str, values: &str| {
        let columns = format!("booking_id, event_id, quantity, unit_price_minor{columns}");
        format!("INSERT INTO event_bookings ({columns}) VALUES ({values})")
    };
    let update = |change: &str| format!("UPDATE event_bookings SET {change}");
    let bookings = |change: &str| format!("UPDATE bookings SET {change}");
    let planted = [
        (bookings("flight_ref = '1'"), "bookings_flight_named"),
        (
            bookings("channel = 'count', flight_ref = '1'"),
            "bookings_payment_failed_channel",
        ),
        (
            voucher("code, percent_off", "'A B', 1"),
            "vouchers_code_form",
        ),
        (
            voucher("code, percent_off", "'TEN', 1"),
            "vouchers_code_taken",
        ),
        (voucher("code", "'A'"), "vouchers_percent_or_amount"),
        (
            voucher(
                "code, percent_off, amount_off_minor, currency",
                "'A', 1, 1, 'USD'",
            ),
            "vouchers_percent_or_amount",
        ),
        (
            voucher("code, percent_off", "'A', 101"),
            "vouchers_percent_range",
        ),
        (
            voucher("code, percent_off", "'A', 1").replace(", 10,", ", 0,"),
            "vouchers_tickets_per_use_positive",
        ),
        (
            "INSERT INTO unpaid_orders (hold_id, user_ref) VALUES (id(1), 'u'), (id(1), 'v')"
                .to_owned(),
            "unpaid_orders_pkey",
        ),
        (
            "INSERT INTO unpaid_orders (hold_id, user_ref, network_digest) VALUES (id(1), 'u', '')"
                .to_owned(),
            "unpaid_orders_digest_length",
        ),
        (
            voucher("code, amount_off_minor, currency", "'A', 0, 'USD'"),
            "vouchers_amount_positive",
        ),
        (
            voucher("code, amount_off_minor", "'A', 1"),
            "vouchers_amount_has_currency",
        ),
        (
            voucher("code, percent_off, event_id", "'A', 1, id(9)"),
            "vouchers_event",
        ),
        (
            voucher("code, percent_off", "'A', 1").replace(", 4,", ", 2,"),
            "vouchers_one_pool",
        ),
        (
            voucher("code, percent_off", "'A', 1").replace(", 4,", ", 99,"),
            "vouchers_pool",
        ),
        (
            "UPDATE events SET tickets_per_user = 0".to_owned(),
            "events_tickets_per_user_positive",
        ),
        (
            "INSERT INTO ticket_limits VALUES (id(1), id(1), 4)".to_owned(),
            "ticket_limits_pkey",
        ),
        (
            "INSERT INTO ticket_limits VALUES (id(1), id(2), 3)".to_owned(),
            "ticket_limits_one_pool",
        ),
        (
            "INSERT INTO ticket_limits VALUES (id(1), id(2), 99)".to_owned(),
            "ticket_limits_pool",
        ),
        (
            "INSERT INTO ticket_limits VALUES (id(9), id(2), 4)".to_owned(),
            "ticket_limits_event",
        ),
        (booking("", "1, id(1), 1, 1"), "event_bookings_pkey"),
        (booking("", "9, id(1), 1, 1"), "event_bookings_booking"),
        (update("event_id = id(9)"), "event_bookings_event"),
        (update("user_id = id(9)"), "event_bookings_user"),
        (update("voucher_id = id(9)"), "event_bookings_voucher"),
        (update("quantity = 0"), "event_bookings_quantity_positive"),
        (
            update("discount_minor = 201, voucher_id = id(1)"),
            "event_bookings_discount_range",
        ),
        (
            update("discount_minor = 1"),
            "event_bookings_discount_has_voucher",
        ),
        (
            "INSERT INTO payment_failures VALUES (1, 3, 'a', 'b')".to_owned(),
            "payment_failures_pkey",
        ),
        (
            "INSERT INTO payment_failures VALUES (1, 0, 'a', 'b')".to_owned(),
            "payment_failures_attempt_positive",
        ),
        (
            "INSERT INTO payment_failures VALUES (9, 1, 'a', 'b')".to_owned(),
            "payment_failures_booking",
        ),
        (
            "INSERT INTO dead_letters VALUES (id(2), 1, 3)".to_owned(),
            "dead_letters_once",
        ),
        (
            "INSERT INTO dead_letters VALUES (id(2), 1, 2)".to_owned(),
            "dead_letters_failure",
        ),
    ];
    each_is_refused_by_its_name(&sql, &planted).await
}
