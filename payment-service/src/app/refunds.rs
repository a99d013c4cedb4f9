//! Refunds, never more than was charged.
//!
//! A refund is final once it is recorded, in one transaction with the refunded total of its charge. No
//! provider is called: the mock has nothing to give back.

use domain::{Amount, Money, PaymentId};
use service_core::idempotency::{Replayable, RequestKey};

use super::error::PaymentError;
use super::payments::Payments;
use crate::charge::{Charge, EndStatus, Progress, Refund};
use crate::db::{charges, refunds};

impl Payments {
    /// Refunds some or all of a charge, or replays the refund that this key made.
    ///
    /// # Errors
    /// `UnknownCharge`, `NotCaptured`, `RefundExceedsCharge`, `KeyReused`, or a failed database.
    pub async fn refund(
        &self,
        payment: PaymentId,
        amount: Amount,
        key: Option<&RequestKey>,
    ) -> Result<Replayable<Refund>, PaymentError> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        // The row lock serializes refunds of one charge: what is decided below holds until the commit.
        let charge = charges::lock(&transaction, payment)
            .await?
            .ok_or(PaymentError::UnknownCharge)?;
        if let Some(key) = key
            && let Some(refund) = refunds::by_key(&transaction, &key.key).await?
        {
            return if refund.matches_request(payment, key) {
                Ok(Replayable {
                    value: refund,
                    replayed: true,
                })
            } else {
                Err(PaymentError::KeyReused)
            };
        }
        let money = check(&charge, amount)?;
        charges::add_refund(&transaction, payment, money).await?;
        let refund = refunds::insert(&transaction, payment, money, key).await?;
        transaction.commit().await?;
        crash_points::point("refund.after");
        metrics::counter!("refunds_total").increment(1);
        tracing::info!(payment_id = %payment, refund_id = %refund.id, "refunded");
        Ok(Replayable::new(refund))
    }
}

/// The refund's money, if the charge was captured and enough of it is left.
fn check(charge: &Charge, amount: Amount) -> Result<Money, PaymentError> {
    let captured = matches!(&charge.progress, Progress::Ended { outcome, .. } if outcome.status == EndStatus::Success);
    if !captured {
        return Err(PaymentError::NotCaptured);
    }
    let charged = charge.details.money;
    let money = Money::new(amount, charged.currency())
        .map_err(|error| PaymentError::Invalid("amount", error.0))?;
    let left = charged.checked_sub(charge.refunded);
    let left = left.unwrap_or(Money::zero(charged.currency()));
    if money.amount() <= left.amount() {
        Ok(money)
    } else {
        Err(PaymentError::RefundExceedsCharge { left })
    }
}
