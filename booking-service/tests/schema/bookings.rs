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

/// Inserts a pending booking, and returns its id.
async fn inserted(sql: &tokio_postgres::Client) -> anyhow::Result<i64> {
    let insert = format!("{} RETURNING id", booking(&[]));
    Ok(sql.query_one(&insert, &[]).await?.try_get(0)?)
}

#[tokio::test]
async fn a_booking_is_due_when_its_next_step_is() -> anyhow::Result<()> {
    let (_database, sql) = database().await?;
    let id = inserted(&sql).await?;
    let differing = "SELECT count(*) FROM bookings FULL JOIN due_bookings ON booking_id = id
                     WHERE next_step_at IS DISTINCT FROM due_at";
    let changes = [
        "next_step_at = now() + interval '1 minute'",
        "user_ref = '2'",
        "state = 'confirmed', public_status = 'confirmed', channel = 'simple', next_step_at = NULL",
        "seats_task = 'confirm', next_step_at = now()",
    ];
    for change in changes {
        sql.batch_execute(&format!("UPDATE bookings SET {change}"))
            .await?;
        let found: i64 = sql.query_one(differing, &[]).await?.try_get(0)?;
        assert_eq!(found, 0, "{change}");
    }
    sql.execute("DELETE FROM bookings WHERE id = $1", &[&id])
        .await?;
    let left = sql
        .query_one("SELECT count(*) FROM due_bookings", &[])
        .await?;
    assert_eq!(left.try_get::<_, i64>(0)?, 0);
    Ok(())
}

/// An index with a column that changes would be written with each change of a booking.
#[tokio::test]
async fn the_changes_of_a_paid_booking_touch_no_index() -> anyhow::Result<()> {
    let (_database, sql) = database().await?;
    inserted(&sql).await?;
    sql.batch_execute("BEGIN").await?;
    for change in [
        "state = 'paying', public_status = 'paying', attempt = 1",
        "state = 'confirmed', public_status = 'confirmed', charged = true, payment_id = gen_random_uuid(),
         amount_minor = 1, currency = 'INR', held_at = now(), seats_task = 'confirm'",
        "seats_task = 'nothing', next_step_at = NULL",
    ] {
        sql.batch_execute(&format!("UPDATE bookings SET {change}, version = version + 1, updated_at = now()"))
            .await?;
    }
    let count = "SELECT pg_stat_get_xact_tuples_updated('bookings'::regclass),
                        pg_stat_get_xact_tuples_hot_updated('bookings'::regclass)";
    let row = sql.query_one(count, &[]).await?;
    let (all, heap_only): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    assert_eq!((all, heap_only), (3, 3));
    Ok(())
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
