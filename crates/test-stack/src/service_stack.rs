//! The target of a load: a durable PostgreSQL, a Redis, and the services that the load needs, from the
//! binaries beside this one or in a given directory. Each is a process that ends with this one.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use local_servers::database::{connect, create_if_missing};
use local_servers::postgres::Durability;
use local_servers::service::Service;
use local_servers::temporary_directory::TemporaryDirectory;
use tokio::process::Command;

use crate::PrivateServers;
use crate::cores::Share;
use crate::environment::{Ports, Settings, environment};
use crate::program::{HIDDEN_ENVIRONMENT, Program, ProgramLaunch};

/// The mock provider takes no time, declines nothing and always answers.
pub const WILLING_PROVIDER: Settings<'static> = &[
    ("HOLDFAST__MOCK__FAILURE_RATE", "0"),
    ("HOLDFAST__MOCK__TIMEOUT_RATE", "0"),
    ("HOLDFAST__MOCK__LOST_ANSWER_RATE", "0"),
    ("HOLDFAST__MOCK__PROCESSING_TIME", "0s"),
    ("HOLDFAST__MOCK__PROCESSING_JITTER", "0s"),
];

const EVERY_SERVICE: Settings<'static> = &[
    ("HOLDFAST__LOG__FILTER", "warn"),
    ("HOLDFAST__AUTH__MODE", "open"),
];

const FLIGHT: Settings<'static> = &[("HOLDFAST__SALES__CLOSE_BEFORE_DEPARTURE", "never")];

/// Lifts the limits per user and address: a load has few users and one address.
const BOOKING: Settings<'static> = &[
    ("HOLDFAST__CUSTOMERS__SEATS_PER_ORDER", "0"),
    ("HOLDFAST__CUSTOMERS__UNPAID_ORDERS_PER_USER", "0"),
    ("HOLDFAST__CUSTOMERS__UNPAID_ORDERS_PER_ADDRESS", "0"),
    ("HOLDFAST__CUSTOMERS__CANCEL_BEFORE_DEPARTURE", "never"),
    ("HOLDFAST__CUSTOMERS__CANCEL_BEFORE_EVENT", "never"),
];

/// The servers and the started services.
#[derive(Debug)]
pub struct ServiceStack {
    servers: PrivateServers,
    ports: Ports,
    /// Databases created so far.
    databases: Vec<&'static str>,
    /// In the order of their start.
    services: Vec<(Service, Program)>,
    directory: TemporaryDirectory,
    /// Where the services' binaries are; `None`: beside this one.
    binaries: Option<PathBuf>,
}

impl ServiceStack {
    /// Starts the servers, with durable commits. `purpose` becomes part of the directories' names.
    pub async fn open(purpose: &str) -> anyhow::Result<Self> {
        Ok(Self {
            directory: TemporaryDirectory::new(purpose)?,
            ports: Ports::free()?,
            servers: PrivateServers::start(Durability::Durable).await?,
            databases: Vec::new(),
            services: Vec::new(),
            binaries: None,
        })
    }

    /// Runs the services in this directory: another version of them.
    #[must_use]
    pub fn with_binaries(self, directory: &Path) -> Self {
        Self {
            binaries: Some(directory.to_owned()),
            ..self
        }
    }

    /// Removed when this is dropped.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Creates a database unless it exists; returns its URL.
    pub async fn create_database(&mut self, name: &'static str) -> anyhow::Result<String> {
        let server = connect(&self.servers.postgres.url("postgres")).await?;
        if create_if_missing(&server, name).await? {
            self.databases.push(name);
        }
        Ok(self.servers.postgres.url(name))
    }

    /// Has flight-service create its tables and import the schedule in a directory.
    pub async fn import(&mut self, schedule: &Path, options: &[String]) -> anyhow::Result<()> {
        let mut arguments = vec!["import".into(), schedule.into()];
        arguments.extend(options.iter().map(OsString::from));
        self.run(Service::Flight, arguments).await
    }

    /// Has a service create its tables.
    pub async fn migrate(&mut self, service: Service) -> anyhow::Result<()> {
        self.run(service, vec!["migrate".into()]).await
    }

