//! `bench-events`: how many tickets booking-service sells in a second, on this machine.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`part`] | what is measured |
//! | [`setup`] | the servers of a run, the load on them, and whether all agrees afterwards |
//! | [`sale`] | a hot event, sold out |
//!
//! A purchase of a ticket option is answered when its tickets are sold and its row is on disk. The
//! services run as they do by default, in processes of their own; the payment provider takes no time.
//!
//! Everything runs on this machine, with the load beside it: a PostgreSQL and a Redis of its own, which
//! end with this process.

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

/// Measures sales of tickets
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

/// Shows the best rates as one line of JSON: `null` where it was not measured.
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
