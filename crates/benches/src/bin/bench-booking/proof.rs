//! Whether seats, bookings and money agree afterwards, with each other and with the answers.

use std::time::Duration;

use anyhow::ensure;
use benches::ledger::ledger_proof;
use benches::oversell_check::check_taken;
use loadgen::console::line;
use loadgen::http::Target;
use local_servers::database::connect;
use reconcile::{Options, Report, Urls};
use test_stack::wait_for;

/// The answers of all rounds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answered {
    /// Confirmed bookings.
    pub confirmed: u64,
    /// Requests whose answer does not tell the outcome.
    pub unclear: u64,
}

/// Timeout for unfinished bookings: the same as after any failure.
const ENDED_WITHIN: Duration = Duration::from_secs(30);

const UNFINISHED: &str = "SELECT count(*) FROM due_bookings";

/// Fails unless the reconciliation is clean, the ledger's proof holds, and the confirmed bookings are as many
/// as the confirmations answered, the charges kept and the seats sold.
pub async fn prove(urls: &Urls, flights: Target, answered: Answered) -> anyhow::Result<String> {
    let client = connect(&urls.bookings).await?;
    wait_for("every booking has ended", ENDED_WITHIN, async || {
        let row = client.query_one(UNFINISHED, &[]).await;
        match row.and_then(|row| row.try_get::<_, i64>(0)) {
            Ok(0) => Ok(()),
            Ok(count) => Err(format!("{count} have work left")),
            Err(error) => Err(error.to_string()),
        }
    })
    .await?;

    let verdict = reconcile::reconcile(urls, &Options::default()).await?;
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

fn check_money_and_seats(verdict: &Report, confirmed: i64) -> anyhow::Result<()> {
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
