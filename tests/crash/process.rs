//! Services as processes: this test binary starts itself again with only the test [`the_service`], which
//! serves there and does nothing otherwise. Built that way, the services have crash points.

use std::env;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use local_servers::child::{Child, Launch, Lifetime, arguments};
use local_servers::logs::last_lines;
use local_servers::process::ProcessIdentity;
use local_servers::temporary_directory::unused_path;
use nix::sys::signal::Signal;
use service_core::settings::AuthMode;
use service_core::telemetry;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::kills::Step;

/// The service that this process serves.
const PART: &str = "HOLDFAST_CRASH_SERVICE";
/// The crash point.
const CRASH_AT: &str = "HOLDFAST_CRASH_AT";

/// Log lines quoted in an error.
pub const QUOTED_LINES: usize = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Flights,
    Bookings,
    Payments,
}

impl Part {
    pub const ALL: [Self; 3] = [Self::Flights, Self::Bookings, Self::Payments];
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service() -> anyhow::Result<()> {
    match env::var(PART).as_deref() {
        Ok("Flights") => {
            let mut settings = flight_service::settings::Settings::load(None)?;
            settings.auth.mode = AuthMode::Open;
            telemetry::start_logs(&settings.log)?;
            let service = flight_service::Application::build(&settings).await?;
            service.run().await
        }
        Ok("Bookings") => {
            let mut settings = booking_service::settings::Settings::load(None)?;
            settings.auth.mode = AuthMode::Open;
            telemetry::start_logs(&settings.log)?;
            let service = booking_service::Application::build(&settings).await?;
            service.run().await
        }
        Ok("Payments") => {
            let mut settings = payment_service::settings::Settings::load(None)?;
            settings.auth.mode = AuthMode::Open;
            telemetry::start_logs(&settings.log)?;
            let service = payment_service::Application::build(&settings).await?;
            service.run().await
        }
        _ => Ok(()),
    }
}

/// A service that is restarted whenever it dies.
pub struct Service {
    keeper: JoinHandle<anyhow::Result<()>>,
    kills: mpsc::Sender<()>,
    deaths: Arc<AtomicUsize>,
    died_at: Arc<std::sync::Mutex<Vec<String>>>,
    process: watch::Receiver<Option<ProcessIdentity>>,
}

/// How a service is kept running.
pub struct Keeping {
    pub part: Part,
    pub environment: Vec<(String, String)>,
    /// Crash points of its successive processes, until the kills end.
    pub steps: Vec<Step>,
    /// Whether a process that died at its crash point is not restarted.
    pub is_left_dead: bool,
    pub log: PathBuf,
    /// Set once nothing is killed any more.
    pub peace: watch::Receiver<bool>,
}

impl Service {
    pub fn keep(keeping: Keeping) -> Self {
        let (kills, killed) = mpsc::channel(1);
        let deaths = Arc::new(AtomicUsize::new(0));
        let died_at = Arc::default();
        let (runs, process) = watch::channel(None);
        let keeper = tokio::spawn(keep(
            keeping,
            killed,
            Arc::clone(&deaths),
            Arc::clone(&died_at),
            runs,
        ));
        Self {
            keeper,
            kills,
            deaths,
            died_at,
            process,
        }
    }

    /// The running process, once there is one.
    pub fn process(&self) -> Option<ProcessIdentity> {
        *self.process.borrow()
    }

    /// Kills the running process.
    pub async fn kill(&self) {
        self.kills.send(()).await.ok();
    }

    /// The number of deaths, and the crash points of those that had one.
    pub fn deaths(&self) -> (usize, Vec<String>) {
        let steps = self.died_at.lock().map(|steps| steps.clone());
        (
            self.deaths.load(Ordering::Relaxed),
            steps.unwrap_or_default(),
        )
    }

    /// Ends the service for good. Fails if a process ended by itself.
    pub async fn end(self) -> anyhow::Result<()> {
        drop(self.kills);
        self.keeper.await?
    }
}

async fn keep(
    mut keeping: Keeping,
    mut killed: mpsc::Receiver<()>,
    deaths: Arc<AtomicUsize>,
    died_at: Arc<std::sync::Mutex<Vec<String>>>,
    runs: watch::Sender<Option<ProcessIdentity>>,
) -> anyhow::Result<()> {
    let mut steps = std::mem::take(&mut keeping.steps).into_iter();
    loop {
        let is_peace = *keeping.peace.borrow_and_update();
        let step = steps.next().filter(|_| !is_peace);
        let mut child = start(&keeping, step)?;
        runs.send_replace(Some(child.identity()));
        tokio::select! {
            status = child.wait() => {
                let status = status?;
                child.end(&[]).await?;
                let died = step.filter(|_| status.signal() == Some(Signal::SIGKILL as i32));
                let Some((name, _)) = died else {
                    anyhow::bail!("{:?} ended by itself ({status}):\n{}", keeping.part,
                        last_lines(&keeping.log, QUOTED_LINES));
                };
                if let Ok(mut died_at) = died_at.lock() {
                    died_at.push(name.to_owned());
                }
            }
            order = killed.recv() => {
                child.end(&[]).await?;
                if order.is_none() {
                    return Ok(());
                }
            }
            // A process waiting for its crash point must not reach it any more.
            () = peace(&mut keeping.peace), if step.is_some() => {
                child.end(&[]).await?;
            }
        }
        deaths.fetch_add(1, Ordering::Relaxed);
        if keeping.is_left_dead {
            while killed.recv().await.is_some() {}
            return Ok(());
        }
    }
}

/// Waits until the kills end.
async fn peace(peace: &mut watch::Receiver<bool>) {
    if peace.wait_for(|peace| *peace).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn start(keeping: &Keeping, step: Option<Step>) -> anyhow::Result<Child> {
    let mut environment = keeping.environment.clone();
    environment.push((PART.to_owned(), format!("{:?}", keeping.part)));
    if let Some((name, times)) = step {
        environment.push((CRASH_AT.to_owned(), format!("{name}:{times}")));
    }
    // The service has no directory; nothing exists at this path to be removed with it.
    let directory = unused_path(&env::temp_dir(), "crash-service");
    let child = Launch {
        program: &env::current_exe()?,
        arguments: arguments(["--exact", "process::the_service", "--nocapture"]),
        environment,
        hidden_environment: &[],
        account: None,
        working_directory: Path::new("/"),
        log: &keeping.log,
        last_signal: Signal::SIGKILL,
        lifetime: &Lifetime::Temporary { directory },
    };
    Ok(child.start()?)
}
