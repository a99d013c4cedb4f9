//! `bench-inventory`: the inventory's throughput on this machine, against one transaction per request.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`part`] | the measured cases |
//! | [`committer`] | the committer in this process, on one pool and on many |
//! | [`flights`] | holds and sold-out refusals over HTTP, at flight-service |
//! | [`setup`] | the servers, and the load of each case |
//! | [`summary`] | the ratios |
//!
//! Everything runs on this machine beside the load: a PostgreSQL and a Redis of its own, which end with this
//! process.

mod committer;
mod flights;
mod part;
mod setup;
mod summary;

use std::process::ExitCode;

use benches::rounds::{self, RoundArguments};

use crate::part::Part;
use crate::setup::Setup;

fn main() -> ExitCode {
    benches::program::main(
        "bench-inventory",
        "Measures the inventory's throughput",
        async |arguments: RoundArguments<Part>| {
            rounds::run::<Part, Setup>("bench-inventory", &arguments, summary::print).await
        },
    )
}
