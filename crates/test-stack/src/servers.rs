//! The servers that tests use: one pair for the process, or a pair of one's own.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use tokio::sync::OnceCell;

use local_servers::postgres::{self, Durability};
use local_servers::redis;

/// Names the PostgreSQL server that tests use, by the address of any of its databases. Its user may
/// create databases.
pub const DATABASE_URL: &str = "HOLDFAST_TEST_DATABASE_URL";
/// Names the Redis server that tests use.
pub const REDIS_URL: &str = "HOLDFAST_TEST_REDIS_URL";

static SHARED: OnceCell<Servers> = OnceCell::const_new();

/// A PostgreSQL and a Redis that all tests of a process share, and perhaps other processes too.
#[derive(Debug)]
pub struct Servers {
    database_url: String,
    redis_url: String,
    /// Ends with the process: nothing drops a static, but its watchdogs see the pipe close.
    _own: Option<PrivateServers>,
}

impl Servers {
    /// The servers that [`DATABASE_URL`] and [`REDIS_URL`] name, or else this process's own, which are
    /// started at the first call and end with the process.
    pub async fn shared() -> anyhow::Result<&'static Self> {
        SHARED.get_or_try_init(Self::find).await
    }

    /// The address of the PostgreSQL server's maintenance database. Tests use a [`TestDatabase`].
    ///
    /// [`TestDatabase`]: super::TestDatabase
    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// The address of the Redis server. Other tests use it too: start every key with
    /// [`Servers::unique_key_prefix`].
    pub fn redis_url(&self) -> &str {
        &self.redis_url
    }

    /// A start for Redis keys and channels that no other test has.
    pub fn unique_key_prefix(&self) -> String {
        format!("test:{}:", unique())
    }

    async fn find() -> anyhow::Result<Self> {
        if let (Ok(database_url), Ok(redis_url)) =
            (std::env::var(DATABASE_URL), std::env::var(REDIS_URL))
        {
            return Ok(Self {
                database_url,
                redis_url,
                _own: None,
            });
        }
        let own = PrivateServers::start(Durability::Fast).await?;
        Ok(Self {
            database_url: own.postgres.url("postgres"),
            redis_url: own.redis.url(),
            _own: Some(own),
        })
    }
}

/// A PostgreSQL and a Redis of one's own, to be killed and restarted, or measured. They end when this
/// is dropped, or with the process, and their data with them.
#[derive(Debug)]
pub struct PrivateServers {
    /// The PostgreSQL server.
    pub postgres: postgres::Server,
    /// The Redis server.
    pub redis: redis::Server,
}

impl PrivateServers {
    /// Starts both on free ports.
    pub async fn start(durability: Durability) -> anyhow::Result<Self> {
        let (postgres, redis) = tokio::join!(
            postgres::Server::temporary(durability),
            redis::Server::temporary()
        );
        Ok(Self {
            postgres: postgres.context("no PostgreSQL for the tests")?,
            redis: redis.context("no Redis for the tests")?,
        })
    }

    /// Stops both and waits for it. Dropping them does not wait.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let (redis, postgres) = tokio::join!(self.redis.stop(), self.postgres.stop());
        redis?;
        Ok(postgres?)
    }
}

/// A name that no other test has, in this process or another: its process, its number there, and
/// chance for processes in other containers.
pub(super) fn unique() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!(
        "{}_{number}_{:08x}",
        std::process::id(),
        rand::random::<u32>()
    )
}
