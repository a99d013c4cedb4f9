//! The schedule that searches run on now.
//!
//! A change of the schedule builds a new one aside and swaps it in: this replica's own changes at once, others' when
//! PostgreSQL notifies (`LISTEN`), and missed notifications with the next poll. Counts from this replica's commits arrive
//! at once, others' within a second.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use deadpool_postgres::Pool as Database;
use domain::sale_rules::SalesPolicy;
use inventory::PoolCount;
use inventory::committer::CountListener;
use tokio::sync::{Mutex, Notify, watch};
use tokio_util::sync::CancellationToken;

use super::AppError;
use super::schedule::Schedule;
use super::schedule_poll::Polled;
use crate::db;
use crate::db::schedule_version::Source;

/// Pause before a lost `LISTEN` connection is reopened.
const LISTEN_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// How long an answer waits until searches see the change: half of the default `http.request_timeout`,
/// because the change is committed and must be answered as such.
const VISIBILITY_TIMEOUT: Duration = Duration::from_secs(5);

/// The current schedule, replaced by each change.
pub struct CurrentSchedule {
    current: ArcSwap<Schedule>,
    database: Database,
    sales: SalesPolicy,
    /// Serializes reloads, so that an older version never replaces a newer one.
    reading: Mutex<()>,
    /// A request waits for a change: poll now.
    reload_requested: Notify,
    /// The last loaded version.
    read: watch::Sender<i64>,
}

impl CurrentSchedule {
    /// Loads the schedule for the first time.
    ///
    /// # Errors
    /// The database failed, or the schedule is invalid.
    pub async fn load(database: Database, sales: SalesPolicy) -> Result<Arc<Self>, AppError> {
        let schedule = Schedule::load(&database, sales).await?;
        Ok(Arc::new(Self {
            read: watch::Sender::new(schedule.edition().version),
            current: ArcSwap::from_pointee(schedule),
            database,
            sales,
            reading: Mutex::new(()),
            reload_requested: Notify::new(),
        }))
    }

    /// The current schedule, for long use.
    #[must_use]
    pub fn get(&self) -> Arc<Schedule> {
        self.current.load_full()
    }

    /// The current schedule, for short use: a guard without reference counting.
    #[must_use]
    pub fn now(&self) -> Guard<Arc<Schedule>> {
        self.current.load()
    }

    /// Applies new counts.
    pub fn update(&self, counts: &[PoolCount]) {
        self.current.load().update(counts);
    }

    /// Waits, for some seconds at most, until this replica has loaded the database's version. A timeout is
    /// only logged: the change is committed, and will be loaded sooner or later.
    pub async fn wait_for_changes(&self) {
        let seen = async {
            let version = {
                let client = self.database.get().await?;
                db::schedule_version::current(&client).await?
            };
            let mut read = self.read.subscribe();
            self.reload_requested.notify_one();
            // The sender lives as long as the schedule, which is borrowed here.
            read.wait_for(|read| *read >= version).await.ok();
            Ok::<_, AppError>(())
        };
        match tokio::time::timeout(VISIBILITY_TIMEOUT, seen).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "reading the schedule version failed"),
            Err(_) => tracing::warn!("schedule change not loaded in time"),
        }
    }

    /// Reloads the schedule if its version changed, or if flights of it have departed.
    async fn refresh(&self) -> Result<(), AppError> {
        let _reading = self.reading.lock().await;
        let (version, now) = {
            let client = self.database.get().await?;
            let version = db::schedule_version::current(&client).await?;
            (version, db::pools::database_time(&client).await?)
        };
        if self.current.load().is_outdated(version, self.sales, now) {
            let next = Arc::new(Schedule::load_aside(self.database.clone(), self.sales).await?);
            let last = self.current.swap(Arc::clone(&next));
            // Counts that arrived during loading went to the old schedule.
            next.catch_up(&last);
            self.read.send_replace(next.edition().version);
            tracing::info!(version, flights = next.timetable().len(), "schedule loaded");
        }
        Ok(())
    }

    /// Polls the database at this interval until cancelled; `listener` receives changed counts.
    pub async fn follow(
        self: Arc<Self>,
        listener: CountListener,
        interval: Duration,
        stop: CancellationToken,
    ) {
        let mut polled = None;
        while stop
            .run_until_cancelled(self.pause(interval))
            .await
            .is_some()
        {
            match self.poll(polled, &listener).await {
                Ok(now) => polled = Some(now),
                Err(error) => tracing::warn!(%error, "refreshing the schedule failed"),
            }
        }
    }

    /// Waits for the interval or for a request that needs a change.
    async fn pause(&self, interval: Duration) {
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = self.reload_requested.notified() => {}
        }
    }

    /// Reloads the schedule on each notification, until cancelled. Also reloads whenever it starts to listen,
    /// because earlier notifications were missed.
    pub async fn subscribe(self: Arc<Self>, source: Source, stop: CancellationToken) {
        let listen = async {
            loop {
                if let Err(error) = self.listen_once(&source).await {
                    tracing::warn!(%error, "schedule notifications unavailable; falling back to polling");
                }
                tokio::time::sleep(LISTEN_AGAIN_AFTER).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = listen => {}
        }
    }

    async fn listen_once(&self, source: &Source) -> Result<(), AppError> {
        let mut announcements = db::schedule_version::listen(source).await?;
        loop {
            self.refresh().await?;
            announcements.next().await?;
        }
    }

    /// Applies the counts that changed since the last poll of this schedule, or since it was loaded. Where nothing
    /// changed, it costs one look-up.
    async fn poll(
        &self,
        last: Option<Polled>,
        listener: &CountListener,
    ) -> Result<Polled, AppError> {
        let mut client = self.database.get().await?;
        let last = last.unwrap_or_else(|| Polled::never(&self.now()));
        let mut probe = db::pools::probe(&client, last.since().0).await?;
        let is_outdated = {
            let schedule = self.now();
            schedule.is_outdated(probe.schedule_version, self.sales, probe.at)
        };
        if is_outdated {
            drop(client);
            self.refresh().await?;
            client = self.database.get().await?;
        }
        // It was replaced just now, or when a notification came.
        let current = Polled::never(&self.now());
        let last = if last.edition == current.edition {
            last
        } else {
            probe = db::pools::probe(&client, current.since().0).await?;
            current
        };
        let (since, is_long) = last.since();
        if probe.has_entries {
            let counts = db::pools::changed_since(&mut client, since).await?;
            listener(&counts);
        }
        Ok(Polled {
            edition: last.edition,
            at: probe.at,
            long_at: if is_long {
                Some(probe.at)
            } else {
                last.long_at
            },
        })
    }
}
