//! Servers and services of a run's own: a PostgreSQL, a Redis, and those of the services that it needs,
//! each a process that ends with this one.

use std::path::Path;

use anyhow::Context as _;
use reconcile::Urls;
use stack::database::{connect, create_if_missing};
use stack::postgres::Durability;
use stack::temporary_directory::Scratch;
use stack::testing::PrivateServers;

use super::cores::Share;
use super::service::{Environment, Running, Service};
use crate::http::Target;

/// The provider takes no time, declines nothing and always answers.
pub const WILLING_PROVIDER: [(&str, &str); 5] = [
    ("HOLDFAST__MOCK__FAILURE_RATE", "0"),
    ("HOLDFAST__MOCK__TIMEOUT_RATE", "0"),
    ("HOLDFAST__MOCK__LOST_ANSWER_RATE", "0"),
    ("HOLDFAST__MOCK__PROCESSING_TIME", "0s"),
    ("HOLDFAST__MOCK__PROCESSING_SPREAD", "0s"),
];

/// Everything that runs beside the load.
pub struct TestServers {
    servers: PrivateServers,
    /// In the order in which they were started.
    services: Vec<(Service, Running)>,
    /// Removed with this.
    scratch: Scratch,
}

impl TestServers {
    /// Starts the servers; a commit is on disk when they say so. `purpose` is in the names of directories.
    ///
    /// # Errors
    /// When they can't be started.
    pub async fn open(purpose: &str) -> anyhow::Result<Self> {
        Ok(Self {
            scratch: Scratch::new(purpose)?,
            servers: PrivateServers::start(Durability::Durable).await?,
            services: Vec::new(),
        })
    }

    /// A directory that is removed with this.
    #[must_use]
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// What a service is to know, with settings of its own: where its database is, which is made if it is
    /// missing, and where the services are that it calls, if they run.
    ///
    /// # Errors
    /// When the database can't be made.
    pub async fn environment(
        &self,
        service: Service,
        settings: &[(&'static str, &str)],
    ) -> anyhow::Result<Environment> {
        let server = connect(&self.servers.postgres.url("postgres")).await?;
        create_if_missing(&server, database(service)).await?;
        let owned = settings
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        let mut settings: Vec<_> = owned.collect();
        if service == Service::Booking {
            let neighbours = [
                (Service::Flight, "FLIGHT_SERVICE_URL"),
                (Service::Payment, "PAYMENT_SERVICE_URL"),
            ];
            settings.extend(neighbours.iter().filter_map(|(service, name)| {
                let target = self.running(*service)?.target();
                Some((*name, format!("http://{target}")))
            }));
        }
        Ok(Environment {
            database_url: self.database_url(service),
            redis_url: self.servers.redis.url(),
            settings,
        })
    }

    /// Starts a service, and waits until it is ready. booking-service calls the others: it comes last.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn start(
        &mut self,
        service: Service,
        settings: &[(&'static str, &str)],
    ) -> anyhow::Result<Target> {
        let environment = self.environment(service, settings).await?;
        let running = service.start(self.scratch.path(), &environment).await?;
        let target = running.target();
        self.services.push((service, running));
        Ok(target)
    }

    /// Where a service listens.
    ///
    /// # Errors
    /// When it was not started.
    pub fn target(&self, service: Service) -> anyhow::Result<Target> {
        let running = self.running(service);
        let running = running.with_context(|| format!("{} does not run", service.name()))?;
        Ok(running.target())
    }

    /// The address of a service's database.
    #[must_use]
    pub fn database_url(&self, service: Service) -> String {
        self.servers.postgres.url(database(service))
    }

    /// What an audit looks at: to be asked for where all three services run.
    #[must_use]
    pub fn urls(&self) -> Urls {
        Urls {
            flights: self.database_url(Service::Flight),
            bookings: self.database_url(Service::Booking),
            payments: self.database_url(Service::Payment),
        }
    }

    /// Writes the statistics that statements are planned by, as a server that has run for a while has
    /// them.
    ///
    /// # Errors
    /// When a database does not take it.
    pub async fn analyze(&self) -> anyhow::Result<()> {
        for (service, _) in &self.services {
            let client = connect(&self.database_url(*service)).await?;
            client.batch_execute("VACUUM ANALYZE").await?;
        }
        Ok(())
    }

    /// Whose cores are counted, with their names. Those that begin with a dot are parts of the one before.
    ///
    /// # Errors
    /// When a server does not run.
    pub fn shares(&self) -> anyhow::Result<Vec<(&'static str, Share)>> {
        let postgres = self.servers.postgres.identity();
        let postgres = postgres.context("PostgreSQL does not run")?;
        let redis = self.servers.redis.identity();
        let redis = redis.context("Redis does not run")?;
        let mut shares = Vec::new();
        for (service, running) in self.services.iter().rev() {
            shares.push((short_name(*service), Share::Tree(running.identity())));
        }
        shares.push(("postgres", Share::Tree(postgres)));
        let services = || self.services.iter().map(|(service, _)| *service);
        for service in services().rev() {
            let backends = Share::Children(postgres, database(service).to_owned());
            shares.push((part_name(service), backends));
        }
        let databases = services().map(|service| database(service).to_owned());
        shares.push((".rest", Share::Rest(postgres, databases.collect())));
        shares.push(("redis", Share::Tree(redis)));
        shares.push(("load", Share::Itself));
        Ok(shares)
    }

    /// Ends everything. The data goes with it, so nothing is written out.
    ///
    /// # Errors
    /// When something does not end.
    pub async fn close(mut self) -> anyhow::Result<()> {
        for (_, service) in self.services.iter_mut().rev() {
            service.stop().await?;
        }
        self.servers.postgres.kill().await?;
        self.servers.redis.kill().await?;
        Ok(())
    }

    fn running(&self, service: Service) -> Option<&Running> {
        let mut services = self.services.iter();
        services
            .find(|(known, _)| *known == service)
            .map(|(_, running)| running)
    }
}

fn database(service: Service) -> &'static str {
    match service {
        Service::Flight => "bench_flights",
        Service::Booking => "bench_bookings",
        Service::Payment => "bench_payments",
    }
}

fn short_name(service: Service) -> &'static str {
    match service {
        Service::Flight => "flight",
        Service::Booking => "booking",
        Service::Payment => "payment",
    }
}

fn part_name(service: Service) -> &'static str {
    match service {
        Service::Flight => ".flights",
        Service::Booking => ".bookings",
        Service::Payment => ".payments",
    }
}
