//! Charges, once per key.
//!
//! A charge is committed as `processing`, with its key and a lease, before the provider is called. The
//! provider is called outside any transaction. Its outcome is one guarded update, answered after the commit.
//! A crash in between leaves a row whose lease expires: the next request with the key takes the row over and
//! calls the provider again under the same key.
//!
//! A charge without effects outside the database is committed once, with its outcome.

use std::time::Instant;

use domain::PaymentType;
use service_core::idempotency::{Replayable, RequestKey};

use super::error::PaymentError;
use super::payments::Payments;
use crate::charge::{Charge, ChargeDetails, ChargeKind, EndStatus, Outcome, Progress};
use crate::db::charges::{self as table, Completion, KeyBinding, NewCharge, Start};
use crate::provider::ProviderCharge;

#[derive(Clone, Debug)]
pub struct ChargeOrder {
    pub kind: ChargeKind,
    pub details: ChargeDetails,
    /// `None`: each request makes a charge of its own.
    pub key: Option<RequestKey>,
}

#[derive(Clone, Debug)]
pub struct EndedCharge {
    pub charge: Charge,
    pub outcome: Outcome,
}

impl Payments {
    /// Charges, or replays the charge that this key made.
    ///
    /// # Errors
    /// `KeyReused`, `KeyClosed`, `InProgress`, `TooBusy`, `OutcomeUnknown`, or a failed database.
    pub async fn charge(
        &self,
        order: ChargeOrder,
    ) -> Result<Replayable<EndedCharge>, PaymentError> {
        let permit = self.acquire_permit()?;
        let this = self.clone();
        self.run_to_completion(async move {
            let _permit = permit;
            this.charge_or_replay(&order).await
        })
        .await
    }

    async fn charge_or_replay(
        &self,
        order: &ChargeOrder,
    ) -> Result<Replayable<EndedCharge>, PaymentError> {
        let outcome = fixed_outcome(order.kind, &order.details);
        let start = match outcome.or_else(|| self.local_outcome(order)) {
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
                ExistingCharge::Ended(ended) => {
                    return Ok(Replayable {
                        value: ended,
                        replayed: true,
                    });
                }
                ExistingCharge::TakenOver(charge) => charge,
            },
            // Without a key there is nothing to conflict with.
            (None, None) => return Err(PaymentError::InProgress),
        };
        let ended = match charge.progress.clone() {
            Progress::Ended { outcome, .. } => {
                count(outcome.status);
                EndedCharge { charge, outcome }
            }
            Progress::Processing { .. } => self.ask_provider(charge).await?,
        };
        Ok(Replayable::new(ended))
    }

    /// The provider's outcome, if it needs no call; always `None` without a key, which the provider would know the
    /// charge by.
    fn local_outcome(&self, order: &ChargeOrder) -> Option<Outcome> {
        let key = order.key.as_ref()?;
        self.provider.local_outcome(&ProviderCharge {
            key: key.key.clone(),
            details: order.details.clone(),
        })
    }

    /// What an earlier request with this key left behind.
    async fn earlier(
        &self,
        kind: ChargeKind,
        key: &RequestKey,
    ) -> Result<ExistingCharge, PaymentError> {
        let client = self.client().await?;
        let charge = match table::by_key(&client, &key.key).await? {
            Some(KeyBinding::Charge(charge)) => *charge,
            Some(KeyBinding::Closed) => return Err(PaymentError::KeyClosed),
            // Rows are never deleted, so this can't happen; asking again is right all the same.
            None => return Err(PaymentError::InProgress),
        };
        if !charge.matches_request(kind, key) {
            return Err(PaymentError::KeyReused);
        }
        match charge.progress.clone() {
            Progress::Ended { outcome, .. } => {
                Ok(ExistingCharge::Ended(EndedCharge { charge, outcome }))
            }
            Progress::Processing {
                attempt,
                lease_expired: true,
            } => table::take_over(&client, charge.id, attempt, self.limits.lease)
                .await?
                .map(ExistingCharge::TakenOver)
                .ok_or(PaymentError::InProgress),
            Progress::Processing { .. } => Err(PaymentError::InProgress),
        }
    }

    /// Calls the provider and records its outcome. The caller holds the charge's lease.
    pub(super) async fn ask_provider(&self, charge: Charge) -> Result<EndedCharge, PaymentError> {
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
        let Ok(Ok(outcome)) = answer else {
            tracing::warn!(payment_id = %charge.id, attempt, "provider timed out; outcome unknown");
            table::release_lease(&self.client().await?, charge.id, attempt).await?;
            return Err(PaymentError::OutcomeUnknown);
        };
        self.record(charge, outcome).await
    }

    /// Ends a charge, unless another attempt has ended it: then that attempt's outcome counts.
    async fn record(
        &self,
        mut charge: Charge,
        outcome: Outcome,
    ) -> Result<EndedCharge, PaymentError> {
        let ending = Completion {
            id: charge.id,
            outcome: outcome.clone(),
        };
        match self.writers.end(ending).await? {
            Some(at) => {
                count(outcome.status);
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
        Ok(EndedCharge { charge, outcome })
    }
}

/// What an earlier request with the same key left behind.
enum ExistingCharge {
    /// Its answer, to be replayed.
    Ended(EndedCharge),
    /// A charge with an expired lease, which this request now holds.
    TakenOver(Charge),
}

/// The outcome of a simulated charge, and of one that no provider would take; `None`: ask the provider.
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
