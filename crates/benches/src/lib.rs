//! What the benchmarks share. The benchmarks are the binaries of this package.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`bare`] | an actix-web handler that does nothing but answer |
//! | [`rounds`] | the rounds of a benchmark of several cases over HTTP |
//! | [`inventory`] | the inventory in this process, and pools that never sell out |
//! | [`ledger`] | the proof of a running service's ledger |
//! | [`oversell_check`] | whether what was granted is what was taken |
//! | [`numbers`] | ratios, and the line for programs |

pub mod bare;
pub mod inventory;
pub mod ledger;
pub mod numbers;
pub mod oversell_check;
pub mod rounds;

use std::io::Write as _;
use std::process::ExitCode;

/// What a benchmark's process ends with; a failure is shown.
#[must_use]
pub fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(std::io::stderr().lock(), "error: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}
