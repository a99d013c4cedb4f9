//! `bench-events`: tickets sold per second by booking-service, on this machine.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`part`] | the measured cases |
//! | [`setup`] | the servers, their load, and the check of their data afterwards |
//! | [`sale`] | selling out a hot event |
//!
//! A purchase of a ticket option is answered once its tickets are sold and its row is durable. The services
//! run with their defaults, each in a process of its own; the mock payment provider takes no time.
//!
//! Everything runs on this machine beside the load: a PostgreSQL and a Redis of its own, which end with this
//! process.

mod part;
mod sale;
mod setup;

use std::process::ExitCode;

use benches::exit_code;
use benches::numbers::print_result;
use benches::rounds::{self, Arguments};
use clap::Parser;
use test_stack::unless_interrupted;

use crate::part::Part;
use crate::setup::Setup;

/// Measures ticket sales
#[derive(Parser)]
#[command(name = "bench-events")]
struct Command {
    #[command(flatten)]
    arguments: Arguments<Part>,
    #[command(flatten)]
    sale: sale::Arguments,
}

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(run(Command::parse()).await)
}

/// Prints the best rates as one line of JSON; `null` if not measured.
async fn run(command: Command) -> anyhow::Result<()> {
    let mut tickets = None;
    rounds::run::<Part, Setup>(&command.arguments, |results| {
        tickets = results.best_rate(Part::Tickets);
        Ok(())
    })
    .await?;
    let sale = unless_interrupted(Box::pin(sale::measure(command.sale))).await?;
    print_result(&[
        ("hot_event_per_s", sale.map(|sale| sale.confirmed_per_s), 0),
        (
            "confirmed_p99_ms",
            sale.map(|sale| sale.confirmed_p99_ms),
            0,
        ),
        ("ticket_option_per_s", tickets, 0),
    ])
}
