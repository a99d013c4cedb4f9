//! Constraints of bookings.

use super::{database, each_is_refused_by_its_name};

/// An INSERT of a pending booking, with some columns replaced.
fn booking(changes: &[(&str, &str)]) -> String {
    let mut columns = vec![
        ("channel", "'count'"),
        ("user_ref", "'1'"),
        ("flight_ref", "'1'"),
        ("payment_type", "'upi'"),
        ("state", "'pending'"),
        ("public_status", "'pending'"),
        ("hold_id", "gen_random_uuid()"),
        ("request_digest", "''"),
        ("deadline_at", "now()"),
        ("next_step_at", "now()"),
    ];
    for change in changes {
        columns.retain(|(name, _)| *name != change.0);
        columns.push(*change);
    }
    let (names, values): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    format!(
        "INSERT INTO bookings ({}) VALUES ({})",
        names.join(", "),
        values.join(", ")
    )
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_by_its_name() -> anyhow::Result<()> {
    let (_database, sql) = database().await?;
    let id = "'00000000-0000-0000-0000-000000000001'";
    let failed = [("state", "'failed'"), ("public_status", "'failed'")];
    let confirmed = [("state", "'confirmed'"), ("public_status", "'confirmed'")];
    let done = ("next_step_at", "NULL");
    sql.batch_execute(&booking(&[("hold_id", id), ("idempotency_key", "'k1'")]))
        .await?;
    sql.batch_execute(&booking(&[failed[0], failed[1], done]))
        .await?;
    let planted = [
        (booking(&[("hold_id", id)]), "bookings_hold"),
        (
            booking(&[("idempotency_key", "'k1'")]),
            "bookings_idempotency_key",
        ),
        (booking(&[("channel", "'back'")]), "bookings_channel_known"),
        (
            booking(&[("amount_minor", "-1"), ("currency", "'INR'")]),
            "bookings_amount_not_negative",
        ),
        (
            booking(&[("amount_minor", "1")]),
            "bookings_amount_has_currency",
        ),
        (
            booking(&[("currency", "'INR'")]),
            "bookings_amount_has_currency",
        ),
        (
            // An unknown state violates this constraint first.
            booking(&[("state", "'lost'"), ("public_status", "'lost'")]),
            "bookings_public_status_known",
        ),
        (
            booking(&[("seats_task", "'lost'")]),
            "bookings_seats_task_known",
        ),
        (
            booking(&[("money_task", "'lost'")]),
            "bookings_money_task_known",
        ),
        (
            booking(&[("attempt", "-1")]),
            "bookings_attempt_not_negative",
        ),
        (
            booking(&[("state", "'paying'"), ("public_status", "'paying'")]),
            "bookings_paying_has_attempt",
        ),
        (
            booking(&[("charged", "true")]),
            "bookings_charged_has_attempt",
        ),
        (booking(&[done]), "bookings_work_is_scheduled"),
        (
            booking(&[failed[0], failed[1]]),
            "bookings_work_is_scheduled",
        ),
        (
            booking(&[confirmed[0], confirmed[1], done]),
            "bookings_confirmed_is_paid",
        ),
        (
            booking(&[("seats_task", "'confirm'")]),
            "bookings_only_confirmed_sells_hold",
        ),
        (
            booking(&[("money_task", "'reverse'")]),
            "bookings_only_ended_is_compensated",
        ),
        (
            booking(&[failed[0], failed[1], ("seats_task", "'release'")]),
            "bookings_end_shows_last",
        ),
        (booking(&[failed[0], done]), "bookings_end_shows_last"),
        (
            booking(&[
                failed[0],
                ("public_status", "'expired'"),
                ("seats_task", "'release'"),
            ]),
            "bookings_end_is_final",
        ),
        (booking(&[("answer", "'{}'")]), "bookings_answer_has_key"),
        (
            booking(&[("requested_seats", "'[]'")]),
            "bookings_seat_change_is_whole",
        ),
        (
            booking(&[
                ("payment_code", "'1234'"),
                ("state", "'paying'"),
                ("public_status", "'paying'"),
                ("attempt", "1"),
            ]),
            "bookings_payment_code_form",
        ),
        (
            booking(&[("payment_code", "'12345'")]),
            "bookings_payment_code_cleared",
        ),
        (
            "INSERT INTO booking_legs VALUES (99, 1, 1, 1, '{}')".to_owned(),
            "booking_legs_booking",
        ),
        (
            "INSERT INTO booking_legs VALUES (1, 1, 1, 1, '{}'), (1, 1, 2, 1, '{}')".to_owned(),
            "booking_legs_pkey",
        ),
        (
            "INSERT INTO booking_legs VALUES (1, 1, 1, 0, '{}')".to_owned(),
            "booking_legs_units_positive",
        ),
        (
            "INSERT INTO booking_legs VALUES (1, 1, 1, 2, '{A1}')".to_owned(),
            "booking_legs_seats_match",
        ),
        (
            "INSERT INTO travelers VALUES (99, 1, 'Asha', 'Rao')".to_owned(),
            "travelers_booking",
        ),
        (
            "INSERT INTO travelers VALUES (1, 1, '', 'Rao')".to_owned(),
            "travelers_named",
        ),
    ];
    each_is_refused_by_its_name(&sql, &planted).await
}
