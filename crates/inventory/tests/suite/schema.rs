//! The database refuses: the constraints that seats depend on exist, by name, and work.

use anyhow::Context as _;
use tokio_postgres::NoTls;

use crate::support::Bench;

#[tokio::test]
async fn every_rule_is_a_constraint() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let client = bench.pool()?.get().await?;
    let rows = client
        .query(
            "SELECT conname::text FROM pg_constraint
             WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'p', 'u')
               AND NOT (SELECT relispartition FROM pg_class WHERE oid = conrelid)
               AND conrelid <> 'inventory_migrations'::regclass
             ORDER BY conname",
            &[],
        )
        .await?;
    let names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let expected = [
        "adjustments_pkey",
        "adjustments_units_not_zero",
        "archived_sums_pkey",
        "hold_expiries_pkey",
        "hold_legs_pkey",
        "hold_legs_seats_match",
        "hold_legs_units_positive",
        "holds_pkey",
        "holds_refusal_named",
        "holds_status_known",
        "ledger_accounts_known",
        "ledger_moves_between_accounts",
        "ledger_pkey",
        "ledger_progress_has_one_row",
        "ledger_progress_pkey",
        "ledger_units_positive",
        "live_seats_one_hold",
        "pool_checkpoints_pkey",
        "pools_adjusted_within_sold",
        "pools_free_not_negative",
        "pools_held_not_negative",
        "pools_pkey",
        "pools_sold_not_negative",
        "pools_units_balance",
        "proof_violations_pkey",
    ];
    assert_eq!(names, expected);
    Ok(())
}

#[tokio::test]
async fn a_pool_can_not_be_oversold_behind_the_committer() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 10, None)]).await?;
    let client = bench.pool()?.get().await?;
    for (statement, constraint) in [
        (
            "UPDATE pools SET free = -1, sold = 11",
            "pools_free_not_negative",
        ),
        ("UPDATE pools SET sold = sold + 1", "pools_units_balance"),
        (
            "UPDATE pools SET adjusted = 1",
            "pools_adjusted_within_sold",
        ),
        ("UPDATE ledger SET units = 5", "the ledger is append-only"),
        ("DELETE FROM ledger", "the ledger is append-only"),
    ] {
        let error = client
            .execute(statement, &[])
            .await
            .err()
            .context(statement)?;
        let refusal = error.as_db_error().context("not refused by the database")?;
        let reason = refusal.constraint().unwrap_or(refusal.message());
        assert_eq!(reason, constraint, "{statement}");
    }
    Ok(())
}

#[tokio::test]
async fn a_seat_has_one_live_hold() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench
        .create(&[(1, 30, Some("rows A-C, seats 1-10".parse()?))])
        .await?;
    let (client, connection) = tokio_postgres::connect(bench.database.url(), NoTls).await?;
    tokio::spawn(connection);
    client
        .batch_execute(
            "INSERT INTO holds (id, owner, status, created_at)
             SELECT gen_random_uuid(), 'owner', 'held', now() FROM generate_series(1, 2);
             INSERT INTO hold_legs (hold_id, pool_id, units, seats)
             SELECT id, 1, 1, '{A1}' FROM holds;",
        )
        .await?;
    let insert = "INSERT INTO live_seats (pool_id, seat, hold_id) SELECT 1, 'A1', id FROM holds";
    let error = client
        .execute(insert, &[])
        .await
        .err()
        .context("two holds have one seat")?;
    let constraint = error.as_db_error().and_then(|error| error.constraint());
    assert_eq!(constraint, Some("live_seats_one_hold"));
    Ok(())
}
