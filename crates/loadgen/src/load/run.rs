//! The generator's threads and their clients.

use std::error::Error;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, LocalSet};
use tokio_util::sync::CancellationToken;

use super::request_scheduler::RequestScheduler;
use super::{Plan, Progress};
use crate::stats::{Outcome, Report, Tally};
use crate::{ANSWERED_WITHIN, LoadError};

/// Generates the load of a plan, and reports it.
///
/// `connect` makes the client of each index, on the client's thread; no request is sent before all clients
/// are connected. A client is called with the number of each of its requests, from 0 on, and returns the
/// outcome. It must not block: other clients share its thread. Dropping the future ends the load.
///
/// # Errors
/// When the plan is refused, or a client can't connect or panics.
pub async fn run<F, C, E>(plan: Plan, connect: F) -> Result<Report, LoadError>
where
    F: AsyncFn(usize) -> Result<C, E> + Clone + Send + 'static,
    C: AsyncFnMut(u64) -> Outcome + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    run_watched(plan, None, connect).await
}

/// As [`run`], publishing the counts to `Progress` meanwhile.
pub async fn run_watched<F, C, E>(
    plan: Plan,
    live: Option<Arc<Progress>>,
    connect: F,
) -> Result<Report, LoadError>
where
    F: AsyncFn(usize) -> Result<C, E> + Clone + Send + 'static,
    C: AsyncFnMut(u64) -> Outcome + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    plan.check()?;
    let stop = CancellationToken::new();
    let _stopped_on_drop = stop.clone().drop_guard();
    let (start, started) = watch::channel(None);
    let (report, mut reports) = mpsc::channel(plan.threads);
    for index in 0..plan.threads {
        let thread = LoadThread {
            plan,
            index,
            live: live.clone(),
            started: started.clone(),
            reports: report.clone(),
        };
        let (connect, stop) = (connect.clone(), stop.clone());
        std::thread::Builder::new()
            .name(format!("load-{index}"))
            .spawn(move || thread.work(&connect, &stop))?;
    }
    drop(report);

    for _ in 0..plan.threads {
        match reports.recv().await {
            Some(Step::Ready) => {}
            Some(Step::Ended(Err(error))) => return Err(error),
            Some(Step::Ended(Ok(_))) | None => return Err(LoadError::ThreadLost),
        }
    }
    start.send_replace(Some(Instant::now()));

    let mut tally = Tally::new()?;
    let mut measured_for = Duration::ZERO;
    for _ in 0..plan.threads {
        let Some(Step::Ended(counted)) = reports.recv().await else {
            return Err(LoadError::ThreadLost);
        };
        let (counted, for_time) = counted?;
        tally.merge(&counted);
        measured_for = measured_for.max(for_time);
    }
    Ok(Report::new(tally, measured_for))
}

type Counted = Result<(Tally, Duration), LoadError>;

/// A thread's messages to the thread that waits for it.
enum Step {
    /// All its clients are connected.
    Ready,
    Ended(Counted),
}

struct LoadThread {
    plan: Plan,
    index: usize,
    live: Option<Arc<Progress>>,
    started: watch::Receiver<Option<Instant>>,
    reports: mpsc::Sender<Step>,
}

impl LoadThread {
    fn work<F, C, E>(mut self, connect: &F, stop: &CancellationToken)
    where
        F: AsyncFn(usize) -> Result<C, E>,
        C: AsyncFnMut(u64) -> Outcome + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let runtime = match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                self.reports
                    .blocking_send(Step::Ended(Err(error.into())))
                    .ok();
                return;
            }
        };
        let clients = LocalSet::new();
        // Cancelled: nobody waits for the result.
        runtime.block_on(clients.run_until(stop.run_until_cancelled(async {
            let counted = self.make_load(connect).await;
            self.reports.send(Step::Ended(counted)).await.ok();
        })));
    }

    async fn make_load<F, C, E>(&mut self, connect: &F) -> Counted
    where
        F: AsyncFn(usize) -> Result<C, E>,
        C: AsyncFnMut(u64) -> Outcome + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let clients = self.plan.clients_of(self.index).map(async |client| {
            connect(client).await.map_err(|error| LoadError::Connect {
                client,
                source: error.into(),
            })
        });
        let clients = try_join_all(clients).await?;
        self.reports.send(Step::Ready).await.ok();
        let start = match self.started.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(start)) => *start,
            // Another thread failed.
            Ok(None) | Err(_) => return Err(LoadError::ThreadLost),
        };

        let scheduler = Rc::new(self.scheduler(start)?);
        let mut running = JoinSet::new();
        for client in clients {
            running.spawn_local(drive(client, Rc::clone(&scheduler)));
        }
        let until = scheduler.last_send() + ANSWERED_WITHIN;
        let ended = tokio::time::timeout_at(until.into(), async {
            while let Some(ended) = running.join_next().await {
                ended.map_err(|_| LoadError::ClientPanicked)?;
            }
            Ok::<_, LoadError>(())
        });
        if let Ok(ended) = ended.await {
            ended?;
        }
        Ok(scheduler.end(running.len(), ANSWERED_WITHIN))
    }

    fn scheduler(&self, start: Instant) -> Result<RequestScheduler, LoadError> {
        let number = |index: usize| u64::try_from(index).map_err(io::Error::other);
        let (index, threads) = (number(self.index)?, number(self.plan.threads)?);
        Ok(RequestScheduler::new(
            &self.plan,
            index,
            threads,
            start,
            Tally::new()?,
            self.live.clone(),
        )?)
    }
}

/// A client's loop: request after request.
async fn drive<C>(mut client: C, scheduler: Rc<RequestScheduler>)
where
    C: AsyncFnMut(u64) -> Outcome,
{
    let mut number = 0;
    while let Some(time) = scheduler.next().await {
        let outcome = client(number).await;
        scheduler.record(time, outcome);
        number += 1;
    }
}
