//! `make stress-test`: load scenarios against the three services, the reconciliation of what was sold, and
//! the report.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`arguments`] | the command line |
//! | [`scenario`], [`prepared`] | the scenarios and their products |
//! | [`flow`], [`endpoints`], [`outcome`] | customers' flows, the services that they call, and the outcomes |
//! | [`pool`] | the customers' answers by pool |
//! | [`target`], [`products`], [`flight_fixtures`] | the target environment, and what is created there |
//! | `step`, `drain`, `receipts`, `reconcile`, [`run`](mod@run) | a load, its drain and reconciliation, a whole test |
//! | [`recorded_sales`], [`verdict`] | records of ledgers and databases, and the verdict (no I/O) |
//! | [`capacity`], [`compare`] | the capacity finder, and the comparison of two reports |
//! | [`report`], [`table`], [`page`] | the report as JSON, on the terminal and as HTML |
//!
//! A scenario is a closed loop, then fixed rates below its rate. At a fixed rate a request's latency counts
//! from its scheduled start. Every load has products of its own, except for flights, which are reused; after
//! it, refused customers retry, and every unit sold is reconciled.

pub mod arguments;
pub mod capacity;
pub mod chart;
pub mod compare;
mod drain;
pub mod endpoints;
pub mod flight_fixtures;
pub mod flow;
pub mod limits;
pub mod machine;
mod measure;
pub mod outcome;
pub mod page;
pub mod pool;
pub mod prepared;
pub mod products;
mod progress;
mod random;
mod receipts;
mod reconcile;
pub mod recorded_sales;
pub mod report;
pub mod run;
pub mod scenario;
mod step;
pub mod table;
pub mod target;
pub mod verdict;
