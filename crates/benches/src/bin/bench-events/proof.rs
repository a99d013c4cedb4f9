//! Whether tickets, purchases, bookings and money agree afterwards, with each other and with the answers.

use anyhow::ensure;
use benches::ledger::ledger_proof;
use benches::oversell_check::check_taken;
use loadgen::console::line;
use loadgen::http::Target;
use local_servers::database::connect;
use local_servers::service::Service;
use test_stack::service_stack::ServiceStack;

/// The answers of all runs, one ticket each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sold {
    pub purchases: u64,
    /// Confirmed bookings of events.
    pub bookings: u64,
    /// Requests for a purchase whose answer does not tell the outcome.
    pub unclear: u64,
}

const PURCHASED: &str = "SELECT coalesce(sum(quantity), 0)::bigint FROM purchases";
const CONFIRMED: &str = "SELECT count(*) FROM bookings WHERE state = 'confirmed'";
const CHARGED: &str =
    "SELECT count(*) FROM charges WHERE status = 'success' AND refunded_minor = 0";

/// Fails unless the tickets sold, and the purchases, bookings and charges stored, are as many as were answered.
pub async fn prove(stack: &ServiceStack, sold: Sold) -> anyhow::Result<()> {
    let count = async |service: Service, query: &str| {
        let client = connect(&stack.database_url(service)).await?;
        let count: i64 = client.query_one(query, &[]).await?.try_get(0)?;
        anyhow::Ok(count)
    };
    let purchased = count(Service::Booking, PURCHASED).await?;
    let confirmed = count(Service::Booking, CONFIRMED).await?;
    let charged = count(Service::Payment, CHARGED).await?;
    let shown = check_taken("purchases", purchased, sold.purchases, sold.unclear)?;
    check_taken("bookings", confirmed, sold.bookings, 0)?;
    let proof = ledger_proof(Target::local(stack.port(Service::Booking))).await?;
    ensure!(
        confirmed == charged && proof.is_of(purchased + confirmed),
        "{confirmed} are confirmed, {charged} are charged, the ledger says {proof:?}"
    );
    line(format_args!(
        "{shown}; {confirmed} bookings confirmed, charged and sold: the ledger's proof holds"
    ))
}
