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
                 AND conrelid::regclass::text NOT IN \
                     ('pools', 'holds', 'hold_legs', 'live_seats', 'adjustments', 'ledger') \
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
    admin_actions admin_actions_key primary key
    admin_actions admin_actions_named check
    admin_actions admin_actions_role_known check
    booking_legs booking_legs_booking foreign key
    booking_legs booking_legs_key primary key
    booking_legs booking_legs_seats_match check
    booking_legs booking_legs_units_positive check
    bookings bookings_amount_has_currency check
    bookings bookings_amount_not_negative check
    bookings bookings_attempt_not_negative check
    bookings bookings_charged_has_attempt check
    bookings bookings_confirmed_is_paid check
    bookings bookings_door_known check
    bookings bookings_end_shows_last check
    bookings bookings_end_stays check
    bookings bookings_flight_named check
    bookings bookings_hold unique
    bookings bookings_idempotency_key unique
    bookings bookings_money_task_known check
    bookings bookings_only_ended_is_undone check
    bookings bookings_only_queued_is_parked check
    bookings bookings_only_sold_is_confirmed check
    bookings bookings_paying_has_attempt check
    bookings bookings_payment_code_forgotten check
    bookings bookings_payment_code_form check
    bookings bookings_pkey primary key
    bookings bookings_seat_change_is_whole check
    bookings bookings_seats_task_known check
    bookings bookings_shown_known check
    bookings bookings_state_known check
    bookings bookings_work_is_scheduled check
    dead_letters dead_letters_failure foreign key
    dead_letters dead_letters_once unique
    dead_letters dead_letters_pkey primary key
    event_bookings event_bookings_booking foreign key
    event_bookings event_bookings_discount_has_voucher check
    event_bookings event_bookings_discount_range check
    event_bookings event_bookings_event foreign key
    event_bookings event_bookings_key primary key
    event_bookings event_bookings_quantity_positive check
    event_bookings event_bookings_user foreign key
    event_bookings event_bookings_voucher foreign key
    event_sales event_sales_event foreign key
    event_sales event_sales_key primary key
    event_sales event_sales_revenue_has_units check
    event_sales event_sales_revenue_not_negative check
    event_sales event_sales_units_not_negative check
    events events_currency_form check
    events events_idempotency_key unique
    events events_key_has_digest check
    events events_named check
    events events_one_pool unique
    events events_pkey primary key
    events events_pool foreign key
    events events_price_not_negative check
    events events_sales_window check
    events events_tickets_per_user_positive check
    passwords passwords_hashed check
    passwords passwords_key primary key
    passwords passwords_user foreign key
    payment_failures payment_failures_attempt_positive check
    payment_failures payment_failures_booking foreign key
    payment_failures payment_failures_key primary key
    purchases purchases_key primary key
    purchases purchases_key_has_digest check
    purchases purchases_quantity_positive check
    purchases purchases_ticket_option foreign key
    sessions sessions_digest_length check
    sessions sessions_end_after_beginning check
    sessions sessions_key primary key
    sessions sessions_user foreign key
    ticket_limits ticket_limits_event foreign key
    ticket_limits ticket_limits_key primary key
    ticket_limits ticket_limits_one_pool unique
    ticket_limits ticket_limits_pool foreign key
    ticket_options ticket_options_idempotency_key unique
    ticket_options ticket_options_key_has_digest check
    ticket_options ticket_options_named check
    ticket_options ticket_options_one_pool unique
    ticket_options ticket_options_pkey primary key
    ticket_options ticket_options_pool foreign key
    travelers travelers_booking foreign key
    travelers travelers_key primary key
    travelers travelers_named check
    unique index purchases_idempotency_key
    unique index users_email_taken
    unique index vouchers_code_taken
    users users_email_given check
    users users_idempotency_key unique
    users users_key_has_digest check
    users users_named check
    users users_pkey primary key
    users users_role_known check
    vouchers vouchers_amount_has_currency check
    vouchers vouchers_amount_positive check
    vouchers vouchers_code_form check
    vouchers vouchers_event foreign key
    vouchers vouchers_idempotency_key unique
    vouchers vouchers_key_has_digest check
    vouchers vouchers_one_pool unique
    vouchers vouchers_percent_or_amount check
    vouchers vouchers_percent_range check
    vouchers vouchers_pkey primary key
    vouchers vouchers_pool foreign key
    ");
    Ok(())
}

