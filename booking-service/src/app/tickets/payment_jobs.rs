//! The payment queue: jobs that pay for event tickets, and dead letters, which are jobs that kept failing.
//!
//! A booking's row, written with the hold of its tickets, is the job: its state says what to do, its version
//! who has it, and `next_step_at` when it is due. Workers learn of jobs from
//! [`crate::app::tickets::job_notifier`]; jobs that nobody claimed within a second, and those of crashed
//! workers, are found by [`crate::app::bookings::worker`]. A declined attempt is followed by another after a
//! pause. One with an unknown outcome is repeated under the same key until the payment deadline. After a
//! round of declined attempts the job becomes a dead letter: the payment has failed, the tickets stay held
//! until the deadline, and staff or the customer may retry it under further keys.

use crate::app::{AppError, Unknown};
use crate::model::dead_letter::{DeadLetter, Failure};
use std::time::Duration;

use domain::HoldId;
use lifecycle::{Event, State};
use service_core::idempotency::{self, Answer, Replayable, RequestKey};
use service_core::page::{Page, PageRequest};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::bookings::engine::Engine;
use crate::app::bookings::worker::WorkerPool;
use crate::app::tickets::job_notifier::{Job, JobNotifier, NotificationReceiver, Stream};
use crate::db;
use crate::db::bookings::{Change, NextStep};
use crate::model::booking::Booking;
use crate::model::event_booking::EventBookingStatus;

/// A requeued job that nobody claimed is found by polling after this time, like a new one.
const POLL_FALLBACK_DELAY: Duration = Duration::from_secs(1);

/// Pause after a Redis error.
const REDIS_PAUSE: Duration = Duration::from_secs(1);

/// The most jobs claimed in one statement.
const CLAIM_BATCH: usize = 64;

/// Lists and requeues dead letters.
#[derive(Clone)]
pub struct PaymentJobs {
    pub engine: Engine,
    pub notifier: JobNotifier,
}

impl PaymentJobs {
    /// A page of dead letters that are not requeued, newest first.
    pub async fn dead_letters(
        &self,
        part: PageRequest<Uuid>,
        limit: i64,
    ) -> Result<Page<DeadLetter, Uuid>, AppError> {
        let database = &self.engine.database;
        // One row more than shown tells whether there is a next page.
        let found = db::tickets::payment_failures::waiting(database, part, limit + 1).await?;
        Ok(Page::of(found, &part, limit, |letter| letter.id))
    }

    /// A dead letter with its declined attempts, in order.
    pub async fn dead_letter(&self, id: Uuid) -> Result<(DeadLetter, Vec<Failure>), AppError> {
        let database = &self.engine.database;
        let letter = db::tickets::payment_failures::find(database, id).await?;
        let letter = letter.ok_or(Unknown::DeadLetter)?;
        let history = db::tickets::payment_failures::history(database, letter.booking).await?;
        Ok((letter, history))
    }

    /// Requeues a dead letter, once per key: another round of attempts starts at once.
    /// [`AppError::WrongState`] if it was requeued already or its booking has ended.
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

    /// Retries a declined payment for its customer.
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
        let booking = booking.ok_or(Unknown::DeadLetter)?;
        let queued = self.queued_again(&booking)?;
        let change = Change {
            booking: queued,
            next_step: NextStep::After(POLL_FALLBACK_DELAY),
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
        let has_time = matches!(booking.lifecycle.state, State::PaymentFailed { .. })
            && !booking.is_past_deadline;
        if !has_time {
            return Err(AppError::WrongState(
                match EventBookingStatus::of(booking.lifecycle.public_status) {
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

/// Claims jobs from the Redis stream until stopped; polling covers for the stream.
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
