//! `holdfast`: runs the whole system on one machine, without Docker. `holdfast help` lists the commands; the
//! Makefile has a target for each.

mod commands;
mod local;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match commands::Holdfast::parse().execute().await {
        Ok(code) => code,
        Err(error) => {
            local::print::failure(&error);
            ExitCode::FAILURE
        }
    }
}
