//! `bench-booking`: paid bookings per second by the three services, on this machine, and what one costs.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`part`] | the measured cases: bookings spread over many flights, and on one |
//! | [`setup`] | the servers and their load |
//! | [`schedule`] | the flights, none of which sells out |
//! | [`proof`] | whether seats, bookings and money agree afterwards, and with the answers |
//! | [`summary`] | the headline numbers |
//!
//! A request books one seat. It is answered once the booking is confirmed and paid and its seat is pinned:
//! the hold at flight-service, the charge at payment-service and the booking itself are durable by then; the
//! seat is sold right after. The services run with their defaults, each in a process of its own, but the mock
//! provider charges at once and never declines.
//!
//! Everything runs on this machine beside the load: a PostgreSQL and a Redis of its own, which end with this
//! process.

mod part;
mod proof;
mod schedule;
mod setup;
mod summary;

use std::process::ExitCode;

use benches::rounds::{self, RoundArguments};

use crate::part::Part;
use crate::setup::Setup;

fn main() -> ExitCode {
    benches::program::main(
        "bench-booking",
        "Measures paid bookings",
        async |arguments: RoundArguments<Part>| {
            rounds::run::<Part, Setup>("bench-booking", &arguments, summary::print).await
        },
    )
}
