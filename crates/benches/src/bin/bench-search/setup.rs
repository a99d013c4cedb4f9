//! The servers of a run: PostgreSQL with the week, and Redis.

use benches::bare::Bare;
use loadgen::console::line;
use loadgen::http::Target;
use local_servers::service::Service;
use test_stack::environment::Settings;
use test_stack::service_stack::ServiceStack;

use crate::week::Week;

/// The servers, and the database with the week.
pub struct Setup(ServiceStack);

impl Setup {
    /// Starts the servers and imports the week.
    pub async fn start() -> anyhow::Result<Self> {
        line("\nStarting servers and importing the week …")?;
        let mut servers = ServiceStack::open("bench-search").await?;
        servers.import(&Week::directory(), &[]).await?;
        servers.analyze().await?;
        Ok(Self(servers))
    }

    pub fn database_url(&self) -> String {
        self.0.database_url(Service::Flight)
    }

    pub async fn bare(&self, body_bytes: usize) -> anyhow::Result<Bare> {
        Bare::start(self.0.directory(), body_bytes).await
    }

    pub async fn start_flight_service(&mut self, settings: Settings<'_>) -> anyhow::Result<Target> {
        Ok(Target::local(
            self.0.start(Service::Flight, settings).await?,
        ))
    }

    pub async fn stop_flight_service(&mut self) -> anyhow::Result<()> {
        self.0.stop(Service::Flight).await
    }

    /// Ends the servers. Their data is deleted, so nothing is flushed.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.0.close().await
    }
}
