//! Invariants across the three databases once every booking has reached its end.

use std::time::Duration;

use anyhow::ensure;
use reconcile::{Options, Urls, Verdict};
use test_stack::wait_until;

use crate::caller::SOON;
use crate::databases::{connect, count_by};
use crate::services::Services;

/// Bookings with work left; the others have ended, or wait for their customer or staff.
const UNFINISHED: &str = "
    SELECT count(*) FROM bookings
    WHERE next_step_at IS NOT NULL
        AND (state NOT IN ('held', 'payment_failed') OR requested_seats IS NOT NULL)";

impl Services {
    /// Waits until no booking has work left, then reconciles the databases; only unpaid orders may hold
    /// units.
    pub async fn check_invariants(&self) -> anyhow::Result<Verdict> {
        let sql = connect(&self.databases.bookings).await?;
        wait_until("every booking has ended", SOON, async || {
            count_by(&sql, UNFINISHED).await.is_ok_and(|left| left == 0)
        })
        .await?;

        let verdict = self.audit().await?;
        ensure!(verdict.clean, "{verdict}");
        ensure!(verdict.unfinished.count == 0, "{verdict}");
        ensure!(verdict.unfinished.overdue == 0, "{verdict}");
        ensure!(
            verdict.charges_kept == verdict.confirmed_to_pay,
            "{verdict}"
        );

        let proof = self.flights.get("/api/ledger/proof").await?;
        ensure!(proof.body["holds"] == true, "{}", proof.text);
        ensure!(
            verdict.bookings.contains_key("held") || proof.body["held"] == 0,
            "units are still held: {}",
            proof.text
        );
        Ok(verdict)
    }

    /// Reconciles the databases in their current state.
    pub async fn audit(&self) -> anyhow::Result<Verdict> {
        let urls = Urls {
            flights: self.databases.flights.url().to_owned(),
            bookings: self.databases.bookings.url().to_owned(),
            payments: self.databases.payments.url().to_owned(),
        };
        let options = Options {
            overdue_after: Duration::from_secs(5),
        };
        Ok(reconcile::audit(&urls, &options).await?)
    }
}
