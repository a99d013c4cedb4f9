//! The servers and their load.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use benches::oversell_check::unclear;
use benches::rounds;
use loadgen::console::line;
use loadgen::http::{self, Connection, Request, Target};
use loadgen::load::Plan;
use loadgen::stats::Report;
use local_servers::service::Service;
use test_stack::service_stack::{ServiceStack, WILLING_PROVIDER};

use crate::part::{CONFIRMED, Part};
use crate::proof::{self, Answered};
use crate::schedule::{self, DATE, Flights};

/// The servers under load, by version.
pub struct Setup {
    stacks: Vec<ServiceStack>,
    versions: Vec<Version>,
    body_bytes: usize,
}

/// A version's flights, and the sum of its answers.
struct Version {
    booking: Target,
    schedule: Arc<Flights>,
    answered: Answered,
}

impl rounds::Setup<Part> for Setup {
    /// Starts the servers, and books a seat.
    async fn start(mut stacks: Vec<ServiceStack>) -> anyhow::Result<Self> {
        line("Starting PostgreSQL, Redis and the services …")?;
        let (mut versions, mut body_bytes) = (Vec::new(), 0);
        for stack in &mut stacks {
            let schedule = Arc::new(schedule::load(stack).await?);
            stack.start(Service::Payment, WILLING_PROVIDER).await?;
            stack.start(Service::Flight, &[]).await?;
            let booking = Target::local(stack.start(Service::Booking, &[]).await?);
            body_bytes = expect_confirmed(booking, schedule.hot).await?;
            let answered = Answered {
                confirmed: 1,
                unclear: 0,
            };
            versions.push(Version {
                booking,
                schedule,
                answered,
            });
        }
        Ok(Self {
            stacks,
            versions,
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
        let version = self.versions.get_mut(version).context("no such version")?;
        let schedule = Arc::clone(&version.schedule);
        let request = move |_, _| {
            request(match part {
                Part::Hot => schedule.hot,
                Part::Spread => any(&schedule.spread),
            })
        };
        let report = http::run(plan, version.booking, request, http::by_status).await?;
        version.answered.confirmed += report.tally().total(CONFIRMED);
        version.answered.unclear += unclear(&report);
        Ok(report)
    }

    async fn prove(&mut self) -> anyhow::Result<()> {
        for (index, (stack, version)) in self.stacks.iter().zip(&self.versions).enumerate() {
            proof::stack(stack, version.answered).await?;
            // The reconciliation knows the schema of its own version only.
            if index == 0 {
                proof::audit(stack, version.answered).await?;
            }
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

/// Fails unless a booking is answered as it is to be measured; returns the size of the answer.
async fn expect_confirmed(booking: Target, flight: i64) -> anyhow::Result<usize> {
    let mut connection = Connection::open(booking).await?;
    let answer = connection.send(&request(flight)).await?;
    let (status, bytes) = (answer.status, answer.body.len());
    let body: serde_json::Value = serde_json::from_slice(answer.body)?;
    ensure!(
        status == 200 && body["status"] == "confirmed" && body["payment_id"].is_string(),
        "a booking is answered {status}, {body}"
    );
    Ok(bytes)
}

fn any(flights: &[i64]) -> i64 {
    let index = rand::random_range(0..flights.len());
    flights.get(index).copied().unwrap_or_default()
}

/// A booking of one seat.
fn request(flight: i64) -> Request {
    let user = rand::random_range(1..=100_000_u32);
    let body = format!(r#"{{"user_id":{user},"flight_id":{flight},"seats":1,"date":"{DATE}"}}"#);
    Request::post_json("/api/bookings", body)
}
