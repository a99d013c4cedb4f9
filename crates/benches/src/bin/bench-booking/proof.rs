//! Whether seats, bookings and money agree afterwards, with each other and with the answers.

use std::time::Duration;

use anyhow::ensure;
use benches::ledger::ledger_proof;
use benches::oversell_check::check_taken;
use loadgen::console::line;
use loadgen::http::Target;
use local_servers::database::connect;
use local_servers::service::Service;
use reconcile::{Options, Report, Urls};
use test_stack::service_stack::ServiceStack;
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

const UNFINISHED: &str = "
    SELECT count(*) FROM bookings
    WHERE state NOT IN ('confirmed', 'failed', 'expired', 'cancelled')
        OR seats_task <> 'nothing' OR money_task <> 'nothing'";

/// Waits until no work is left, and fails unless the ledger's proof holds and as many bookings are confirmed,
/// and seats sold, as were answered.
pub async fn stack(stack: &ServiceStack, answered: Answered) -> anyhow::Result<()> {
    let client = connect(&stack.database_url(Service::Booking)).await?;
    wait_for("every booking has ended", ENDED_WITHIN, async || {
        let row = client.query_one(UNFINISHED, &[]).await;
        match row.and_then(|row| row.try_get::<_, i64>(0)) {
            Ok(0) => Ok(()),
            Ok(count) => Err(format!("{count} have work left")),
            Err(error) => Err(error.to_string()),
        }
    })
    .await?;
    let confirmed = "SELECT count(*) FROM bookings WHERE state = 'confirmed'";
    let confirmed: i64 = client.query_one(confirmed, &[]).await?.try_get(0)?;
    let (granted, unclear) = (answered.confirmed, answered.unclear);
    let shown = check_taken("booking-service", confirmed, granted, unclear)?;
    let flights = Target::local(stack.port(Service::Flight));
    let proof = ledger_proof(flights).await?;
    ensure!(proof.is_of(confirmed), "the ledger's proof says {proof:?}");
    line(format_args!(
        "{shown}; {unclear} requests without a clear answer"
    ))
}

/// Fails unless the reconciliation is clean, and as many charges are kept and seats sold as bookings were
/// confirmed.
pub async fn audit(stack: &ServiceStack, answered: Answered) -> anyhow::Result<()> {
    let urls = Urls {
        flights: stack.database_url(Service::Flight),
        bookings: stack.database_url(Service::Booking),
        payments: stack.database_url(Service::Payment),
    };
    let verdict = reconcile::reconcile(&urls, &Options::default()).await?;
    line(format_args!("\n{verdict}"))?;
    ensure!(verdict.clean, "the audit finds violations");
    let confirmed = verdict.bookings.get("confirmed").copied();
    let confirmed = i64::try_from(confirmed.unwrap_or_default())?;
    let (granted, unclear) = (answered.confirmed, answered.unclear);
    check_taken("audit", confirmed, granted, unclear)?;
    check_money_and_seats(&verdict, confirmed)
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
