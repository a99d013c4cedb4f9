//! The stack's processes, started in order and stopped in reverse.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::future::join_all;
use local_servers::child::{Child, Lifetime};
use local_servers::database::{connect, create_if_missing, with_database};
use local_servers::postgres::{self, Durability};
use local_servers::process::ProcessIdentity;
use local_servers::service::Service;
use local_servers::{logs, redis};
use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep};

use super::keys::Keys;
use super::services::{self, Addresses};
use super::settings::{POSTGRES_URL, Place, REDIS_URL, Settings, redis_address};
use super::state::{Part, State, StateDirectory};
use super::{print, probe, seed};

/// A service migrates its database and loads its data before it is ready.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Longer than a service gives its running requests (`http.shutdown_timeout`, at most 30 s by default).
const DRAINED_WITHIN: Duration = Duration::from_secs(35);
const POLL: Duration = Duration::from_millis(50);
const QUOTED_LINES: usize = 20;

/// The started processes. Each is recorded in the state file as soon as it runs, and every function is
/// cancel-safe: [`LocalStack::stop`] then stops what was started.
pub struct LocalStack<'a> {
    settings: &'a Settings,
    directory: &'a StateDirectory,
    pub(super) postgres: Option<postgres::Server>,
    pub(super) redis: Option<redis::Server>,
    pub(super) services: Vec<(Service, Child)>,
    ready: bool,
}

impl<'a> LocalStack<'a> {
    /// Nothing runs yet. The caller holds the lock.
    pub fn new(settings: &'a Settings, directory: &'a StateDirectory) -> anyhow::Result<Self> {
        let stack = Self {
            settings,
            directory,
            postgres: None,
            redis: None,
            services: Vec::new(),
            ready: false,
        };
        for name in ["postgres", "redis"]
            .into_iter()
            .chain(Service::ALL.map(Service::name))
        {
            directory.fresh_log(name)?;
        }
        stack.record()?;
        Ok(stack)
    }

