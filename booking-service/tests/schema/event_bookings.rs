//! The rules of bookings of tickets.

use super::{database, each_is_refused_by_its_name};

/// An event, a user, a voucher, and a booking of the event with a declined attempt.
const TICKETS: &str = "
    CREATE FUNCTION id(n int) RETURNS uuid LANGUAGE sql IMMUTABLE
    AS $$ SELECT ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid $$;
    INSERT INTO pools (id, kind, capacity, free, held, sold, adjusted, version, updated_at)
    SELECT id, 'event_tickets', 9, 9, 0, 0, 0, 1, now() FROM generate_series(1, 9) AS id;
    INSERT INTO users (id, name, email, idempotency_key, request_digest)
    VALUES (id(1), 'Asha', 'asha@example.org', 'k', '');
    INSERT INTO events (id, pool_id, name, description, starts_at, price_minor, currency,
                        idempotency_key, request_digest)
    VALUES (id(1), 1, 'Gala', '', now(), 100, 'USD', 'k', '');
    INSERT INTO vouchers (id, code, pool_id, percent_off, idempotency_key, request_digest)
    VALUES (id(1), 'Ten', 2, 10, 'k', '');
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
        format!("INSERT INTO vouchers (id, pool_id, {columns}) VALUES (id(2), 4, {values})")
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
            "bookings_parked_waits_for_payment",
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
            voucher("code, percent_off, off_minor, currency", "'A', 1, 1, 'USD'"),
            "vouchers_percent_or_amount",
        ),
        (
            voucher("code, percent_off", "'A', 101"),
            "vouchers_percent_range",
        ),
        (
            voucher("code, percent_off, max_tickets_per_use", "'A', 1, 0"),
            "vouchers_tickets_per_use_positive",
        ),
        (
            "INSERT INTO unpaid_orders (hold_id, user_ref) VALUES (id(1), 'u'), (id(1), 'v')"
                .to_owned(),
            "unpaid_orders_key",
        ),
        (
            "INSERT INTO unpaid_orders (hold_id, user_ref, network) VALUES (id(1), 'u', '')"
                .to_owned(),
            "unpaid_orders_network_digest",
        ),
        (
            voucher("code, off_minor, currency", "'A', 0, 'USD'"),
            "vouchers_amount_positive",
        ),
        (
            voucher("code, off_minor", "'A', 1"),
            "vouchers_amount_has_currency",
        ),
        (
            voucher("code, percent_off, event_id", "'A', 1, id(9)"),
            "vouchers_event",
        ),
        (
            voucher(
                "code, percent_off, idempotency_key, request_digest",
                "'A', 1, 'k', ''",
            ),
            "vouchers_idempotency_key",
        ),
        (
            voucher("code, percent_off, idempotency_key", "'A', 1, 'l'"),
            "vouchers_key_has_digest",
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
            "UPDATE events SET request_digest = NULL".to_owned(),
            "events_key_has_digest",
        ),
        (
            "INSERT INTO events (id, pool_id, name, description, starts_at, price_minor, currency,
                                 idempotency_key, request_digest)
             VALUES (id(2), 5, 'Gala', '', now(), 1, 'USD', 'k', '')"
                .to_owned(),
            "events_idempotency_key",
        ),
        (
            "UPDATE users SET request_digest = NULL".to_owned(),
            "users_key_has_digest",
        ),
        (
            "INSERT INTO users (id, name, email, idempotency_key, request_digest)
             VALUES (id(2), 'Ben', 'ben@example.org', 'k', '')"
                .to_owned(),
            "users_idempotency_key",
        ),
        (
            "INSERT INTO ticket_limits VALUES (id(1), id(1), 4)".to_owned(),
            "ticket_limits_key",
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
        (booking("", "1, id(1), 1, 1"), "event_bookings_key"),
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
            "payment_failures_key",
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