    /// Runs a command of a service's binary to its end.
    async fn run(&mut self, service: Service, arguments: Vec<OsString>) -> anyhow::Result<()> {
        let environment = self.environment(service, &[]).await?;
        let mut command = Command::new(self.program(service)?);
        for name in HIDDEN_ENVIRONMENT {
            command.env_remove(name);
        }
        let output = command
            .args(&arguments)
            .envs(environment)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("{} can't be started", service.name()))?;
        ensure!(
            output.status.success(),
            "{} failed at {arguments:?}: {}",
            service.name(),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    /// Starts a service, waits until it is ready, and returns its port. booking-service calls the others, so
    /// it comes last.
    pub async fn start(&mut self, service: Service, settings: Settings<'_>) -> anyhow::Result<u16> {
        let environment = self.environment(service, settings).await?;
        let log = self.directory().join(format!("{}.log", service.name()));
        let launch = ProgramLaunch {
            program: &self.program(service)?,
            arguments: Vec::new(),
            environment,
            log: &log,
        };
        let port = self.ports.of(service);
        let program = Program::start(launch, port, "/ready").await?;
        self.services.push((service, program));
        Ok(port)
    }

    /// # Errors
    /// When it does not run, or does not end.
    pub async fn stop(&mut self, service: Service) -> anyhow::Result<()> {
        let index = self
            .services
            .iter()
            .position(|(known, _)| *known == service);
        let index = index.with_context(|| format!("{} does not run", service.name()))?;
        self.services.remove(index).1.stop().await
    }

    pub fn port(&self, service: Service) -> u16 {
        self.ports.of(service)
    }

    pub fn database_url(&self, service: Service) -> String {
        self.servers.postgres.url(service.database())
    }

    /// URL of PostgreSQL's maintenance database, as superuser.
    pub fn server_url(&self) -> String {
        self.servers.postgres.url("postgres")
    }

    /// Runs `ANALYZE`, so that statements are planned with statistics as on a server that has run for a
    /// while.
    pub async fn analyze(&self) -> anyhow::Result<()> {
        for name in &self.databases {
            let client = connect(&self.servers.postgres.url(name)).await?;
            client.batch_execute("VACUUM ANALYZE").await?;
        }
        Ok(())
    }

    /// The processes whose CPU use is shown, by name. A leading dot marks a part of the one before.
    pub fn shares(&self) -> anyhow::Result<Vec<(&'static str, Share)>> {
        let postgres = self.servers.postgres.identity();
        let postgres = postgres.context("PostgreSQL does not run")?;
        let redis = self.servers.redis.identity();
        let redis = redis.context("Redis does not run")?;
        let services = || self.services.iter().map(|(service, _)| *service).rev();
        let mut shares = Vec::new();
        for (service, program) in self.services.iter().rev() {
            shares.push((short_names(*service)[0], Share::Tree(program.identity())));
        }
        shares.push(("postgres", Share::Tree(postgres)));
        for service in services() {
            let backends = Share::Backends(postgres, service.database().to_owned());
            shares.push((short_names(service)[1], backends));
        }
        let databases = services().map(|service| service.database().to_owned());
        shares.push((".shared", Share::Rest(postgres, databases.collect())));
        shares.push(("redis", Share::Tree(redis)));
        shares.push(("load", Share::Itself));
        Ok(shares)
    }

    /// Ends everything. The data is deleted, so nothing is flushed.
    pub async fn close(mut self) -> anyhow::Result<()> {
        for (_, program) in self.services.iter_mut().rev() {
            program.stop().await?;
        }
        self.servers.postgres.kill().await?;
        self.servers.redis.kill().await?;
        Ok(())
    }

    fn program(&self, service: Service) -> std::io::Result<PathBuf> {
        match &self.binaries {
            Some(directory) => service.program_in(directory),
            None => service.program(),
        }
    }

    async fn environment(
        &mut self,
        service: Service,
        settings: Settings<'_>,
    ) -> anyhow::Result<Vec<(String, String)>> {
        let database_url = self.create_database(service.database()).await?;
        let of_service: Settings<'_> = match service {
            Service::Flight => FLIGHT,
            Service::Booking => BOOKING,
            Service::Payment => &[],
        };
        let settings = [EVERY_SERVICE, of_service, settings];
        let redis_url = self.servers.redis.url();
        Ok(environment(
            service,
            self.ports,
            &database_url,
            &redis_url,
            &settings,
        ))
    }
}

/// Names of a service, and of its database's backends.
fn short_names(service: Service) -> [&'static str; 2] {
    match service {
        Service::Flight => ["flight", ".flights"],
        Service::Booking => ["booking", ".bookings"],
        Service::Payment => ["payment", ".payments"],
    }
}
