//! The services of one test, with their databases and Redis.

use anyhow::Context as _;
use local_servers::redis;
use local_servers::temporary_directory::TemporaryDirectory;

use crate::databases::Databases;
use crate::process::{Part, Service};

/// Settings of every service.
const EVERY_SERVICE: &[(&str, &str)] = &[
    ("HOLDFAST__HTTP__WORKERS", "2"),
    ("HOLDFAST__DATABASE__POOL_SIZE", "8"),
    ("HOLDFAST__DATABASE__MIGRATE_ON_START", "false"),
    ("HOLDFAST__LOG__FORMAT", "pretty"),
    ("HOLDFAST__SALES__CLOSE_BEFORE_DEPARTURE", "never"),
    // The many logins of a test must not be throttled.
    ("HOLDFAST__ACCOUNTS__ATTEMPTS_PER_ACCOUNT", "100000"),
    (
        "HOLDFAST__ACCOUNTS__ATTEMPTS_PER_ACCOUNT_EVERYWHERE",
        "100000",
    ),
    ("HOLDFAST__ACCOUNTS__ATTEMPTS_PER_ADDRESS", "100000"),
    ("NO_COLOR", "1"),
];

/// One address stands for many clients here, so the limits per address are off.
const OPEN: &[(&str, &str)] = &[
    ("HOLDFAST__AUTH__MODE", "open"),
    ("HOLDFAST__HTTP__WRITE_TIMEOUT", "10s"),
    ("HOLDFAST__STREAMS__PER_ADDRESS", "2500"),
    ("HOLDFAST__STREAMS__AT_ONCE", "2500"),
];

const REQUIRED: &[(&str, &str)] = &[
    ("HOLDFAST__AUTH__MODE", "required"),
    (
        "HOLDFAST__AUTH__SECRET",
        "a secret of thirty-two bytes or more",
    ),
];

pub struct World {
    services: Vec<Service>,
    redis: redis::Server,
    databases: Databases,
    _logs: TemporaryDirectory,
}

impl World {
    /// Open services, without limits per address.
    pub async fn start(parts: &[Part]) -> anyhow::Result<Self> {
        Self::with(parts, OPEN).await
    }

    /// Services that authenticate callers, with their default limits.
    pub async fn start_required(parts: &[Part]) -> anyhow::Result<Self> {
        Self::with(parts, REQUIRED).await
    }

    async fn with(parts: &[Part], settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let databases = Databases::create().await?;
        let redis = redis::Server::temporary().await?;
        let logs = TemporaryDirectory::new("abuse")?;
        let mut services: Vec<Service> = Vec::new();
        for part in parts {
            let database = match part {
                Part::Flights => &databases.flights,
                Part::Bookings => &databases.bookings,
                Part::Payments => &databases.payments,
            };
            let mut environment = vec![
                ("DATABASE_URL".to_owned(), database.url().to_owned()),
                ("REDIS_URL".to_owned(), redis.url()),
            ];
            for service in &services {
                let name = match service.part {
                    Part::Flights => "FLIGHT_SERVICE_URL",
                    Part::Payments => "PAYMENT_SERVICE_URL",
                    Part::Bookings => continue,
                };
                environment.push((name.to_owned(), service.url("")));
            }
            let settings = EVERY_SERVICE.iter().chain(settings);
            environment.extend(settings.map(|(name, value)| (name.to_string(), value.to_string())));
            services.push(Service::start(*part, environment, logs.path()).await?);
        }
        Ok(Self {
            services,
            redis,
            databases,
            _logs: logs,
        })
    }

    pub fn service(&self, part: Part) -> anyhow::Result<&Service> {
        let service = self.services.iter().find(|service| service.part == part);
        service.with_context(|| format!("{part:?} was not started"))
    }

    /// Stops the services, and checks that everything adds up.
    pub async fn end(mut self) -> anyhow::Result<()> {
        for service in self.services {
            service.end().await?;
        }
        self.databases.audit().await?;
        Ok(self.redis.stop().await?)
    }
}