    /// Starts everything, and waits until all is ready.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        self.load().await?;
        print::line("starting the services");
        for service in Service::ALL {
            self.start_service(service).await?;
        }
        self.wait_for_services().await?;
        self.ready = true;
        self.record()
    }

    /// Starts the servers, creates the databases, and imports the schedules.
    pub async fn load(&mut self) -> anyhow::Result<()> {
        // Missing programs are reported before the servers start.
        for service in Service::ALL {
            service.program()?;
        }
        seed::check()?;
        self.start_postgres().await?;
        self.start_redis().await?;
        let server_url = self.database_url("postgres").await?;
        let server = connect(&server_url).await?;
        for service in Service::ALL {
            create_if_missing(&server, service.database()).await?;
        }
        let addresses = self.addresses(Service::Flight).await?;
        seed::run(self.settings, &addresses).await
    }

    /// Stops everything in order, callers first. A part that can't be stopped does not keep the others
    /// running.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let signals = [(Signal::SIGTERM, DRAINED_WITHIN)];
        let (callers, called): (Vec<_>, Vec<_>) = self
            .services
            .iter_mut()
            .partition(|(service, _)| *service == Service::Booking);
        let mut outcomes = Vec::new();
        for group in [callers, called] {
            let ends = group.into_iter().map(async |(service, child)| {
                let status = child.end(&signals).await.context(service.name())?;
                if status.signal() == Some(Signal::SIGKILL as i32) {
                    let name = service.name();
                    print::line(format_args!("{name} did not drain in time, and was killed"));
                }
                anyhow::Ok(())
            });
            outcomes.extend(join_all(ends).await);
        }
        if let Some(redis) = &mut self.redis {
            outcomes.push(redis.stop().await.context("Redis"));
        }
        if let Some(postgres) = &mut self.postgres {
            outcomes.push(postgres.stop().await.context("PostgreSQL"));
        }
        self.end(outcomes)
    }

    /// Kills everything. Committed data survives.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let mut outcomes = Vec::new();
        for (service, child) in &mut self.services {
            outcomes.push(child.end(&[]).await.map(drop).context(service.name()));
        }
        if let Some(redis) = &mut self.redis {
            outcomes.push(redis.kill().await.context("Redis"));
        }
        if let Some(postgres) = &mut self.postgres {
            outcomes.push(postgres.kill().await.context("PostgreSQL"));
        }
        self.end(outcomes)
    }

    /// Removes the recorded state, unless something still runs.
    fn end(&mut self, outcomes: Vec<anyhow::Result<()>>) -> anyhow::Result<()> {
        self.ready = false;
        outcomes.into_iter().collect::<anyhow::Result<()>>()?;
        self.directory.forget();
        Ok(())
    }

    /// Starts or restarts a service.
    pub(super) async fn start_service(&mut self, service: Service) -> anyhow::Result<()> {
        let addresses = self.addresses(service).await?;
        let log = self.directory.log(service.name());
        let keys = Keys::of(self.settings)?;
        let child = services::start(service, self.settings, &addresses, &keys, &log)?;
        self.services.retain(|(other, _)| *other != service);
        self.services.push((service, child));
        self.record()
    }

    /// Records the running processes.
    pub(super) fn record(&self) -> anyhow::Result<()> {
        let pid = i32::try_from(std::process::id())?;
        let part = |name: &str, port: Option<u16>, process: Option<ProcessIdentity>| Part {
            name: name.to_owned(),
            port,
            process,
        };
        let mut parts = vec![
            match &self.postgres {
                Some(server) => part("PostgreSQL", Some(server.port()), server.identity()),
                None => part("PostgreSQL", None, None),
            },
            match &self.redis {
                Some(server) => part("Redis", Some(server.port()), server.identity()),
                None => part("Redis", None, None),
            },
        ];
        parts.extend(self.services.iter().map(|(service, child)| {
            let port = self.settings.port(*service);
            part(service.name(), Some(port), Some(child.identity()))
        }));
        self.directory.write(&State {
            stack: ProcessIdentity::of(pid),
            ready: self.ready,
            parts,
        })
    }

    /// The end of a part's log.
    pub(super) fn last_lines(&self, name: &str) -> String {
        logs::last_lines(&self.directory.log(name), QUOTED_LINES)
    }

    async fn start_postgres(&mut self) -> anyhow::Result<()> {
        let port = match &self.settings.postgres {
            Place::Private(port) => *port,
            Place::Existing(url) => {
                print::line(format_args!(
                    "using the PostgreSQL that {POSTGRES_URL} names"
                ));
                let reached = connect(url).await;
                return reached.map(drop).with_context(|| {
                    format!("the PostgreSQL that {POSTGRES_URL} names can't be reached")
                });
            }
        };
        let server = postgres::Server::prepare(postgres::Config {
            directory: self.directory.postgres(),
            port,
            log: self.directory.log("postgres"),
            durability: Durability::Durable,
            lifetime: Lifetime::Kept,
        })
        .await?;
        print::line(format_args!(
            "starting PostgreSQL {} on 127.0.0.1:{port}",
            server.installation().major
        ));
        if let Some(directory) = server.elsewhere() {
            print::line(format_args!(
                "its data is in {}, because user {} can't enter {}",
                directory.display(),
                server.account().name(),
                self.directory.path().display()
            ));
        }
        let server = self.postgres.insert(server);
        server.spawn()?;
        self.record()?;
        match &mut self.postgres {
            Some(server) => Ok(server.ready().await?),
            None => Ok(()),
        }
    }

    async fn start_redis(&mut self) -> anyhow::Result<()> {
        let port = match &self.settings.redis {
            Place::Private(port) => *port,
            Place::Existing(url) => {
                print::line(format_args!("using the Redis that {REDIS_URL} names"));
                let (host, port) = redis_address(url).context(REDIS_URL)?;
                if !redis::answers(&host, port).await {
                    bail!("the Redis that {REDIS_URL} names does not answer at {host}:{port}");
                }
                return Ok(());
            }
        };
        print::line(format_args!("starting Redis on 127.0.0.1:{port}"));
        let server = self.redis.insert(redis::Server::prepare(redis::Config {
            port,
            log: self.directory.log("redis"),
            lifetime: Lifetime::Kept,
        })?);
        server.spawn()?;
        self.record()?;
        match &mut self.redis {
            Some(server) => Ok(server.ready().await?),
            None => Ok(()),
        }
    }

    async fn wait_for_services(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        for index in 0..self.services.len() {
            let (service, name) = (self.services[index].0, self.services[index].0.name());
            let port = self.settings.port(service);
            loop {
                if let Some(status) = self.services[index].1.ended()? {
                    let lines = self.last_lines(name);
                    bail!(
                        "{name} ended before it was ready ({status}); its last log lines:\n{lines}"
                    );
                }
                let Err(reason) = probe::service(port).await else {
                    break;
                };
                if Instant::now() >= deadline {
                    let lines = self.last_lines(name);
                    let within_s = READY_WITHIN.as_secs();
                    bail!(
                        "{name} is not ready within {within_s} s ({reason}); its last log lines:\n{lines}"
                    );
                }
                sleep(POLL).await;
            }
        }
        Ok(())
    }

    async fn addresses(&self, service: Service) -> anyhow::Result<Addresses> {
        Ok(Addresses {
            database_url: self.database_url(service.database()).await?,
            redis_url: match &self.settings.redis {
                Place::Private(port) => format!("redis://127.0.0.1:{port}"),
                Place::Existing(url) => url.clone(),
            },
        })
    }

    async fn database_url(&self, database: &str) -> anyhow::Result<String> {
        database_url(self.settings, self.directory, database).await
    }
}

/// The URL of one of the stack's databases. `postgres` is the database that every server has; of an existing
/// server, the one that its URL names.
pub async fn database_url(
    settings: &Settings,
    directory: &StateDirectory,
    database: &str,
) -> anyhow::Result<String> {
    Ok(match &settings.postgres {
        Place::Private(port) => postgres::url(&directory.postgres(), *port, database).await?,
        Place::Existing(url) if database == "postgres" => url.clone(),
        Place::Existing(url) => with_database(url, database),
    })
}

/// The URL of a database of the running stack.
pub async fn running_database_url(settings: &Settings, database: &str) -> anyhow::Result<String> {
    const NOTHING_RUNS: &str = "nothing is running: `make start` starts it";
    let directory = StateDirectory::find(&settings.state_directory).context(NOTHING_RUNS)?;
    let mut settings = settings.clone();
    if let Place::Private(port) = &mut settings.postgres {
        if !directory.in_use()? {
            bail!(NOTHING_RUNS);
        }
        // The port that it was started with, whatever the variables say now.
        let parts = directory.state()?.parts;
        let running = parts.iter().find(|part| part.name == "PostgreSQL");
        *port = running.and_then(|part| part.port).context(NOTHING_RUNS)?;
    }
    database_url(&settings, &directory, database).await
}
