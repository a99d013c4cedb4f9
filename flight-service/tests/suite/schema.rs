//! The database refuses broken rules: each rule has a constraint.

use crate::support::{demo_database, empty_database};
use local_servers::database::connect;

#[tokio::test]
async fn every_rule_has_a_constraint() -> anyhow::Result<()> {
    let database = empty_database().await?;
    let sql = connect(database.url()).await?;
    let rows = sql
        .query(
            "SELECT conrelid::regclass::text || ' ' || conname || ' ' || CASE contype \
                 WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign key' WHEN 'p' THEN 'primary key' \
                 WHEN 'u' THEN 'unique' ELSE contype::text END \
             FROM pg_constraint \
             WHERE connamespace = 'public'::regnamespace AND contype <> 'n' AND convalidated \
                 AND conrelid::regclass::text NOT LIKE '%\\_migrations' \
                 AND NOT EXISTS (SELECT FROM pg_class WHERE oid = conrelid AND relispartition) \
             ORDER BY 1",
            &[],
        )
        .await?;
    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    adjustments adjustments_pkey primary key
    adjustments adjustments_units_not_zero check
    airports airports_code_is_iata check
    airports airports_latitude_in_range check
    airports airports_longitude_in_range check
    airports airports_pkey primary key
    archived_sums archived_sums_pkey primary key
    audit_log audit_log_named check
    audit_log audit_log_pkey primary key
    audit_log audit_log_role_known check
    audit_log_outcomes audit_log_outcomes_entry foreign key
    audit_log_outcomes audit_log_outcomes_pkey primary key
    audit_log_outcomes audit_log_outcomes_status_range check
    flights flights_arrive_after_departure check
    flights flights_currency_is_iso check
    flights flights_destination foreign key
    flights flights_go_somewhere check
    flights flights_one_departure unique
    flights flights_pkey primary key
    flights flights_pool foreign key
    flights flights_price_not_negative check
    flights flights_source foreign key
    hold_expiries hold_expiries_pkey primary key
    hold_legs hold_legs_pkey primary key
    hold_legs hold_legs_seats_match check
    hold_legs hold_legs_units_positive check
    holds holds_pkey primary key
    holds holds_refusal_named check
    holds holds_status_known check
    idempotency_keys idempotency_keys_digest_is_sha256 check
    idempotency_keys idempotency_keys_pkey primary key
    idempotency_keys idempotency_keys_status_is_final check
    imports imports_pkey primary key
    ledger ledger_accounts_known check
    ledger ledger_moves_between_accounts check
    ledger ledger_pkey primary key
    ledger ledger_units_positive check
    ledger_progress ledger_progress_has_one_row check
    ledger_progress ledger_progress_pkey primary key
    live_seats live_seats_one_hold primary key
    pool_checkpoints pool_checkpoints_pkey primary key
    pools pools_adjusted_within_sold check
    pools pools_free_not_negative check
    pools pools_held_not_negative check
    pools pools_pkey primary key
    pools pools_sold_not_negative check
    pools pools_units_balance check
    proof_violations proof_violations_pkey primary key
    schedule_version schedule_version_has_one_row check
    schedule_version schedule_version_pkey primary key
    ");
    Ok(())
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_by_its_name() -> anyhow::Result<()> {
    let database = demo_database().await?;
    let sql = connect(database.url()).await?;
    sql.batch_execute(
        "INSERT INTO holds VALUES
             ('00000000-0000-0000-0000-000000000001', 'a', 'held', NULL, '', NULL, 0, NULL, now()),
             ('00000000-0000-0000-0000-000000000002', 'b', 'held', NULL, '', NULL, 0, NULL, now());
         INSERT INTO hold_legs VALUES
             ('00000000-0000-0000-0000-000000000001', 17, 1, '{A1}'),
             ('00000000-0000-0000-0000-000000000002', 17, 1, '{A1}');
         INSERT INTO live_seats VALUES (17, 'A1', '00000000-0000-0000-0000-000000000001')",
    )
    .await?;
    for (statement, constraint) in [
        (
            "UPDATE pools SET free = -1, sold = sold + free + 1",
            "pools_free_not_negative",
        ),
        (
            "UPDATE pools SET held = -1, free = free + held + 1",
            "pools_held_not_negative",
        ),
        (
            "UPDATE pools SET free = free + 1 WHERE id = 1",
            "pools_units_balance",
        ),
        (
            "UPDATE pools SET adjusted = sold + 1 WHERE id = 1",
            "pools_adjusted_within_sold",
        ),
        (
            "INSERT INTO live_seats VALUES (17, 'A1', '00000000-0000-0000-0000-000000000002')",
            "live_seats_one_hold",
        ),
        ("UPDATE hold_legs SET units = 2", "hold_legs_seats_match"),
        (
            "UPDATE hold_legs SET units = 0, seats = '{}'",
            "hold_legs_units_positive",
        ),
        ("UPDATE holds SET status = 'lost'", "holds_status_known"),
        ("UPDATE holds SET status = 'refused'", "holds_refusal_named"),
        (
            "UPDATE flights SET destination = source",
            "flights_go_somewhere",
        ),
        (
            "UPDATE flights SET arrives_at = departs_at",
            "flights_arrive_after_departure",
        ),
        (
            "UPDATE flights SET price_minor = -1",
            "flights_price_not_negative",
        ),
        ("UPDATE flights SET source = 'XXX'", "flights_source"),
        ("UPDATE flights SET id = 99 WHERE id = 1", "flights_pool"),
        (
            "UPDATE flights SET flight_number = 'AI101', departs_at = '2024-02-15T02:30:00Z' WHERE id = 2",
            "flights_one_departure",
        ),
        (
            "INSERT INTO schedule_version VALUES (true, 7)",
            "schedule_version_pkey",
        ),
        (
            "INSERT INTO schedule_version VALUES (false, 7)",
            "schedule_version_has_one_row",
        ),
        (
            "INSERT INTO ledger VALUES (1, 9, 0, 'free', 'free', 1, 'x', NULL, now())",
            "ledger_moves_between_accounts",
        ),
        (
            "INSERT INTO ledger VALUES (1, 9, 0, 'free', 'sold', 0, 'x', NULL, now())",
            "ledger_units_positive",
        ),
        (
            "INSERT INTO ledger SELECT 1, 1, 0, 'free', 'sold', 1, 'x', NULL, '2024-01-01' FROM generate_series(1, 2)",
            "ledger_default_pkey",
        ),
    ] {
        let refused = sql.batch_execute(statement).await;
        let error = refused.err().and_then(|error| error.as_db_error().cloned());
        let refused_by = error.as_ref().and_then(|error| error.constraint());
        assert_eq!(refused_by, Some(constraint), "{statement}: {error:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_ledger_is_append_only() -> anyhow::Result<()> {
    let database = demo_database().await?;
    let sql = connect(database.url()).await?;
    for statement in [
        "UPDATE ledger SET units = 1",
        "DELETE FROM ledger",
        "TRUNCATE ledger",
        "DELETE FROM ledger_default",
        "DO $$ BEGIN EXECUTE 'DELETE FROM ledger_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM'); END $$",
    ] {
        let refused = sql.batch_execute(statement).await;
        let said = refused.err().and_then(|error| error.as_db_error().cloned());
        let said = said.map(|error| error.message().to_owned());
        assert_eq!(
            said.as_deref(),
            Some("the ledger is append-only"),
            "{statement}"
        );
    }
    Ok(())
}
