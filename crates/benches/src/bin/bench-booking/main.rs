//! `bench-booking`: how many paid bookings the three services make in a second, on this machine.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`part`] | what is measured: bookings spread over many flights and on one |
//! | [`setup`] | the servers of a run, and the load on them |
//! | [`schedule`] | the flights, none of which sells out |
//! | [`proof`] | whether seats, bookings and money agree afterwards, and with what was answered |
//! | [`summary`] | the rates that count |
//!
//! A request books one seat. It is answered when the booking is confirmed and paid and its seat is
//! pinned: the hold at flight-service, the charge at payment-service and the booking itself are on disk
//! by then; the seat is sold right after. The services run as they do by default, but the mock provider
//! charges at once and always; each is a process of its own.
//!
//! Everything runs on this machine, with the load beside it: a PostgreSQL and a Redis of its own, which
//! end with this process.

mod part;
mod proof;
mod schedule;
mod setup;
mod summary;

use std::process::ExitCode;

use benches::exit_code;
use benches::rounds::{self, Arguments};
use clap::Parser;

use crate::part::Part;
use crate::setup::Setup;

/// Measures paid bookings
#[derive(Parser)]
#[command(name = "bench-booking")]
struct Command {
    #[command(flatten)]
    arguments: Arguments<Part>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Command::parse();
    exit_code(rounds::run::<Part, Setup>(&command.arguments, summary::print).await)
}
