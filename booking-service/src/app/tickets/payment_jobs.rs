//! The payment queue: the jobs of paying for tickets, and the dead letters that they become when they keep
//! failing.
//!
//! The job of a booking is its own row, written with its tickets' hold: its state says what is to be done,
//! its version who has it, and `next_step_at` when somebody may take it. Workers hear of jobs by the
//! [`crate::app::tickets::job_notifier`]; what nobody took within a second, or was left by a worker that was stopped, the
//! [`crate::app::bookings::worker`] finds. An attempt that was declined is followed by another after a pause; one whose
//! outcome is not known is asked again under the same key, for as long as there is time to pay. After a
//! round of declined attempts the job is a dead letter: its booking's payment has failed, it keeps its tickets until its
//! deadline, and may be tried again by staff, under further keys.

use crate::model::dead_letter::{DeadLetter, Failure};
use std::time::Duration;

use domain::HoldId;
use lifecycle::{Event, State};
use service_core::idempotency::{self, Answer, Replayable, RequestKey};
use service_core::page::{Page, PageRequest};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::AppError;
use crate::app::bookings::engine::Engine;
use crate::app::bookings::worker::WorkerPool;
use crate::app::tickets::job_notifier::{Job, JobNotifier, NotificationReceiver, Stream};
use crate::db;
use crate::db::bookings::{Change, NextStep};
use crate::model::booking::Booking;
use crate::model::event_booking::EventBookingStatus;

/// After this time a job that nobody took is found in the database: as of a new one.
const TAKEN_UP_WITHIN: Duration = Duration::from_secs(1);

/// How long a worker waits after Redis did not answer.
const REDIS_PAUSE: Duration = Duration::from_secs(1);

/// The most jobs that are claimed in one statement.
const CLAIM_BATCH: usize = 64;

/// Lists dead letters, and has them tried again.
#[derive(Clone)]
pub struct PaymentJobs {
    /// What moves bookings on.
    pub engine: Engine,
    /// What tells workers of jobs.
    pub notifier: JobNotifier,
}

