//! Sales as the ledgers and the databases record them.
//!
//! A ledger's proof is of all pools of a service, so its change from a load's begin to its end counts; the
//! databases are queried for the load's own pools.

use std::time::Duration;

use anyhow::Context as _;
use local_servers::database::connect;
use reconcile::Urls;
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use crate::endpoints::{Caller, Endpoint};
use crate::pool::{Pool, Products};
use crate::verdict::RecordedSales;
use test_stack::ledger_proof::{PROOF_PATH, Proof};

/// The ledger's proof of a service.
pub async fn proof(caller: &mut Caller, endpoint: Endpoint) -> anyhow::Result<Proof> {
    let reply = caller.get(endpoint, PROOF_PATH.to_owned()).await?;
    Proof::read(reply.status, &reply.body)
}

/// Timeout for holds to be sold or released: longer than any step of a booking is retried.
const AT_REST_WITHIN: Duration = Duration::from_secs(30);

const POLL: Duration = Duration::from_millis(100);

/// Waits until a service holds no more than these units, or until the timeout.
pub async fn wait_for_rest(
    caller: &mut Caller,
    databases: Option<&Databases>,
    endpoint: Endpoint,
    held_at_most: u64,
) -> anyhow::Result<()> {
    let until = Instant::now() + AT_REST_WITHIN;
    while held(caller, databases, endpoint).await? > held_at_most && Instant::now() < until {
        sleep(POLL).await;
    }
    Ok(())
}

/// Held units of all pools of a service. The database answers sooner than the proof, which adds up every
/// entry.
pub async fn held(
    caller: &mut Caller,
    databases: Option<&Databases>,
    endpoint: Endpoint,
) -> anyhow::Result<u64> {
    let client = match (databases, endpoint) {
        (Some(databases), Endpoint::Flight) => &databases.flights,
        (Some(databases), Endpoint::Booking) => &databases.bookings,
        _ => return Ok(proof(caller, endpoint).await?.held),
    };
    let held: i64 = client.query_one(HELD, &[]).await?.try_get(0)?;
    Ok(u64::try_from(held)?)
}

/// The change from one proof to another, as the recorded sales of pools that began with `free` and `sold`
/// units.
#[must_use]
pub fn since(before: &Proof, after: &Proof, free: u64, sold: u64, source: &str) -> RecordedSales {
    let now = |then: u64, now: u64, at_first: u64| (at_first + now).saturating_sub(then);
    RecordedSales {
        source: source.to_owned(),
        free: Some(now(before.free, after.free, free)),
        held: Some(now(before.held, after.held, 0)),
        sold: now(before.sold, after.sold, sold),
    }
}

/// Connections to the three databases.
pub struct Databases {
    flights: Client,
    bookings: Client,
    payments: Client,
}

const OF_OPTION: &str = "SELECT pool_id FROM ticket_options WHERE id = $1";
const OF_EVENT: &str = "SELECT pool_id FROM events WHERE id = $1";

const COUNTS: &str = "
    SELECT free::bigint, held::bigint, sold::bigint FROM pools WHERE id = $1";

const HELD: &str = "SELECT coalesce(sum(held), 0)::bigint FROM pools";

/// Sums of a pool's ledger entries.
const ENTRIES: &str = "
    SELECT coalesce(sum(CASE 'free' WHEN to_account THEN units WHEN from_account THEN -units END), 0)::bigint,
           coalesce(sum(CASE 'held' WHEN to_account THEN units WHEN from_account THEN -units END), 0)::bigint,
           coalesce(sum(CASE 'sold' WHEN to_account THEN units WHEN from_account THEN -units END), 0)::bigint
    FROM ledger WHERE pool_id = $1";

const BOOKED: &str = "
    SELECT coalesce(sum(leg.units), 0)::bigint
    FROM booking_legs leg JOIN bookings booking ON booking.id = leg.booking_id
    WHERE leg.flight_id = $1 AND booking.state = 'confirmed'";

const BOUGHT: &str = "
    SELECT coalesce(sum(quantity), 0)::bigint FROM purchases WHERE ticket_option_id = $1";

