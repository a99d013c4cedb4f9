//! Whether seats, bookings and money agree afterwards, and with what was answered.

use std::time::Duration;

use anyhow::ensure;
use benches::ledger::ledger_proof;
use benches::oversell_check::check_taken;
use loadgen::console::line;
use loadgen::http::Target;
use local_servers::database::connect;
use reconcile::{Options, Urls, Verdict};
use test_stack::wait_for;

/// What the load was answered, over all rounds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answered {
    /// Bookings that were confirmed.
    pub confirmed: u64,
    /// Requests without an answer that says what became of them.
    pub unclear: u64,
}

/// How long what was left at the end may take to come to its own: as after any failure.
const ENDED_WITHIN: Duration = Duration::from_secs(30);

const UNFINISHED: &str = "SELECT count(*) FROM bookings WHERE next_step_at IS NOT NULL";

/// Fails unless the audit finds nothing, as many bookings are confirmed as were answered so, as many
/// charges are kept and seats sold, and the ledger's proof holds.
pub async fn prove(urls: &Urls, flights: Target, answered: Answered) -> anyhow::Result<String> {
    let client = connect(&urls.bookings).await?;
    wait_for(
        "every booking has come to its end",
        ENDED_WITHIN,
        async || {
            let row = client.query_one(UNFINISHED, &[]).await;
            match row.and_then(|row| row.try_get::<_, i64>(0)) {
                Ok(0) => Ok(()),
                Ok(count) => Err(format!("{count} have work left")),
                Err(error) => Err(error.to_string()),
            }
        },
    )
    .await?;

    let verdict = reconcile::audit(urls, &Options::default()).await?;
    line(format_args!("\n{verdict}"))?;
    ensure!(verdict.clean, "the audit finds violations");
    let confirmed = verdict.bookings.get("confirmed").copied();
    let confirmed = i64::try_from(confirmed.unwrap_or_default())?;
    let shown = check_taken(
        "booking-service",
        confirmed,
        answered.confirmed,
        answered.unclear,
    )?;
    check_money_and_seats(&verdict, confirmed)?;

    let proof = ledger_proof(flights).await?;
    ensure!(proof.is_of(confirmed), "the ledger's proof says {proof:?}");
    Ok(format!(
        "{shown}: as many charges kept and seats sold, {} requests without a clear answer",
        answered.unclear
    ))
}

fn check_money_and_seats(verdict: &Verdict, confirmed: i64) -> anyhow::Result<()> {
    ensure!(
        i64::try_from(verdict.charges_kept)? == confirmed,
        "{} charges are kept for {confirmed} confirmed bookings",
        verdict.charges_kept
    );
    ensure!(
        verdict.pools.sold == confirmed && verdict.pools.held == 0,
        "{} seats are sold and {} held, for {confirmed} confirmed bookings of one each",
        verdict.pools.sold,
        verdict.pools.held
    );
    Ok(())
}
