//! A stack with a history: its servers, flights to come, and proof.

use std::time::{Duration, Instant};

use anyhow::ensure;
use benches::ledger::ledger_proof;
use loadgen::console::line;
use loadgen::http::Target;
use local_servers::database::connect;
use local_servers::service::Service;
use reconcile::{Options, Urls};
use test_stack::service_stack::{ServiceStack, WILLING_PROVIDER};
use test_stack::wait_for;

use crate::fill::fill;
use crate::sizes::Sizes;

/// Flights to come that are asked for and booked.
const SAMPLE: i64 = 1_000;

/// Timeout of the first proof, whose pages are not in memory.
const PROVED_WITHIN: Duration = Duration::from_mins(5);

pub struct Stack {
    pub servers: ServiceStack,
    pub sizes: Sizes,
    pub flights: Vec<Flight>,
}

/// A flight to come.
pub struct Flight {
    pub id: i64,
    pub source: String,
    pub destination: String,
    pub date: String,
}

const FLIGHTS: &str = "
    SELECT id, source, destination, (departs_at AT TIME ZONE 'UTC')::date::text
    FROM flights WHERE departs_at > now() + interval '2 days' ORDER BY random() LIMIT $1";

impl Stack {
    /// Fills a stack, starts its services, and has its ledger proved once.
    pub async fn start(sizes: Sizes) -> anyhow::Result<Self> {
        line(format_args!("\nA stack of {} …", sizes.shown()))?;
        let mut servers = ServiceStack::open("bench-growth").await?;
        for service in Service::ALL {
            servers.migrate(service).await?;
        }
        fill(&servers, &sizes).await?;
        for service in Service::ALL {
            servers.start(service, settings(service)).await?;
        }
        let client = connect(&servers.database_url(Service::Flight)).await?;
        let mut flights = Vec::new();
        for row in client.query(FLIGHTS, &[&SAMPLE]).await? {
            flights.push(Flight {
                id: row.try_get(0)?,
                source: row.try_get(1)?,
                destination: row.try_get(2)?,
                date: row.try_get(3)?,
            });
        }
        ensure!(!flights.is_empty(), "there are no flights to come");
        let stack = Self {
            servers,
            sizes,
            flights,
        };
        let began = Instant::now();
        wait_for("the ledger is proved", PROVED_WITHIN, async || {
            stack.prove().await
        })
        .await?;
        line(format_args!(
            "first proof after {:.1} s",
            began.elapsed().as_secs_f64()
        ))?;
        Ok(stack)
    }

    pub fn target(&self, service: Service) -> Target {
        Target::local(self.servers.port(service))
    }

    /// Fails unless the ledger's proof holds.
    pub async fn prove(&self) -> anyhow::Result<()> {
        let proof = ledger_proof(self.target(Service::Flight)).await?;
        ensure!(proof.holds, "the ledger's proof says {proof:?}");
        ensure!(
            proof.sold >= self.sizes.bookings,
            "the ledger's proof says {proof:?} of {} bookings",
            self.sizes.bookings
        );
        Ok(())
    }

    /// Fails unless seats, bookings and money agree.
    pub async fn audit(&self) -> anyhow::Result<()> {
        let urls = Urls {
            flights: self.servers.database_url(Service::Flight),
            bookings: self.servers.database_url(Service::Booking),
            payments: self.servers.database_url(Service::Payment),
        };
        let verdict = reconcile::reconcile(&urls, &Options::default()).await?;
        line(format_args!("\nthe smallest history:\n{verdict}"))?;
        ensure!(verdict.clean, "the audit finds violations");
        Ok(())
    }

    pub async fn close(self) -> anyhow::Result<()> {
        self.servers.close().await
    }
}

/// Settings that differ from the defaults.
pub fn settings(service: Service) -> &'static [(&'static str, &'static str)] {
    match service {
        Service::Payment => WILLING_PROVIDER,
        // The default: departed flights are history. Other benchmarks sell flights of any time.
        Service::Flight => &[("HOLDFAST__SALES__CLOSE_BEFORE_DEPARTURE", "60m")],
        Service::Booking => &[],
    }
}
