//! `bench-events`: tickets sold per second by booking-service, on this machine, and what one costs.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`part`] | the measured cases |
//! | [`setup`] | the servers, and the load of each case |
//! | [`requests`] | what is asked |
//! | [`confirmations`] | when the bookings of an event were confirmed |
//! | [`proof`] | whether tickets, purchases, bookings and money agree afterwards, and with the answers |
//! | [`summary`] | the headline numbers |
//!
//! A purchase of a ticket option is answered once its tickets are sold and its row is durable. A booking of an
//! event is answered once its tickets are held and its payment is queued; it counts once it is paid and
//! confirmed. The services run with their defaults, each in a process of its own; the mock payment provider
//! takes no time.
//!
//! Everything runs on this machine beside the load: a PostgreSQL and a Redis of its own, which end with this
//! process.

mod confirmations;
mod part;
mod proof;
mod requests;
mod setup;
mod summary;

use std::process::ExitCode;

use benches::rounds::{self, RoundArguments};

use crate::part::Part;
use crate::setup::Setup;

fn main() -> ExitCode {
    benches::program::main(
        "bench-events",
        "Measures ticket sales",
        async |arguments: RoundArguments<Part>| {
            rounds::run::<Part, Setup>("bench-events", &arguments, summary::print).await
        },
    )
}
