//! Making a charge, once per key.
//!
//! The charge is recorded as `processing`, with its key and a lease, and committed before the provider
//! is asked; the provider is asked outside any transaction; its outcome is one guarded update, and is
//! answered after that is committed. Whatever is killed in between leaves a row whose lease runs out:
//! the next request with the key takes it over and asks the provider again, under the same key.

use std::time::Instant;

use service_core::idempotency::RequestKey;

use crate::app::{PaymentError, Payments};
use crate::charge::{Charge, ChargeDetails, ChargeKind, EndStatus, Outcome, PaymentType, Progress};
use crate::db::charges::{self as table, Completion, LeaseOwner, NewCharge, Start};
use crate::provider::{ProviderCharge, Verdict};

/// A charge that is asked for.
#[derive(Clone, Debug)]
pub struct ChargeOrder {
    /// By which call.
    pub kind: ChargeKind,
    /// What is to be paid.
    pub details: ChargeDetails,
    /// With which key, if the caller wants it made once.
    pub key: Option<RequestKey>,
}

/// A charge that has ended.
#[derive(Clone, Debug)]
pub struct ChargeAnswer {
    /// The charge.
    pub charge: Charge,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it was made by an earlier request with the same key.
    pub replayed: bool,
    /// Whether the caller is to be left without this answer.
    pub withheld: bool,
}

impl Payments {
    /// Charges, or finds the charge that was made with this key.
    ///
    /// # Errors
    /// When the key names something else, or the outcome is not known yet.
    pub async fn charge(&self, order: ChargeOrder) -> Result<ChargeAnswer, PaymentError> {
        let place = self.place()?;
        let this = self.clone();
        self.detached(async move {
            let _place = place;
            this.charge_or_replay(&order).await
        })
        .await
    }

    async fn charge_or_replay(&self, order: &ChargeOrder) -> Result<ChargeAnswer, PaymentError> {
        let start = match fixed_outcome(order.kind, &order.details) {
            Some(outcome) => Start::Ended(outcome),
            None => Start::Processing {
                lease: self.limits.lease,
            },
        };
        let new = NewCharge {
            kind: order.kind,
            details: order.details.clone(),
            key: order.key.clone(),
            start,
        };
        let recorded = self.writers.record(new).await?;
        let charge = match (recorded, &order.key) {
            (Some(charge), _) => charge,
            (None, Some(key)) => match self.earlier(order.kind, key).await? {
                Earlier::Ended(answer) => return Ok(answer),
                Earlier::TakenOver(charge) => charge,
            },
            // Without a key there is nothing to conflict with.
            (None, None) => return Err(PaymentError::InProgress),
        };
        match charge.progress.clone() {
            Progress::Ended { outcome, .. } => {
                count(outcome.status);
                Ok(ChargeAnswer {
                    charge,
                    outcome,
                    replayed: false,
                    withheld: false,
                })
            }
            Progress::Processing { .. } => self.ask_provider(charge).await,
        }
    }

    /// What an earlier request with this key has left.
    async fn earlier(&self, kind: ChargeKind, key: &RequestKey) -> Result<Earlier, PaymentError> {
        let client = self.client().await?;
        let charge = match table::by_key(&client, &key.key).await? {
            Some(LeaseOwner::Charge(charge)) => *charge,
            Some(LeaseOwner::Closed) => return Err(PaymentError::KeyClosed),
            // Rows are never deleted, so this can't be; asking again is right all the same.
            None => return Err(PaymentError::InProgress),
        };
        if !charge.was_asked_by(kind, key) {
            return Err(PaymentError::KeyReused);
        }
        match charge.progress.clone() {
            Progress::Ended { outcome, .. } => Ok(Earlier::Ended(ChargeAnswer {
                charge,
                outcome,
                replayed: true,
                withheld: false,
            })),
            Progress::Processing {
                attempt,
                lease_expired: true,
            } => table::take_over(&client, charge.id, attempt, self.limits.lease)
                .await?
                .map(Earlier::TakenOver)
                .ok_or(PaymentError::InProgress),
            Progress::Processing { .. } => Err(PaymentError::InProgress),
        }
    }

    /// Asks the provider and records what it says. The charge's lease is this caller's.
    pub(super) async fn ask_provider(&self, charge: Charge) -> Result<ChargeAnswer, PaymentError> {
        let Progress::Processing { attempt, .. } = charge.progress else {
            return Err(PaymentError::InProgress);
        };
        if attempt > 1 {
            tracing::info!(payment_id = %charge.id, attempt, "charge lease reclaimed");
        }
        crash_points::point("charge.recorded");
        let asked = ProviderCharge {
            key: charge.provider_key(),
            details: charge.details.clone(),
        };
        let started = Instant::now();
        let answer =
            tokio::time::timeout(self.limits.provider_timeout, self.provider.charge(&asked));
        let answer = answer.await;
        metrics::histogram!("payment_provider_duration_seconds")
            .record(started.elapsed().as_secs_f64());
        crash_points::point("provider.after");
        let Ok(Ok(verdict)) = answer else {
            tracing::warn!(payment_id = %charge.id, attempt, "provider timed out; outcome unknown");
            table::give_up(&self.client().await?, charge.id, attempt).await?;
            return Err(PaymentError::OutcomeUnknown);
        };
        self.record(charge, verdict).await
    }

    /// Ends a charge, unless another attempt has: then that one's outcome counts.
    async fn record(
        &self,
        mut charge: Charge,
        verdict: Verdict,
    ) -> Result<ChargeAnswer, PaymentError> {
        let ending = Completion {
            id: charge.id,
            outcome: verdict.outcome.clone(),
        };
        match self.writers.end(ending).await? {
            Some(at) => {
                count(verdict.outcome.status);
                let outcome = verdict.outcome;
                charge.progress = Progress::Ended { outcome, at };
                charge.details.payment_code = None;
            }
            None => charge = self.charge_by_id(charge.id).await?,
        }
        crash_points::point("charge.ended");
        let Progress::Ended { outcome, .. } = charge.progress.clone() else {
            return Err(PaymentError::InProgress);
        };
        tracing::debug!(
            payment_id = %charge.id,
            status = ?outcome.status,
            code = outcome.code.as_deref(),
            "charge ended"
        );
        Ok(ChargeAnswer {
            charge,
            outcome,
            replayed: false,
            withheld: verdict.withhold_answer,
        })
    }
}

/// What an earlier request with the same key has left.
enum Earlier {
    /// Its answer.
    Ended(ChargeAnswer),
    /// A charge whose lease had run out, and is now this request's.
    TakenOver(Charge),
}

/// The outcome of a charge that no provider needs to be asked for.
fn fixed_outcome(kind: ChargeKind, details: &ChargeDetails) -> Option<Outcome> {
    match kind {
        ChargeKind::SimulateSuccess => Some(Outcome::captured()),
        ChargeKind::SimulateFailure => Some(Outcome::declined("card_declined", "Card declined")),
        ChargeKind::SimulateTimeout => Some(Outcome::timed_out()),
        ChargeKind::Process if details.payment_type.parse::<PaymentType>().is_err() => Some(
            Outcome::declined("unsupported_payment_type", "Unsupported payment type"),
        ),
        ChargeKind::Process => None,
    }
}

fn count(status: EndStatus) {
    let status = match status {
        EndStatus::Success => "success",
        EndStatus::Failed => "failed",
        EndStatus::Timeout => "timeout",
    };
    metrics::counter!("payments_total", "status" => status).increment(1);
}
