//! Invariants across the three databases once every booking has reached its end.

use anyhow::ensure;
use test_stack::caller::SOON;
use test_stack::wait_until;

use crate::databases::Databases;
use crate::sql::{connect, count_by};

/// Bookings with work left; the others have ended, or wait for their customer or staff.
const UNFINISHED: &str = "
    SELECT count(*) FROM bookings
    WHERE next_step_at IS NOT NULL
        AND (state NOT IN ('held', 'payment_failed') OR requested_seats IS NOT NULL)";

/// Waits until no booking has work left, then has everything audited; and nothing is held but by an order that
/// waits for its customer.
pub async fn check_invariants(databases: &Databases) -> anyhow::Result<()> {
    let sql = connect(&databases.bookings).await?;
    wait_until("every booking has come to its end", SOON, async || {
        count_by(&sql, UNFINISHED).await.is_ok_and(|left| left == 0)
    })
    .await?;
    let verdict = databases.audit().await?;
    ensure!(verdict.unfinished.count == 0, "{verdict}");
    ensure!(verdict.unfinished.overdue == 0, "{verdict}");
    ensure!(
        verdict.charges_kept == verdict.confirmed_to_pay,
        "{verdict}"
    );
    ensure!(
        verdict.bookings.contains_key("held") || verdict.pools.held == 0,
        "units are still held: {verdict}"
    );
    Ok(())
}
