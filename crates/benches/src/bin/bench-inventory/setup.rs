//! The servers of a run, and the load of each case on them.

use anyhow::Context as _;
use benches::rounds;
use loadgen::load::Plan;
use loadgen::stats::Report;
use test_stack::service_stack::ServiceStack;

use loadgen::console::line;

use crate::committer::{Committer, SPREAD_POOLS};
use crate::flights::Flights;
use crate::part::Part;

/// The servers under load.
pub struct Setup {
    stacks: Vec<ServiceStack>,
    committer: Committer,
    /// By version.
    flights: Vec<Flights>,
}

impl rounds::Setup<Part> for Setup {
    async fn start(mut stacks: Vec<ServiceStack>) -> anyhow::Result<Self> {
        let mut flights = Vec::new();
        for stack in &mut stacks {
            flights.push(Flights::start(stack).await?);
        }
        let first = stacks.first_mut().context("no stack")?;
        let url = first.create_database("bench_committer").await?;
        let committer = Committer::prepare(url).await?;
        Ok(Self {
            stacks,
            committer,
            flights,
        })
    }

    fn stacks(&mut self) -> &mut [ServiceStack] {
        &mut self.stacks
    }

    /// The bare handler is compared with sold-out refusals.
    fn body_bytes(&self) -> usize {
        self.flights
            .first()
            .map_or(0, |flights| flights.refusal_bytes)
    }

    async fn run(&mut self, part: Part, version: usize, plan: Plan) -> anyhow::Result<Report> {
        let flights = self.flights.get_mut(version).context("no such version")?;
        match part {
            Part::Committer => self.committer.hold(plan, 1).await,
            Part::CommitterSpread => self.committer.hold(plan, SPREAD_POOLS).await,
            Part::Http => flights.hold(plan).await,
            Part::SoldOutDecrement => flights.decrement_sold_out(plan).await,
            Part::SoldOutHold => flights.hold_sold_out(plan).await,
        }
    }

    /// Fails unless the units taken are the units granted, and every ledger balances.
    async fn prove(&mut self) -> anyhow::Result<()> {
        line(self.committer.prove().await?)?;
        for flights in &self.flights {
            line(flights.prove().await?)?;
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
