//! `make stress-test`: scenarios against the three services, what was sold under load, and the report.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`arguments`] | what is asked for |
//! | [`scenario`], [`prepared`] | the scenarios, and what is sold in them |
//! | [`flow`], [`endpoints`], [`outcome`] | what customers do, where, and what comes of it |
//! | [`pool`] | what customers were told of what is sold |
//! | [`target`], [`products`], [`flight_fixtures`] | what it runs against, and what it makes there |
//! | `step`, `drain`, `receipts`, `reconcile`, [`run`](mod@run) | a load, its end, what was sold, a whole trial |
//! | [`recorded_sales`], [`verdict`] | what ledgers and databases say, and whether it is right: the verdict does no I/O |
//! | [`capacity`], [`compare`] | the highest rate that is carried, and two reports side by side |
//! | [`report`], [`table`], [`page`] | the report: for programs, the terminal, the browser |
//!
//! A scenario is a closed loop, then fixed rates below what that carried. At a fixed rate a request's
//! latency counts from the time at which it was to be sent. Every load has products of its own, but for
//! flights, which are used again; when it is over, refused customers ask again, and everything that was
//! sold is accounted for.

pub mod arguments;
pub mod capacity;
pub mod chart;
pub mod compare;
mod drain;
pub mod endpoints;
pub mod flight_fixtures;
pub mod flow;
pub mod machine;
mod measure;
pub mod outcome;
pub mod page;
pub mod pool;
pub mod prepared;
pub mod products;
mod progress;
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