/// A booking that is pending, with some columns replaced.
fn booking(changes: &[(&str, &str)]) -> String {
    let mut columns = vec![
        ("door", "'count'"),
        ("user_ref", "'1'"),
        ("flight_ref", "'1'"),
        ("payment_type", "'upi'"),
        ("state", "'pending'"),
        ("shown", "'pending'"),
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
    let failed = [("state", "'failed'"), ("shown", "'failed'")];
    let confirmed = [("state", "'confirmed'"), ("shown", "'confirmed'")];
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
        (booking(&[("door", "'back'")]), "bookings_door_known"),
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
            // A state that is not known breaks this rule first, whatever is shown.
            booking(&[("state", "'lost'"), ("shown", "'lost'")]),
            "bookings_shown_known",
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
            booking(&[("state", "'paying'"), ("shown", "'paying'")]),
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
            "bookings_only_sold_is_confirmed",
        ),
        (
            booking(&[("money_task", "'settle'")]),
            "bookings_only_ended_is_undone",
        ),
        (
            booking(&[failed[0], failed[1], ("seats_task", "'release'")]),
            "bookings_end_shows_last",
        ),
        (booking(&[failed[0], done]), "bookings_end_shows_last"),
        (
            booking(&[
                failed[0],
                ("shown", "'expired'"),
                ("seats_task", "'release'"),
            ]),
            "bookings_end_stays",
        ),
        (
            booking(&[("wanted_seats", "'[]'")]),
            "bookings_seat_change_is_whole",
        ),
        (
            booking(&[
                ("payment_code", "'1234'"),
                ("state", "'paying'"),
                ("shown", "'paying'"),
                ("attempt", "1"),
            ]),
            "bookings_payment_code_form",
        ),
        (
            booking(&[("payment_code", "'12345'")]),
            "bookings_payment_code_forgotten",
        ),
        (
            "INSERT INTO booking_legs VALUES (99, 1, 1, 1, '{}')".to_owned(),
            "booking_legs_booking",
        ),
        (
            "INSERT INTO booking_legs VALUES (1, 1, 1, 1, '{}'), (1, 1, 2, 1, '{}')".to_owned(),
            "booking_legs_key",
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

#[tokio::test]
async fn what_breaks_a_rule_of_tickets_is_refused_by_its_name() -> anyhow::Result<()> {
    let (_database, sql) = database().await?;
    sql.batch_execute(
        "INSERT INTO pools (id, kind, capacity, free, held, sold, adjusted, version, updated_at)
         SELECT id, 'event_tickets', 9, 9, 0, 0, 0, 1, now() FROM generate_series(1, 9) AS id;
         INSERT INTO users (id, name, email) VALUES (gen_random_uuid(), 'Asha', 'asha@example.org')",
    )
    .await?;
    let event = |pool: i64, name: &str, price: i64, currency: &str, from: &str, until: &str| {
        format!(
            "INSERT INTO events (id, pool_id, name, description, starts_at, price_minor, currency, \
                                 on_sale_from, on_sale_until) \
             VALUES ('00000000-0000-0000-0000-{pool:012}', {pool}, '{name}', '', now(), {price}, \
                     '{currency}', {from}, {until})"
        )
    };
    let option = |pool: i64, name: &str, key: &str, digest: &str| {
        format!(
            "INSERT INTO ticket_options (id, pool_id, name, description, idempotency_key, \
                                         request_digest) \
             VALUES ('00000000-0000-0000-0000-{pool:012}', {pool}, '{name}', '', {key}, {digest})"
        )
    };
    let user = |name: &str, email: &str| {
        format!(
            "INSERT INTO users (id, name, email) VALUES (gen_random_uuid(), '{name}', '{email}')"
        )
    };
    let purchase = |id: i64, option: i64, quantity: i64, key: &str, digest: &str| {
        format!(
            "INSERT INTO purchases (id, ticket_option_id, user_ref, quantity, idempotency_key, \
                                    request_digest) \
             VALUES ('00000000-0000-0000-0000-{id:012}', '00000000-0000-0000-0000-{option:012}', \
                     'u', {quantity}, {key}, {digest})"
        )
    };
    let sales = |event: i64, units: i64, revenue: i64| {
        format!(
            "INSERT INTO event_sales (event_id, sold_units, revenue_minor) \
             VALUES ('00000000-0000-0000-0000-{event:012}', {units}, {revenue})"
        )
    };
    let none = "NULL";
    sql.batch_execute(&event(1, "Gala", 0, "USD", none, none))
        .await?;
    sql.batch_execute(&sales(1, 0, 0)).await?;
    sql.batch_execute(&option(2, "Pit", "'k'", "'d'")).await?;
    sql.batch_execute(&purchase(3, 2, 1, "'k'", "'d'")).await?;
    let planted = [
        (user("", "a@example.org"), "users_named"),
        (user("Ben", ""), "users_email_given"),
        (user("Ben", "ASHA@example.ORG"), "users_email_taken"),
        (
            "UPDATE users SET role = 'service'".to_owned(),
            "users_role_known",
        ),
        (event(99, "Gala", 0, "USD", none, none), "events_pool"),
        (
            event(1, "Gala", 0, "USD", none, none).replacen("'0000", "'1000", 1),
            "events_one_pool",
        ),
        (event(4, "", 0, "USD", none, none), "events_named"),
        (
            event(4, "Gala", -1, "USD", none, none),
            "events_price_not_negative",
        ),
        (
            event(4, "Gala", 0, "usd", none, none),
            "events_currency_form",
        ),
        (
            event(4, "Gala", 0, "USD", "now()", "now()"),
            "events_sales_window",
        ),
        (sales(1, 1, 1), "event_sales_key"),
        (sales(4, 1, 1), "event_sales_event"),
        (
            "UPDATE event_sales SET sold_units = -1".to_owned(),
            "event_sales_units_not_negative",
        ),
        (
            "UPDATE event_sales SET sold_units = 1, revenue_minor = -1".to_owned(),
            "event_sales_revenue_not_negative",
        ),
        (
            "UPDATE event_sales SET revenue_minor = 1".to_owned(),
            "event_sales_revenue_has_units",
        ),
        (option(99, "Pit", none, none), "ticket_options_pool"),
        (
            option(2, "Pit", none, none).replacen("'0000", "'1000", 1),
            "ticket_options_one_pool",
        ),
        (option(5, "", none, none), "ticket_options_named"),
        (
            option(5, "Pit", "'k'", "'d'"),
            "ticket_options_idempotency_key",
        ),
        (
            option(5, "Pit", "'other'", none),
            "ticket_options_key_has_digest",
        ),
        (purchase(3, 2, 1, none, none), "purchases_key"),
        (purchase(4, 99, 1, none, none), "purchases_ticket_option"),
        (purchase(4, 2, 0, none, none), "purchases_quantity_positive"),
        (purchase(4, 2, 1, "'k'", "'d'"), "purchases_idempotency_key"),
        (purchase(4, 2, 1, none, "'d'"), "purchases_key_has_digest"),
    ];
    each_is_refused_by_its_name(&sql, &planted).await
}

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
    INSERT INTO bookings (id, door, user_ref, payment_type, state, shown, attempt, hold_id,
                          request_digest, deadline_at, next_step_at)
    VALUES (1, 'event', id(1)::text, 'upi', 'parked', 'parked', 3, id(1), '', now(), now());
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
            bookings("door = 'count', flight_ref = '1'"),
            "bookings_only_queued_is_parked",
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

/// Runs statements of which each breaks one rule.
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