impl PaymentJobs {
    /// A page of the dead letters that nobody had tried again, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn dead_letters(
        &self,
        part: PageRequest<Uuid>,
        limit: i64,
    ) -> Result<Page<DeadLetter, Uuid>, AppError> {
        let database = &self.engine.database;
        // One more than is shown tells whether there is another page.
        let found = db::tickets::payment_failures::waiting(database, part, limit + 1).await?;
        Ok(Page::of(found, &part, limit, |letter| letter.id))
    }

    /// A dead letter with all failures of its job, in order.
    ///
    /// # Errors
    /// When there is none.
    pub async fn dead_letter(&self, id: Uuid) -> Result<(DeadLetter, Vec<Failure>), AppError> {
        let database = &self.engine.database;
        let letter = db::tickets::payment_failures::find(database, id).await?;
        let letter = letter.ok_or(AppError::UnknownDeadLetter)?;
        let history = db::tickets::payment_failures::history(database, letter.booking).await?;
        Ok((letter, history))
    }

    /// Has a job tried again, once per key: another round of attempts begins at once.
    ///
    /// # Errors
    /// When there is no such dead letter, it was tried again before, its booking has ended, or the key came
    /// with another request.
    pub async fn requeue(
        &self,
        id: Uuid,
        key: Option<&RequestKey>,
        answer: impl Fn(&DeadLetter) -> Answer,
    ) -> Result<Replayable<Answer>, AppError> {
        let find = |key| db::kept_answer(&self.engine.database, key);
        let requeue = async {
            let (letter, _) = self.dead_letter(id).await?;
            self.try_again(letter, key, answer).await
        };
        idempotency::create(key, find, requeue).await
    }

    /// Has the declined payment of a booking tried again, as its customer asks.
    ///
    /// # Errors
    /// When it is not declined, or the booking has ended.
    pub async fn pay_again(&self, booking: HoldId) -> Result<(), AppError> {
        let letter =
            db::tickets::payment_failures::waiting_of(&self.engine.database, booking).await?;
        let letter = letter.ok_or(AppError::WrongState("not declined"))?;
        let answer = |letter: &DeadLetter| Answer::ok(&letter.id);
        self.try_again(letter, None, answer).await.map(drop)
    }

    async fn try_again(
        &self,
        letter: DeadLetter,
        key: Option<&RequestKey>,
        answer: impl Fn(&DeadLetter) -> Answer,
    ) -> Result<Answer, AppError> {
        if letter.requeued_at.is_some() {
            return Err(AppError::WrongState("queued again already"));
        }
        let database = &self.engine.database;
        let booking = db::bookings::find(database, letter.booking).await?;
        let booking = booking.ok_or(AppError::UnknownDeadLetter)?;
        let queued = self.queued_again(&booking)?;
        let change = Change {
            booking: queued,
            next_step: NextStep::After(TAKEN_UP_WITHIN),
            lease: self.engine.settings.lease,
        };
        let requeued =
            db::tickets::payment_failures::requeue(database, letter.id, change, key, answer);
        let (booking, answer) = requeued.await?.ok_or(AppError::InProgress)?;
        self.notifier.notify(Job {
            hold: booking.hold,
            version: booking.version,
        });
        Ok(answer)
    }

    fn queued_again(&self, booking: &Booking) -> Result<Booking, AppError> {
        let has_time =
            matches!(booking.life.state, State::PaymentFailed { .. }) && !booking.is_past_deadline;
        if !has_time {
            return Err(AppError::WrongState(
                match EventBookingStatus::of(booking.life.public_status) {
                    EventBookingStatus::Confirmed => "of a booking that is confirmed",
                    EventBookingStatus::Cancelled => "of a booking that is cancelled",
                    EventBookingStatus::Pending => "of a booking whose time is over",
                },
            ));
        }
        let again = booking.after(self.engine.policy(booking), Event::PayRequested);
        let again = again.map_err(|_| AppError::WrongState("tried too often already"))?;
        Ok(Booking {
            refusal: None,
            ..again
        })
    }
}

/// Processes job ids from the Redis stream until it is told to stop; polling covers for the stream.
pub async fn run(workers: WorkerPool, stream: Stream, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let listening = stream.listen();
        let receiver = match stop.run_until_cancelled(listening).await {
            None => return,
            Some(Ok(receiver)) => receiver,
            Some(Err(error)) => {
                tracing::debug!(%error, "job notifications unavailable; falling back to polling");
                stop.run_until_cancelled(tokio::time::sleep(REDIS_PAUSE))
                    .await;
                continue;
            }
        };
        if let Err(error) = listen(&workers, receiver, &stop).await {
            tracing::warn!(%error, "job notifications unavailable; falling back to polling");
            stop.run_until_cancelled(tokio::time::sleep(REDIS_PAUSE))
                .await;
        }
    }
}

async fn listen(
    workers: &WorkerPool,
    mut receiver: NotificationReceiver,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    while !stop.is_cancelled() {
        let Some(permits) = stop.run_until_cancelled(workers.free_permits()).await else {
            return Ok(());
        };
        let notifications = receiver.next(permits.min(CLAIM_BATCH), stop).await?;
        if notifications.is_empty() {
            continue;
        }
        let engine = &workers.engine;
        let jobs: Vec<(HoldId, i64)> = notifications
            .iter()
            .map(|job| (job.hold, job.version))
            .collect();
        let lease = engine.settings.lease;
        match db::tickets::event_bookings::claim(&engine.database, &jobs, lease).await {
            Ok(claimed) => workers.process(claimed).await,
            Err(error) => {
                tracing::warn!(%error, "claiming payment jobs failed; they will be polled");
            }
        }
    }
    Ok(())
}
