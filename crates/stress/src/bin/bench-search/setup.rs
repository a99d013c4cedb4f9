//! The servers of a run: PostgreSQL with the week, and Redis.

use stack::database::{connect, create_if_missing};
use stack::postgres::Durability;
use stack::temporary_directory::Scratch;
use stack::testing::PrivateServers;
use stress::bench::numbers::line;
use stress::bench::service::{Environment, Running, Service, import};

use crate::week::Week;

const DATABASE: &str = "bench_search";

/// The servers, and the database with the week.
pub struct Setup {
    servers: PrivateServers,
    /// Removed with this.
    pub scratch: Scratch,
}

impl Setup {
    /// Starts them and loads the week.
    pub async fn start() -> anyhow::Result<Self> {
        line("\nStarting servers and importing the week …")?;
        let stage = Self {
            servers: PrivateServers::start(Durability::Durable).await?,
            scratch: Scratch::new("bench-search")?,
        };
        let server = connect(&stage.servers.postgres.url("postgres")).await?;
        create_if_missing(&server, DATABASE).await?;
        import(&Week::directory(), &stage.environment(&[])).await?;
        let client = connect(&stage.database_url()).await?;
        client.batch_execute("VACUUM ANALYZE").await?;
        Ok(stage)
    }

    /// The database's address.
    pub fn database_url(&self) -> String {
        self.servers.postgres.url(DATABASE)
    }

    /// Starts flight-service with these settings.
    pub async fn flight_service(
        &self,
        settings: &[(&'static str, &str)],
    ) -> anyhow::Result<Running> {
        let environment = self.environment(settings);
        Service::Flight
            .start(self.scratch.path(), &environment)
            .await
    }

    fn environment(&self, settings: &[(&'static str, &str)]) -> Environment {
        let owned = |(name, value): &(&'static str, &str)| (*name, (*value).to_owned());
        Environment {
            database_url: self.database_url(),
            redis_url: self.servers.redis.url(),
            settings: settings.iter().map(owned).collect(),
        }
    }

    /// Ends them. The data goes with them, so nothing is written out.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.servers.postgres.kill().await?;
        self.servers.redis.kill().await?;
        Ok(())
    }
}
