//! A cached search over HTTP: the measured cases, and their servers.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use benches::rounds;
use itinerary::{Query, Timetable};
use loadgen::console::line;
use loadgen::http::{self, Connection, Request, Target};
use loadgen::load::Plan;
use loadgen::stats::{Outcome, Report};
use local_servers::service::Service;
use test_stack::service_stack::ServiceStack;

use crate::computed::path;
use crate::week::Week;

/// Searches among which one fills its page.
const CANDIDATES: usize = 100;

/// Cases that are selected together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Part {
    /// A cached search
    Cached,
    /// The same by a client that has the answer (304)
    Known,
}

impl rounds::Part for Part {
    /// Far more than a round needs.
    const MAX_REQUESTS: u64 = 20_000_000;
    const SETTLING: Duration = Duration::from_millis(500);

    fn name(self) -> &'static str {
        match self {
            Self::Cached => "cached search",
            Self::Known => "known by its tag",
        }
    }

    fn clients(self) -> &'static [u16] {
        &[64]
    }

    fn granted(self) -> Outcome {
        match self {
            Self::Cached => Outcome::Status(200),
            Self::Known => Outcome::Status(304),
        }
    }
}

/// Each version's flight-service with the week.
pub struct Setup {
    stacks: Vec<ServiceStack>,
    path: String,
    body_bytes: usize,
}

impl Setup {
    /// The first version's servers.
    pub fn first(&mut self) -> anyhow::Result<&mut ServiceStack> {
        self.stacks.first_mut().context("no stack")
    }
}

impl rounds::Setup<Part> for Setup {
    /// Starts the servers and imports the week.
    async fn start(mut stacks: Vec<ServiceStack>) -> anyhow::Result<Self> {
        line("\nStarting servers and importing the week …")?;
        let path = path(&popular(&Week::read()?)?);
        let mut body_bytes = 0;
        for stack in &mut stacks {
            stack.import(&Week::directory(), &[]).await?;
            stack.analyze().await?;
            let service = Target::local(stack.start(Service::Flight, &[]).await?);
            let mut connection = Connection::open(service).await?;
            let answer = connection.send(&Request::get(path.clone())).await?;
            let status = answer.status;
            ensure!(status == 200, "a search is answered {status}");
            body_bytes = answer.body.len();
        }
        line(format_args!("A cached search of {body_bytes} bytes:"))?;
        Ok(Self {
            stacks,
            path,
            body_bytes,
        })
    }

    fn stacks(&mut self) -> &mut [ServiceStack] {
        &mut self.stacks
    }

    fn body_bytes(&self) -> usize {
        self.body_bytes
    }

    async fn run(&mut self, part: Part, version: usize, plan: Plan) -> anyhow::Result<Report> {
        let stack = self.stacks.get(version).context("no such version")?;
        let request = Request::get(self.path.clone());
        let request = match part {
            Part::Cached => request,
            // Matches any tag.
            Part::Known => request.with_header("if-none-match", "*"),
        };
        let target = Target::local(stack.port(Service::Flight));
        let request = move |_, _| request.clone();
        Ok(http::run(plan, target, request, http::by_status).await?)
    }

    /// Searches store nothing.
    async fn prove(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    async fn stop(self) -> anyhow::Result<()> {
        for stack in self.stacks {
            stack.close().await?;
        }
        Ok(())
    }
}

/// A search that fills its page with itineraries of several legs, as most do.
fn popular(week: &Week) -> anyhow::Result<Query> {
    let timetable = Timetable::build(week.airports.clone(), week.flights.clone())?;
    for search in week.searches(CANDIDATES) {
        if timetable.search(&search, |_| true)?.len() == search.limit {
            return Ok(search);
        }
    }
    anyhow::bail!("no search fills a page")
}
