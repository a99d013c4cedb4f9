//! The measured requests: one after the other, on one connection.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use domain::HoldId;
use loadgen::http::{Connection, Request};
use loadgen::stats::median;
use local_servers::service::Service;
use test_stack::ledger_proof::PROOF_PATH;

use crate::results::{BOOKING, HOLD, PROOF, Results};
use crate::setup::{Flight, Stack};

/// A kind of request.
#[derive(Clone, Copy)]
struct Probe {
    /// Name in the results.
    name: &'static str,
    service: Service,
    request: fn(&Stack, &Flight) -> Request,
    expected: u16,
}

/// Requests before each measurement: services that were just started open their connections.
const WARM_UP: usize = 5;
const WARM_UP_PAUSE: Duration = Duration::from_millis(20);

const PROBES: [Probe; 13] = [
    at_flights(PROOF, |_, _| Request::get(PROOF_PATH)),
    Probe {
        name: HOLD,
        service: Service::Flight,
        request: |_, flight| hold(flight),
        expected: 201,
    },
    Probe {
        name: BOOKING,
        service: Service::Booking,
        request: |_, flight| booking(flight),
        expected: 200,
    },
    at_flights("search", |_, flight| search(flight)),
    at_flights("a flight", |_, flight| {
        Request::get(format!("/api/flights/{}", flight.id))
    }),
    at_flights("ledger of a flight", |_, flight| {
        Request::get(format!("/api/flights/{}/ledger", flight.id))
    }),
    at_bookings("bookings of a user", |stack, _| {
        let user = rand::random_range(1..=stack.sizes.users());
        Request::get(format!("/api/bookings?user_id={user}"))
    }),
    at_bookings("events", |_, _| Request::get("/api/v1/events")),
    at_bookings("operations", |_, _| Request::get("/operations?span=week")),
    at_bookings("operations: figures", |_, _| {
        Request::get("/operations/figures?span=week")
    }),
    at_bookings("operations: proof", |_, _| {
        Request::get("/operations/proof")
    }),
    at_bookings("operations: dead letters", |_, _| {
        Request::get("/operations/dead-letters")
    }),
    at_bookings("operations: actions", |_, _| {
        Request::get("/operations/actions")
    }),
];

/// Measures each kind: request by request in turn on each stack, so that a disturbance meets all of them.
pub async fn round(stacks: &[Stack], requests: u16, results: &mut Results) -> anyhow::Result<()> {
    for probe in PROBES {
        let mut times_ms = vec![Vec::new(); stacks.len()];
        let mut connections = Vec::new();
        for stack in stacks {
            connections.push(Connection::open(stack.target(probe.service)).await?);
        }
        for number in 0..WARM_UP + usize::from(requests) {
            let of_stacks = stacks.iter().zip(&mut connections).zip(&mut times_ms);
            for ((stack, connection), times_ms) in of_stacks {
                let (took, status) = probe.ask(stack, connection).await?;
                if number < WARM_UP {
                    tokio::time::sleep(WARM_UP_PAUSE).await;
                    continue;
                }
                ensure!(
                    status == probe.expected,
                    "{} is answered {status}",
                    probe.name
                );
                times_ms.push(took.as_secs_f64() * 1000.0);
            }
        }
        for (index, times_ms) in times_ms.iter().enumerate() {
            let p50_ms = median(times_ms).context("nothing was measured")?;
            results.add(probe.name, index, p50_ms);
        }
    }
    Ok(())
}

impl Probe {
    /// Sends one request; returns how long the answer took, and its status.
    async fn ask(
        self,
        stack: &Stack,
        connection: &mut Connection,
    ) -> anyhow::Result<(Duration, u16)> {
        let index = rand::random_range(0..stack.flights.len());
        let flight = stack.flights.get(index).context("no flights")?;
        let request = (self.request)(stack, flight);
        let asked = Instant::now();
        let status = connection.send(&request).await?.status;
        Ok((asked.elapsed(), status))
    }
}

const fn at_flights(name: &'static str, request: fn(&Stack, &Flight) -> Request) -> Probe {
    Probe {
        name,
        service: Service::Flight,
        request,
        expected: 200,
    }
}

const fn at_bookings(name: &'static str, request: fn(&Stack, &Flight) -> Request) -> Probe {
    Probe {
        name,
        service: Service::Booking,
        request,
        expected: 200,
    }
}

fn hold(flight: &Flight) -> Request {
    let (id, flight) = (HoldId::generate(), flight.id);
    let body =
        format!(r#"{{"id":"{id}","owner":"bench","legs":[{{"flight_id":{flight},"units":1}}]}}"#);
    Request::post_json("/api/holds", body)
}

fn booking(flight: &Flight) -> Request {
    // Its own users: their lists stay as long as in the history.
    let user = rand::random_range(1_000_000_000..=2_000_000_000_u32);
    let (id, date) = (flight.id, &flight.date);
    let body = format!(r#"{{"user_id":{user},"flight_id":{id},"seats":1,"date":"{date}"}}"#);
    Request::post_json("/api/bookings", body)
}

fn search(flight: &Flight) -> Request {
    Request::get(format!(
        "/api/flights/search?source={}&destination={}&date={}&seats=1",
        flight.source, flight.destination, flight.date
    ))
}
