//! `bench-events`: how many tickets booking-service sells in a second, on this machine.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`part`] | what is measured |
//! | [`stage`] | the servers of a run, the load on them, and whether all agrees afterwards |
//!
//! A purchase of a ticket option is answered when its tickets are sold and its row is on disk. The
//! service runs as it does by default, in a process of its own.
//!
//! Everything runs on this machine, with the load beside it: a PostgreSQL and a Redis of its own, which
//! end with this process.

mod part;
mod stage;

use std::process::ExitCode;

use clap::Parser;
use stress::bench::exit_code;
use stress::bench::numbers::print_result;
use stress::bench::rounds::{self, Arguments, Results};

use crate::part::Part;
use crate::stage::Stage;

/// Measures sales of tickets
#[derive(Parser)]
#[command(name = "bench-events")]
struct Command {
    #[command(flatten)]
    arguments: Arguments<Part>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Command::parse();
    exit_code(rounds::run::<Part, Stage>(&command.arguments, print_summary).await)
}

/// Shows the best rates as one line of JSON: `null` where it was not measured.
fn print_summary(results: &Results<Part>) -> anyhow::Result<()> {
    let tickets = results.best_rate(Part::Tickets);
    print_result(&[("ticket_option_per_s", tickets, 0)])
}