const EVENT_SALES: &str = "
    SELECT coalesce(sum(units_sold), 0)::bigint FROM event_sales WHERE event_id = $1";

const KEPT: &str = "
    SELECT count(*) FROM charges
    WHERE reference = $1 AND status = 'success' AND refunded_minor = 0";

impl Databases {
    pub async fn connect(urls: &Urls) -> anyhow::Result<Self> {
        Ok(Self {
            flights: connect(&urls.flights)
                .await
                .context("the flights database")?,
            bookings: connect(&urls.bookings)
                .await
                .context("the bookings database")?,
            payments: connect(&urls.payments)
                .await
                .context("the payments database")?,
        })
    }

    pub async fn version(&self) -> anyhow::Result<String> {
        let row = self.bookings.query_one("SHOW server_version", &[]).await?;
        Ok(row.try_get(0)?)
    }

    /// A pool's sales by its ledger, its counts, and its bookings.
    pub async fn recorded_sales(&self, pool: &Pool) -> anyhow::Result<Vec<RecordedSales>> {
        let (client, id) = match pool.products {
            Products::Flight(id) => (&self.flights, id),
            Products::TicketOption(id) => (&self.bookings, self.pool_id(OF_OPTION, &id).await?),
            Products::Event(id) => (&self.bookings, self.pool_id(OF_EVENT, &id).await?),
            Products::Charges(reference) => {
                let reference = reference.to_string();
                let row = self.payments.query_one(KEPT, &[&reference]).await?;
                let kept: i64 = row.try_get(0)?;
                return Ok(vec![sold_only("the payments database", kept)?]);
            }
        };
        let database = match pool.products {
            Products::Flight(_) => "the flights database",
            _ => "the bookings database",
        };
        Ok(vec![
            counts(client, ENTRIES, id, format!("the ledger in {database}")).await?,
            counts(client, COUNTS, id, database.to_owned()).await?,
            self.customers(pool.products).await?,
        ])
    }

    /// Units that customers have by their bookings or purchases.
    async fn customers(&self, products: Products) -> anyhow::Result<RecordedSales> {
        let (rows, name) = match products {
            Products::Flight(id) => (self.bookings.query_one(BOOKED, &[&id]).await?, "bookings"),
            Products::TicketOption(id) | Products::Charges(id) => {
                (self.bookings.query_one(BOUGHT, &[&id]).await?, "purchases")
            }
            Products::Event(id) => (
                self.bookings.query_one(EVENT_SALES, &[&id]).await?,
                "the event's sales",
            ),
        };
        sold_only(
            &format!("{name} in the bookings database"),
            rows.try_get(0)?,
        )
    }

    async fn pool_id(&self, statement: &str, id: &uuid::Uuid) -> anyhow::Result<i64> {
        Ok(self
            .bookings
            .query_one(statement, &[id])
            .await?
            .try_get(0)?)
    }
}

async fn counts(
    client: &Client,
    statement: &str,
    pool: i64,
    source: String,
) -> anyhow::Result<RecordedSales> {
    let row = client.query_one(statement, &[&pool]).await?;
    let count = |column: usize| -> anyhow::Result<u64> {
        Ok(u64::try_from(row.try_get::<_, i64>(column)?)?)
    };
    Ok(RecordedSales {
        source,
        free: Some(count(0)?),
        held: Some(count(1)?),
        sold: count(2)?,
    })
}

fn sold_only(source: &str, sold: i64) -> anyhow::Result<RecordedSales> {
    Ok(RecordedSales {
        source: source.to_owned(),
        free: None,
        held: None,
        sold: u64::try_from(sold)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_sales_are_the_change_between_two_proofs() {
        let before = Proof {
            holds: true,
            free: 1_000,
            held: 5,
            sold: 70,
        };
        let after = Proof {
            free: 950,
            held: 6,
            sold: 119,
            ..before
        };
        let recorded_sales = since(&before, &after, 80, 20, "the ledger");
        assert_eq!(
            (
                recorded_sales.free,
                recorded_sales.held,
                recorded_sales.sold
            ),
            (Some(30), Some(1), 69)
        );
    }
}
