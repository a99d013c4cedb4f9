//! What a benchmark's rates are divided by: measured in the same run, by the same load generator, on the same
//! servers.
//!
//! | file | baseline |
//! | --- | --- |
//! | `row_lock` | one `SELECT ... FOR UPDATE` transaction per request on one hot row |
//! | `insert` | one durable one-row `INSERT` per request |
//! | `bare` | a bare actix-web handler with a body of a given size |

pub(crate) mod bare;
mod insert;
mod row_lock;

use loadgen::console::line;
use loadgen::http;
use loadgen::load::Plan;
use loadgen::stats::{Outcome, Report};
use local_servers::database::connect;
use test_stack::service_stack::ServiceStack;

use self::bare::Bare;
use self::insert::Inserts;
use self::row_lock::RowLock;
use crate::oversell_check::GRANTED;

const DATABASE: &str = "bench_baselines";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Baseline {
    RowLock,
    Insert,
    Bare,
}

impl Baseline {
    /// Name in the results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RowLock => "rowlock",
            Self::Insert => "durable insert",
            Self::Bare => "bare",
        }
    }

    #[must_use]
    pub fn granted(self) -> Outcome {
        match self {
            Self::RowLock | Self::Insert => GRANTED,
            Self::Bare => Outcome::Status(200),
        }
    }
}

/// The database and the handler of the baselines.
pub struct Baselines {
    row_lock: RowLock,
    inserts: Inserts,
    bare: Bare,
}

impl Baselines {
    /// Prepares a database on the stack's PostgreSQL, and starts the bare handler.
    pub async fn start(stack: &mut ServiceStack, body_bytes: usize) -> anyhow::Result<Self> {
        let url = stack.create_database(DATABASE).await?;
        let client = connect(&url).await?;
        Ok(Self {
            row_lock: RowLock::prepare(&client, url.clone()).await?,
            inserts: Inserts::prepare(&client, url).await?,
            bare: Bare::start(stack.directory(), body_bytes).await?,
        })
    }

    pub async fn run(&mut self, baseline: Baseline, plan: Plan) -> anyhow::Result<Report> {
        match baseline {
            Baseline::RowLock => self.row_lock.run(plan).await,
            Baseline::Insert => self.inserts.run(plan).await,
            Baseline::Bare => {
                let hello = |_, _| http::Request::get("/");
                Ok(http::run(plan, self.bare.target(), hello, http::by_status).await?)
            }
        }
    }

    /// Fails unless the rows stored are as many as were granted.
    pub async fn prove(&self) -> anyhow::Result<()> {
        line(format_args!(
            "{}; {}",
            self.row_lock.prove().await?,
            self.inserts.prove().await?
        ))
    }

    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.bare.stop().await
    }
}
