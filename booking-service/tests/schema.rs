//! The bookings database itself refuses what must not be: each rule has a constraint, and each holds.

use std::hash::{DefaultHasher, Hash, Hasher};

use anyhow::Context as _;
use booking_service::settings::Settings;
use booking_service::{db, migrate};
use stack::testing::TestDatabase;
use tokio_postgres::{Client, NoTls};

/// A migrated database of one's own, and a connection to it.
async fn database() -> anyhow::Result<(TestDatabase, Client)> {
    let mut digest = DefaultHasher::new();
    for set in db::migrations() {
        for migration in set.runner.get_migrations() {
            migration.checksum().hash(&mut digest);
        }
    }
    let name = format!("bookings-{:016x}", digest.finish());
    let database = TestDatabase::create(&name, async |url| {
        let mut settings = Settings::load(None)?;
        settings.database.url = Some(url.into());
        migrate(&settings).await
    });
    let database = database.await?;
    let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await?;
    tokio::spawn(connection);
    Ok((database, client))
}

#[tokio::test]
async fn every_rule_has_a_constraint() -> anyhow::Result<()> {
    let (_database, sql) = database().await?;
    let rows = sql
        .query(
            "SELECT conrelid::regclass::text || ' ' || conname || ' ' || CASE contype \
                 WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign key' WHEN 'p' THEN 'primary key' \
                 WHEN 'u' THEN 'unique' ELSE contype::text END \
             FROM pg_constraint \
             WHERE connamespace = 'public'::regnamespace AND contype <> 'n' AND convalidated \
                 AND conrelid::regclass::text NOT LIKE '%\\_migrations' \
             ORDER BY 1",
            &[],
        )
        .await?;
    let lines: Vec<String> = rows
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    insta::assert_snapshot!(lines.join("\n"), @r"
    booking_legs booking_legs_booking foreign key
    booking_legs booking_legs_key primary key
    bookings bookings_amount_has_currency check
    bookings bookings_amount_not_negative check
    bookings bookings_charge_key unique
    bookings bookings_confirmed_is_paid check
    bookings bookings_ended_has_nothing_left check
    bookings bookings_hold unique
    bookings bookings_idempotency_key unique
    bookings bookings_outcome_known check
    bookings bookings_pkey primary key
    bookings bookings_seats_positive check
    bookings bookings_status_known check
    bookings bookings_step_known check
    bookings bookings_undoing_has_outcome check
    bookings bookings_work_is_scheduled check
    ");
    Ok(())
}

/// A booking that is pending, with some columns replaced.
fn booking(changes: &[(&str, &str)]) -> String {
    let mut columns = vec![
        ("user_ref", "'1'"),
        ("seats", "1"),
        ("travel_date", "'2024-02-15'"),
        ("payment_type", "'upi'"),
        ("hold_id", "gen_random_uuid()"),
        ("charge_key", "gen_random_uuid()"),
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
    let done = [("step", "'done'"), ("next_step_at", "NULL")];
    sql.batch_execute(&booking(&[
        ("hold_id", id),
        ("charge_key", id),
        ("idempotency_key", "'k1'"),
    ]))
    .await?;
    sql.batch_execute(&booking(&[("status", "'failed'"), done[0], done[1]]))
        .await?;
    for (statement, constraint) in [
        (booking(&[("hold_id", id)]), "bookings_hold"),
        (booking(&[("charge_key", id)]), "bookings_charge_key"),
        (
            booking(&[("idempotency_key", "'k1'")]),
            "bookings_idempotency_key",
        ),
        (booking(&[("seats", "0")]), "bookings_seats_positive"),
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
        (booking(&[("status", "'lost'")]), "bookings_status_known"),
        (booking(&[("step", "'lost'")]), "bookings_step_known"),
        (booking(&[("outcome", "'lost'")]), "bookings_outcome_known"),
        (
            booking(&[("next_step_at", "NULL")]),
            "bookings_work_is_scheduled",
        ),
        (booking(&[done[0]]), "bookings_work_is_scheduled"),
        (
            booking(&[("step", "'refund'")]),
            "bookings_undoing_has_outcome",
        ),
        (
            booking(&[("status", "'confirmed'"), ("step", "'confirm'")]),
            "bookings_confirmed_is_paid",
        ),
        (
            booking(&[("status", "'failed'")]),
            "bookings_ended_has_nothing_left",
        ),
        (
            "INSERT INTO booking_legs VALUES (99, 1, 1)".to_owned(),
            "booking_legs_booking",
        ),
        (
            "INSERT INTO booking_legs VALUES (1, 1, 1), (1, 1, 2)".to_owned(),
            "booking_legs_key",
        ),
    ] {
        let error = sql
            .batch_execute(&statement)
            .await
            .err()
            .with_context(|| format!("accepted: {statement}"))?;
        let refused_by = error.as_db_error().and_then(|error| error.constraint());
        assert_eq!(refused_by, Some(constraint), "{statement}: {error:?}");
    }
    Ok(())
}
