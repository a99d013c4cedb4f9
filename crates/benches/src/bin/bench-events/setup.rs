//! The servers, and the load of each case.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use benches::oversell_check::unclear;
use benches::rounds;
use loadgen::console::line;
use loadgen::http::{self, Target};
use loadgen::load::Plan;
use loadgen::stats::{Report, median};
use local_servers::database::connect;
use local_servers::service::Service;
use test_stack::service_stack::{ServiceStack, WILLING_PROVIDER};
use tokio_postgres::Client;

use crate::confirmations::{Confirmations, all_confirmed, last_booking};
use crate::part::{Part, SOLD};
use crate::proof;
use crate::requests::{self, booking, purchase};

/// More than all runs book.
const EVENT_TICKETS: u32 = 1_000_000;

/// Tickets of a hot event by the second that a case is to take: 20,000 in four.
const HOT_TICKETS_PER_S: u32 = 5_000;

/// Timeout of a sale.
const SALE_LIMIT: Duration = Duration::from_secs(120);

/// Requests after a hot event is sold out: each must be refused.
const TOO_LATE: u64 = 100;

/// The servers under load, by version.
pub struct Setup {
    stacks: Vec<ServiceStack>,
    versions: Vec<Version>,
    body_bytes: usize,
    /// Of the first version, by part and clients.
    confirmations: HashMap<(Part, usize), Vec<Confirmations>>,
}

/// A version's products, and the sum of its answers.
struct Version {
    target: Target,
    sql: Client,
    users: Arc<Vec<String>>,
    event: String,
    ticket_option: String,
    sold: proof::Sold,
}

impl rounds::Setup<Part> for Setup {
    /// Starts the servers, and creates users, an event and a ticket option.
    async fn start(mut stacks: Vec<ServiceStack>) -> anyhow::Result<Self> {
        line("Starting PostgreSQL, Redis and the services …")?;
        let (mut versions, mut body_bytes) = (Vec::new(), 0);
        for stack in &mut stacks {
            stack.start(Service::Payment, WILLING_PROVIDER).await?;
            let target = Target::local(stack.start(Service::Booking, &[]).await?);
            let ticket_option = requests::ticket_option(target).await?;
            body_bytes = requests::purchase_bytes(target, &ticket_option).await?;
            versions.push(Version {
                target,
                sql: connect(&stack.database_url(Service::Booking)).await?,
                users: Arc::new(requests::users(target).await?),
                event: requests::event(target, EVENT_TICKETS).await?,
                ticket_option,
                sold: proof::Sold {
                    purchases: 1,
                    ..proof::Sold::default()
                },
            });
        }
        Ok(Self {
            stacks,
            versions,
            body_bytes,
            confirmations: HashMap::new(),
        })
    }

    fn stacks(&mut self) -> &mut [ServiceStack] {
        &mut self.stacks
    }

    fn body_bytes(&self) -> usize {
        self.body_bytes
    }

    async fn run(&mut self, part: Part, version: usize, plan: Plan) -> anyhow::Result<Report> {
        let of = self.versions.get_mut(version).context("no such version")?;
        if part == Part::TicketOption {
            return of.purchases(plan).await;
        }
        let (report, confirmations) = match part {
            Part::HotEvent => of.hot_sale(plan).await?,
            _ => of.bookings(plan).await?,
        };
        line(format_args!(
            "         {:.0} confirmed a second, p50 {:.1} ms, p99 {:.1} ms",
            confirmations.per_s, confirmations.p50_ms, confirmations.p99_ms
        ))?;
        if version == 0 {
            let known = self.confirmations.entry((part, plan.clients));
            known.or_default().push(confirmations);
        }
        Ok(report)
    }

    async fn prove(&mut self) -> anyhow::Result<()> {
        for (stack, version) in self.stacks.iter().zip(&self.versions) {
            proof::prove(stack, version.sold).await?;
        }
        Ok(())
    }

    async fn stop(self) -> anyhow::Result<()> {
        for stack in self.stacks {
            stack.close().await?;
        }
        Ok(())
    }
}

impl Setup {
    /// The first version's confirmations: the median of a number of them, the settling run left out.
    pub fn confirmations(
        &self,
        part: Part,
        clients: usize,
        number: fn(&Confirmations) -> f64,
    ) -> Option<f64> {
        let runs = self.confirmations.get(&(part, clients))?.iter().skip(1);
        median(&runs.map(number).collect::<Vec<f64>>())
    }
}

impl Version {
    async fn purchases(&mut self, plan: Plan) -> anyhow::Result<Report> {
        let option = self.ticket_option.clone();
        let request = move |_, _| purchase(&option);
        let report = http::run(plan, self.target, request, http::by_status).await?;
        self.sold.purchases += report.tally().total(SOLD);
        self.sold.unclear += unclear(&report);
        Ok(report)
    }

    /// Books tickets of the event, and waits until all are confirmed.
    async fn bookings(&mut self, plan: Plan) -> anyhow::Result<(Report, Confirmations)> {
        let after = last_booking(&self.sql).await?;
        let report = self.book(plan, self.event.clone()).await?;
        let booked = report.tally().total(SOLD);
        let confirmations = all_confirmed(&self.sql, after, booked).await?;
        self.sold.bookings += booked;
        Ok((report, confirmations))
    }

    /// Sells a new event out, and waits until exactly its tickets are confirmed.
    async fn hot_sale(&mut self, plan: Plan) -> anyhow::Result<(Report, Confirmations)> {
        let tenths = u32::try_from(plan.measured.as_millis() / 100)?.max(1);
        let tickets = tenths * HOT_TICKETS_PER_S / 10;
        let event = requests::event(self.target, tickets).await?;
        let after = last_booking(&self.sql).await?;
        let sale = Plan {
            warm_up: Duration::ZERO,
            measured: SALE_LIMIT,
            max_requests: u64::from(tickets),
            ..plan
        };
        let report = self.book(sale, event.clone()).await?;
        let booked = report.tally().total(SOLD);
        ensure!(
            booked == u64::from(tickets),
            "{booked} of {tickets} tickets were booked"
        );
        let confirmations = all_confirmed(&self.sql, after, booked).await?;
        let late = Plan {
            max_requests: TOO_LATE,
            ..sale
        };
        let too_many = self.book(late, event).await?.tally().total(SOLD);
        ensure!(too_many == 0, "{too_many} tickets were booked too many");
        self.sold.bookings += booked;
        Ok((report, confirmations))
    }

    async fn book(&self, plan: Plan, event: String) -> anyhow::Result<Report> {
        let users = Arc::clone(&self.users);
        let request = move |_, _| booking(&event, &users);
        Ok(http::run(plan, self.target, request, http::by_status).await?)
    }
}
