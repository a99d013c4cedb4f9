//! PostgreSQL, Redis and databases for the tests of every crate.
//!
//! Tests run against real servers. `make test` starts them once for all test programs and gives their
//! addresses in [`DATABASE_URL`] and [`REDIS_URL`]; without those, a test program starts its own, and
//! they end with it. Each test has a database of its own, cloned from a template that is migrated
//! once:
//!
//! ```no_run
//! # async fn migrate(_url: &str) -> anyhow::Result<()> { Ok(()) }
//! # async fn example() -> anyhow::Result<()> {
//! use stack::testing::{Servers, TestDatabase};
//!
//! let database = TestDatabase::create("flights-3f2a", async |url| migrate(url).await).await?;
//! let servers = Servers::shared().await?;
//! let keys = servers.unique_key_prefix();
//! println!("{} {} {keys}", database.url(), servers.redis_url());
//! # Ok(())
//! # }
//! ```
//!
//! A test that kills a server or restarts it has its own: [`PrivateServers`].

mod frozen;
mod proxy;
mod servers;
mod template;
mod test_database;
mod wait;

pub use frozen::Frozen;
pub use proxy::Proxy;
pub use servers::{DATABASE_URL, PrivateServers, REDIS_URL, Servers};
pub use test_database::TestDatabase;
pub use wait::{wait_for, wait_until};
