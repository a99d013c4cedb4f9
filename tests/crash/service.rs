//! A service that is started again whenever it is killed.

use std::env;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use local_servers::child::Child;
use local_servers::logs::last_lines;
use local_servers::process::ProcessIdentity;
use local_servers::service::Service;
use nix::sys::signal::Signal;
use test_stack::program::QUOTED_LINES;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::faults::Step;
use crate::process::launch;

/// Where it is to die.
const CRASH_AT: &str = "HOLDFAST_CRASH_AT";

/// A service that is kept running.
pub struct KeptService {
    keeper: JoinHandle<anyhow::Result<()>>,
    kills: mpsc::Sender<()>,
    deaths: Arc<AtomicUsize>,
    died_at: Arc<Mutex<Vec<String>>>,
    process: watch::Receiver<Option<ProcessIdentity>>,
}

/// How a service is kept running.
pub struct Keeping {
    pub service: Service,
    pub environment: Vec<(String, String)>,
    /// Where its processes die, one after the other, until all faults are over.
    pub steps: Vec<Step>,
    /// Whether a process that died at its crash point is not restarted.
    pub is_left_dead: bool,
    pub log: PathBuf,
    /// Whether faults are over.
    pub quiesced: watch::Receiver<bool>,
}

impl KeptService {
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
    died_at: Arc<Mutex<Vec<String>>>,
    runs: watch::Sender<Option<ProcessIdentity>>,
) -> anyhow::Result<()> {
    let mut steps = std::mem::take(&mut keeping.steps).into_iter();
    loop {
        let are_faults_over = *keeping.quiesced.borrow_and_update();
        let step = steps.next().filter(|_| !are_faults_over);
        let mut child = start(&keeping, step)?;
        runs.send_replace(Some(child.identity()));
        tokio::select! {
            status = child.wait() => {
                let status = status?;
                child.end(&[]).await?;
                let died = step.filter(|_| status.signal() == Some(Signal::SIGKILL as i32));
                let Some((name, _)) = died else {
                    anyhow::bail!("{} ended by itself ({status}):\n{}", keeping.service.name(),
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
            // One that waits for its step must not reach it any more.
            () = faults_are_over(&mut keeping.quiesced), if step.is_some() => {
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

async fn faults_are_over(quiesced: &mut watch::Receiver<bool>) {
    if quiesced.wait_for(|quiesced| *quiesced).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn start(keeping: &Keeping, step: Option<Step>) -> anyhow::Result<Child> {
    let mut environment = keeping.environment.clone();
    if let Some((name, times)) = step {
        environment.push((CRASH_AT.to_owned(), format!("{name}:{times}")));
    }
    let program = env::current_exe()?;
    launch(&program, keeping.service, environment, &keeping.log).spawn()
}
