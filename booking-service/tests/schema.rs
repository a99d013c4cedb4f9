//! The bookings database enforces each rule with a named constraint.

#[path = "schema/bookings.rs"]
mod bookings;
#[path = "schema/event_bookings.rs"]
mod event_bookings;
#[path = "schema/tickets.rs"]
mod tickets;

use std::hash::{DefaultHasher, Hash, Hasher};

use anyhow::Context as _;
use booking_service::settings::Settings;
use booking_service::{db, migrate};
use test_stack::TestDatabase;
use tokio_postgres::{Client, NoTls};

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
                 AND conrelid::regclass::text NOT IN \
                     ('pools', 'holds', 'hold_legs', 'hold_expiries', 'live_seats', 'adjustments', 'ledger', \
                      'ledger_progress', 'pool_checkpoints', 'proof_violations', 'archived_sums') \
                 AND NOT EXISTS (SELECT FROM pg_class WHERE oid = conrelid AND relispartition) \
             UNION ALL \
             SELECT 'unique index ' || indexrelid::regclass::text FROM pg_index \
             WHERE indisunique AND indrelid::regclass::text <> 'pools' \
                 AND indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) \
                 AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) \
             ORDER BY 1",
            &[],
        )
        .await?;
    let lines: Vec<String> = rows
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    insta::assert_snapshot!(lines.join("\n"), @r"
    audit_log audit_log_named check
    audit_log audit_log_pkey primary key
    audit_log audit_log_role_known check
    audit_log_outcomes audit_log_outcomes_entry foreign key
    audit_log_outcomes audit_log_outcomes_pkey primary key
    audit_log_outcomes audit_log_outcomes_status_range check
    booking_legs booking_legs_booking foreign key
    booking_legs booking_legs_pkey primary key
    booking_legs booking_legs_seats_match check
    booking_legs booking_legs_units_positive check
    bookings bookings_amount_has_currency check
    bookings bookings_amount_not_negative check
    bookings bookings_answer_has_key check
    bookings bookings_attempt_not_negative check
    bookings bookings_channel_known check
    bookings bookings_charged_has_attempt check
    bookings bookings_confirmed_is_paid check
    bookings bookings_end_is_final check
    bookings bookings_end_shows_last check
    bookings bookings_flight_named check
    bookings bookings_hold unique
    bookings bookings_idempotency_key unique
    bookings bookings_money_task_known check
    bookings bookings_only_confirmed_sells_hold check
    bookings bookings_only_ended_is_compensated check
    bookings bookings_paying_has_attempt check
    bookings bookings_payment_code_cleared check
    bookings bookings_payment_code_form check
    bookings bookings_payment_failed_channel check
    bookings bookings_pkey primary key
    bookings bookings_public_status_known check
    bookings bookings_seat_change_is_whole check
    bookings bookings_seats_task_known check
    bookings bookings_state_known check
    bookings bookings_work_is_scheduled check
    dead_letters dead_letters_failure foreign key
    dead_letters dead_letters_once unique
    dead_letters dead_letters_pkey primary key
    deleted_users deleted_users_pkey primary key
    due_bookings due_bookings_pkey primary key
    event_bookings event_bookings_booking foreign key
    event_bookings event_bookings_discount_has_voucher check
    event_bookings event_bookings_discount_range check
    event_bookings event_bookings_event foreign key
    event_bookings event_bookings_pkey primary key
    event_bookings event_bookings_quantity_positive check
    event_bookings event_bookings_user foreign key
    event_bookings event_bookings_voucher foreign key
    event_sales event_sales_event foreign key
    event_sales event_sales_pkey primary key
    event_sales event_sales_revenue_has_units check
    event_sales event_sales_revenue_not_negative check
    event_sales event_sales_units_not_negative check
    events events_currency_form check
    events events_named check
    events events_one_pool unique
    events events_pkey primary key
    events events_pool foreign key
    events events_price_not_negative check
    events events_sales_window check
    events events_tickets_per_user_positive check
    idempotency_keys idempotency_keys_digest_is_sha256 check
    idempotency_keys idempotency_keys_pkey primary key
    idempotency_keys idempotency_keys_status_is_final check
    known_browsers known_browsers_digest_length check
    known_browsers known_browsers_pkey primary key
    known_browsers known_browsers_user foreign key
    passwords passwords_hashed check
    passwords passwords_pkey primary key
    passwords passwords_user foreign key
    payment_failures payment_failures_attempt_positive check
    payment_failures payment_failures_booking foreign key
    payment_failures payment_failures_pkey primary key
    purchases purchases_key_has_digest check
    purchases purchases_pkey primary key
    purchases purchases_quantity_positive check
    purchases purchases_ticket_option foreign key
    sessions sessions_digest_length check
    sessions sessions_expire_after_creation check
    sessions sessions_pkey primary key
    sessions sessions_user foreign key
    ticket_limits ticket_limits_event foreign key
    ticket_limits ticket_limits_one_pool unique
    ticket_limits ticket_limits_pkey primary key
    ticket_limits ticket_limits_pool foreign key
    ticket_options ticket_options_idempotency_key unique
    ticket_options ticket_options_key_has_digest check
    ticket_options ticket_options_named check
    ticket_options ticket_options_one_pool unique
    ticket_options ticket_options_pkey primary key
    ticket_options ticket_options_pool foreign key
    travelers travelers_booking foreign key
    travelers travelers_named check
    travelers travelers_pkey primary key
    unique index purchases_idempotency_key
    unique index vouchers_code_taken
    unpaid_orders unpaid_orders_digest_length check
    unpaid_orders unpaid_orders_pkey primary key
    users users_email_given check
    users users_email_taken unique
    users users_named check
    users users_pkey primary key
    users users_role_known check
    vouchers vouchers_amount_has_currency check
    vouchers vouchers_amount_positive check
    vouchers vouchers_code_form check
    vouchers vouchers_event foreign key
    vouchers vouchers_one_pool unique
    vouchers vouchers_percent_or_amount check
    vouchers vouchers_percent_range check
    vouchers vouchers_pkey primary key
    vouchers vouchers_pool foreign key
    vouchers vouchers_tickets_per_use_positive check
    ");
    Ok(())
}

/// Runs statements that each violate one constraint.
async fn each_is_refused_by_its_name(
    sql: &Client,
    planted: &[(String, &str)],
) -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    for (statement, constraint) in planted {
        let error = sql
            .batch_execute(statement)
            .await
            .err()
            .with_context(|| format!("accepted: {statement}"))?;
        let refused_by = error.as_db_error().and_then(|error| error.constraint());
        if refused_by != Some(*constraint) {
            wrong.push(format!("{constraint}, but {refused_by:?}: {statement}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}
