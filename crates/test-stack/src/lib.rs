//! Servers, databases, processes, proxies and callers for the tests and benchmarks of every crate.
//!
//! Tests run against real servers. `make test` starts them once for all test programs and passes their URLs
//! in [`DATABASE_URL`] and [`REDIS_URL`]; without those, a test program starts its own, which end with it.
//! Each test has its own database, cloned from a template that is migrated once:
//! ```no_run
//! # async fn migrate(_url: &str) -> anyhow::Result<()> { Ok(()) }
//! # async fn example() -> anyhow::Result<()> {
//! use test_stack::{Servers, TestDatabase};
//!
//! let database = TestDatabase::create("flights-3f2a", async |url| migrate(url).await).await?;
//! let servers = Servers::shared().await?;
//! let keys = servers.unique_key_prefix();
//! println!("{} {} {keys}", database.url(), servers.redis_url());
//! # Ok(())
//! # }
//! ```
//!
//! A test that kills or restarts a server has a private one: [`PrivateServers`]. The services run as
//! processes: any [`Program`](program::Program), or a whole [`ServiceStack`](service_stack::ServiceStack).
//!
//! No service depends on this crate.

pub mod background;
pub mod background_load;
pub mod caller;
pub mod cores;
pub mod environment;
mod frozen;
mod in_process;
mod interrupt;
mod invariants;
pub mod ledger_proof;
pub mod program;
mod proxy;
mod servers;
pub mod service_stack;
mod template;
mod test_database;
mod wait;

pub use frozen::Frozen;
pub use in_process::InProcess;
pub use interrupt::unless_interrupted;
pub use invariants::assert_at_end;
pub use proxy::Proxy;
pub use servers::{DATABASE_URL, PrivateServers, REDIS_URL, Servers};
pub use test_database::TestDatabase;
pub use wait::{wait_for, wait_until};
