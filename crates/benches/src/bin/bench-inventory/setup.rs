//! The servers of a run, and the cases on them.

use std::time::Duration;

use benches::bare::Bare;
use loadgen::console::line;
use loadgen::http;
use loadgen::stats::Report;
use test_stack::service_stack::ServiceStack;

use crate::baseline::Baseline;
use crate::cases::{Case, Work};
use crate::committer::Committer;
use crate::flights::Flights;

/// Load on each writing case before the first round.
const SETTLING: Duration = Duration::from_millis(500);

/// Length of "hello".
const HELLO_BYTES: usize = 5;

/// The servers under load. Those of unselected parts don't run.
pub struct Setup {
    servers: ServiceStack,
    baseline: Option<Baseline>,
    committer: Option<Committer>,
    flights: Option<Flights>,
    bare: Option<Bare>,
}

impl Setup {
    /// Starts what the cases need.
    pub async fn start(cases: &[&'static Case]) -> anyhow::Result<Self> {
        let wants = |works: &[Work]| cases.iter().any(|case| works.contains(&case.work));
        let mut setup = Self {
            servers: ServiceStack::open("bench-inventory").await?,
            baseline: None,
            committer: None,
            flights: None,
            bare: None,
        };
        if wants(&[Work::RowLock]) {
            let url = setup.servers.create_database("bench_baseline").await?;
            setup.baseline = Some(Baseline::prepare(url).await?);
        }
        if wants(&[Work::CommitterHot, Work::CommitterSpread]) {
            let url = setup.servers.create_database("bench_committer").await?;
            setup.committer = Some(Committer::prepare(url).await?);
        }
        if wants(&[Work::HoldSeat, Work::DecrementSoldOut, Work::HoldSoldOut]) {
            setup.flights = Some(Flights::start(&mut setup.servers).await?);
        }
        if wants(&[Work::Hello]) {
            setup.bare = Some(Bare::start(setup.servers.directory(), HELLO_BYTES).await?);
        }
        Ok(setup)
    }

    /// Brings the databases into the state of servers that have run for a while: with some rows, and with
    /// planner statistics. Without them the first seconds would run with plans for empty tables.
    pub async fn settle(&mut self, cases: &[&'static Case]) -> anyhow::Result<()> {
        for case in cases.iter().filter(|case| case.work.writes()) {
            self.run(case, SETTLING).await?;
        }
        self.servers.analyze().await
    }

    /// Measures a case once.
    pub async fn run(&mut self, case: &Case, measured: Duration) -> anyhow::Result<Report> {
        let plan = case.plan(measured);
        match case.work {
            Work::RowLock => started(&mut self.baseline)?.take(plan).await,
            Work::CommitterHot => started(&mut self.committer)?.hold(plan, 1).await,
            Work::CommitterSpread => {
                let pools = crate::cases::SPREAD_POOLS;
                started(&mut self.committer)?.hold(plan, pools).await
            }
            Work::HoldSeat => started(&mut self.flights)?.hold(plan).await,
            Work::DecrementSoldOut => started(&mut self.flights)?.decrement_sold_out(plan).await,
            Work::HoldSoldOut => started(&mut self.flights)?.hold_sold_out(plan).await,
            Work::Hello => {
                let target = started(&mut self.bare)?.target();
                let hello = |_, _| http::Request::get("/");
                Ok(http::run(plan, target, hello, http::by_status).await?)
            }
        }
    }

    /// Fails unless the units taken are the units granted, and every ledger balances.
    pub async fn prove(&self) -> anyhow::Result<()> {
        if let Some(baseline) = &self.baseline {
            line(baseline.prove().await?)?;
        }
        if let Some(committer) = &self.committer {
            line(committer.prove().await?)?;
        }
        if let Some(flights) = &self.flights {
            line(flights.prove().await?)?;
        }
        Ok(())
    }

    /// Ends the servers. Their data is deleted, so nothing is flushed.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(bare) = &mut self.bare {
            bare.stop().await?;
        }
        self.servers.close().await
    }
}

fn started<T>(part: &mut Option<T>) -> anyhow::Result<&mut T> {
    part.as_mut()
        .ok_or_else(|| anyhow::anyhow!("a part was not started"))
}
