//! Giving money back, never more than was taken.
//!
//! A refund is final once it is recorded, in one transaction with the count on its charge: no provider
//! is asked, because the mock has nothing to give back.

use domain::{Amount, Money, PaymentId};
use service_core::idempotency::RequestKey;

use crate::app::{PaymentError, Payments};
use crate::charge::{Charge, EndStatus, Progress, Refund};
use crate::db::{charges, refunds};

/// A refund that was made.
#[derive(Clone, Debug)]
pub struct RefundAnswer {
    /// The refund.
    pub refund: Refund,
    /// Whether it was made by an earlier request with the same key.
    pub replayed: bool,
}

impl Payments {
    /// Gives back some or all of a charge, or finds the refund that was made with this key.
    ///
    /// # Errors
    /// When there is no such charge, it has taken no money, or less is left of it.
    pub async fn refund(
        &self,
        payment: PaymentId,
        amount: Amount,
        key: Option<&RequestKey>,
    ) -> Result<RefundAnswer, PaymentError> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        // The lock orders refunds of one charge: what is decided below holds until the commit.
        let charge = charges::lock(&transaction, payment)
            .await?
            .ok_or(PaymentError::UnknownCharge)?;
        if let Some(key) = key
            && let Some(refund) = refunds::by_key(&transaction, &key.key).await?
        {
            return if refund.was_asked_by(payment, key) {
                Ok(RefundAnswer {
                    refund,
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
        Ok(RefundAnswer {
            refund,
            replayed: false,
        })
    }
}

/// What is given back of this charge, if so much may be.
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
