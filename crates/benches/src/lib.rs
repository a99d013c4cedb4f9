//! Shared parts of the benchmarks, which are the binaries of this package.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`program`] | the command line and the exit code |
//! | [`rounds`] | rounds over the cases of a benchmark, and their results |
//! | [`baselines`] | what the rates are divided by: a row lock, a durable insert, a bare handler |
//! | [`versions`] | the versions of the services that are measured in one run |
//! | [`commits`] | durable commits by database, from the write-ahead log |
//! | [`heap_only`] | the share of updates that touch no index |
//! | [`inventory`] | the inventory in this process, with pools that never sell out |
//! | [`ledger`] | the ledger's proof of a running service |
//! | [`oversell_check`] | whether the units taken are the units granted |
//! | [`numbers`] | ratios, and the JSON line |

pub mod baselines;
pub mod commits;
pub mod heap_only;
pub mod inventory;
pub mod ledger;
pub mod numbers;
pub mod oversell_check;
pub mod program;
pub mod rounds;
pub mod versions;
