//! Shared parts of the benchmarks, which are the binaries of this package.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`bare`] | a bare actix-web handler |
//! | [`rounds`] | rounds over the cases of a benchmark over HTTP |
//! | [`inventory`] | the inventory in this process, with pools that never sell out |
//! | [`ledger`] | the ledger's proof of a running service |
//! | [`oversell_check`] | whether the units taken are the units granted |
//! | [`numbers`] | ratios, and the JSON line |

pub mod bare;
pub mod inventory;
pub mod ledger;
pub mod numbers;
pub mod oversell_check;
pub mod rounds;

use std::io::Write as _;
use std::process::ExitCode;

/// The exit code of a benchmark; prints the error of a failed one.
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
