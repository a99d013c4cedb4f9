//! Constraints of ticket options, purchases, users and events.

use super::{database, each_is_refused_by_its_name};

#[tokio::test]
async fn what_breaks_a_rule_of_tickets_is_refused_by_its_name() -> anyhow::Result<()> {
    let (_database, sql) = database().await?;
    sql.batch_execute(
        "INSERT INTO pools (id, kind, capacity, free, held, sold, adjusted, version, updated_at)
         SELECT id, 'event_tickets', 9, 9, 0, 0, 0, 1, now() FROM generate_series(1, 9) AS id;
         INSERT INTO users (id, name, email, normalized_email)
         VALUES (gen_random_uuid(), 'Asha', 'asha@example.org', 'asha@example.org')",
    )
    .await?;
    let event = |pool: i64, name: &str, price: i64, currency: &str, from: &str, until: &str| {
        format!(
            "INSERT INTO events (id, pool_id, name, description, starts_at, price_minor, currency, \
                                 sales_start_at, sales_end_at) \
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
            "INSERT INTO users (id, name, email, normalized_email) \
             VALUES (gen_random_uuid(), '{name}', '{email}', lower('{email}'))"
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
            "INSERT INTO event_sales (event_id, units_sold, revenue_minor) \
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
        (sales(1, 1, 1), "event_sales_pkey"),
        (sales(4, 1, 1), "event_sales_event"),
        (
            "UPDATE event_sales SET units_sold = -1".to_owned(),
            "event_sales_units_not_negative",
        ),
        (
            "UPDATE event_sales SET units_sold = 1, revenue_minor = -1".to_owned(),
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
        (purchase(3, 2, 1, none, none), "purchases_pkey"),
        (purchase(4, 99, 1, none, none), "purchases_ticket_option"),
        (purchase(4, 2, 0, none, none), "purchases_quantity_positive"),
        (purchase(4, 2, 1, "'k'", "'d'"), "purchases_idempotency_key"),
        (purchase(4, 2, 1, none, "'d'"), "purchases_key_has_digest"),
    ];
    each_is_refused_by_its_name(&sql, &planted).await
}
