//! The tests' servers: a pair shared by the process, or a private pair.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use tokio::sync::OnceCell;

use local_servers::postgres::{self, Durability};
use local_servers::redis;

/// Variable with the URL of any database on the tests' PostgreSQL. Its user may create databases.
pub const DATABASE_URL: &str = "HOLDFAST_TEST_DATABASE_URL";
/// Variable with the URL of the tests' Redis.
pub const REDIS_URL: &str = "HOLDFAST_TEST_REDIS_URL";

static SHARED: OnceCell<Servers> = OnceCell::const_new();

/// A PostgreSQL and a Redis shared by all tests of this process, and perhaps of others.
#[derive(Debug)]
pub struct Servers {
    database_url: String,
    redis_url: String,
    /// Ends with the process: a static is never dropped, but the servers' watchdogs see the pipe close.
    _own: Option<PrivateServers>,
}

impl Servers {
    /// The servers of [`DATABASE_URL`] and [`REDIS_URL`]; without those, this process's own, which start at
    /// the first call and end with the process.
    pub async fn shared() -> anyhow::Result<&'static Self> {
        SHARED.get_or_try_init(Self::find).await
    }

    /// URL of PostgreSQL's maintenance database. Tests use a [`TestDatabase`].
    ///
    /// [`TestDatabase`]: super::TestDatabase
    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// URL of Redis. Other tests use it too: start every key with [`Servers::unique_key_prefix`].
    pub fn redis_url(&self) -> &str {
        &self.redis_url
    }

    /// A unique prefix for Redis keys and channels.
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

/// A private PostgreSQL and Redis, to be killed, restarted or measured. They end, and their data is deleted,
/// when this is dropped or the process ends.
#[derive(Debug)]
pub struct PrivateServers {
    pub postgres: postgres::Server,
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

    /// Stops both and waits. Dropping them does not wait.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let (redis, postgres) = tokio::join!(self.redis.stop(), self.postgres.stop());
        redis?;
        Ok(postgres?)
    }
}

/// A unique name: the process id, a counter, and random bits for processes in other containers.
pub(super) fn unique() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!(
        "{}_{number}_{:08x}",
        std::process::id(),
        rand::random::<u32>()
    )
}
