//! The services of one test, with their databases and Redis.

use std::env;

use anyhow::Context as _;
use local_servers::redis;
use local_servers::service::Service;
use local_servers::temporary_directory::TemporaryDirectory;
use test_stack::assert_at_end;
use test_stack::environment::{Ports, Settings, environment};
use test_stack::program::Program;

use crate::databases::Databases;
use crate::process::launch;

/// What all services are told, whoever may call.
const EVERY_SERVICE: Settings<'static> = &[
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
];

/// What bounds one address is off here, where one address stands for many.
const OPEN: Settings<'static> = &[
    ("HOLDFAST__AUTH__MODE", "open"),
    ("HOLDFAST__HTTP__WRITE_TIMEOUT", "10s"),
    ("HOLDFAST__STREAMS__PER_ADDRESS", "2500"),
    ("HOLDFAST__STREAMS__AT_ONCE", "2500"),
];

const REQUIRED: Settings<'static> = &[
    ("HOLDFAST__AUTH__MODE", "required"),
    (
        "HOLDFAST__AUTH__SECRET",
        "a secret of thirty-two bytes or more",
    ),
];

/// Services as processes. When it is dropped, what is done has to be right, whatever was done to them.
pub struct World {
    programs: Vec<(Service, Program)>,
    databases: Databases,
    _redis: redis::Server,
    _logs: TemporaryDirectory,
}

impl World {
    /// Some of the services, open, and without bounds of what one address may take.
    pub async fn start(services: &[Service]) -> anyhow::Result<Self> {
        Self::with(services, OPEN).await
    }

    /// The same as they are where nothing else is said.
    pub async fn start_required(services: &[Service]) -> anyhow::Result<Self> {
        Self::with(services, REQUIRED).await
    }

    async fn with(services: &[Service], settings: Settings<'_>) -> anyhow::Result<Self> {
        let databases = Databases::create().await?;
        let redis = redis::Server::temporary().await?;
        let logs = TemporaryDirectory::new("abuse")?;
        let ports = Ports::free()?;
        let mut programs = Vec::new();
        for service in services.iter().copied() {
            let settings = [EVERY_SERVICE, settings];
            let database_url = databases.url(service);
            let environment = environment(service, ports, database_url, &redis.url(), &settings);
            let log = logs.path().join(format!("{}.log", service.name()));
            let program = env::current_exe()?;
            let launch = launch(&program, service, environment, &log);
            let program = Program::start(launch, ports.of(service), "/health").await?;
            programs.push((service, program));
        }
        Ok(Self {
            programs,
            databases,
            _redis: redis,
            _logs: logs,
        })
    }

    pub fn program(&self, service: Service) -> anyhow::Result<&Program> {
        let program = self.programs.iter().find(|(known, _)| *known == service);
        let program = program.with_context(|| format!("{} was not started", service.name()))?;
        Ok(&program.1)
    }

    /// Ends the services in order.
    pub async fn end(mut self) -> anyhow::Result<()> {
        for (_, program) in &mut self.programs {
            program.stop().await?;
        }
        Ok(())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        assert_at_end(async || self.databases.audit().await.map(drop));
    }
}
