//! Payment steps: charge, and reverse (void or refund).

use std::time::Duration;

use clients::{CallContext, CallError};
use domain::{Amount, PaymentId, RefusalCode};
use lifecycle::{ChargedSeats, Event, Payment};
use payment_api::{Charge, ChargeRequest, ChargeStatus, Reference};
use rand::RngExt as _;

use crate::app::AppError;
use crate::app::bookings::engine::{Engine, Step, no_answer};
use crate::db;
use crate::model::booking::{Booking, Channel};
use crate::model::refusal::Refusal;

const FLIGHTS: &str = "flight-service";
const PAYMENTS: &str = "payment-service";

impl Engine {
    /// Makes a payment attempt. The hold is pinned first, so that it cannot expire during the payment.
    pub(super) async fn pay(
        &self,
        booking: &Booking,
        attempt: u8,
        context: &CallContext,
    ) -> Result<Step, AppError> {
        let payment = self.policy(booking).payment;
        if booking.is_past_deadline {
            return match payment {
                Payment::Queued { .. } => self.out_of_time(booking),
                _ => self.close_late(booking, attempt, context).await,
            };
        }
        // A queued attempt has waited in the queue, and an on-session one for its customer.
        let is_spaced = matches!(
            payment,
            Payment::AtOnce
                | Payment::Later {
                    is_on_session: false
                }
        );
        if attempt > 1 && is_spaced {
            tokio::time::sleep(self.pause_before(attempt)).await;
            if booking.deadline_at <= db::now(&self.database).await? {
                return self.close_late(booking, attempt, context).await;
            }
        }
        let lapses = matches!(payment, Payment::Later { .. });
        if lapses && attempt == 1 {
            match self.flights.pin(booking.hold, context).await {
                Ok(_) => crash_points::point("pin.after"),
                Err(CallError::Refused(refusal)) => {
                    let ended = self.refused(booking, Event::PinRefused, refusal.into())?;
                    return Ok(Step::Write(ended));
                }
                Err(error) => return Err(no_answer(booking, FLIGHTS, error)),
            }
        }
        let Some(request) = charge_request(booking) else {
            return self.charged(booking, None).await;
        };
        let key = booking.charge_key(attempt);
        crash_points::point("charge.before");
        let charge = match self.payments.charge(&key, &request, context).await {
            Ok(charge) => charge,
            Err(CallError::Refused(refusal)) => match refusal.code {
                // The connection broke while the request was sent, so the outcome is unknown.
                RefusalCode::RequestTimeout => {
                    return Err(no_answer(booking, PAYMENTS, CallError::Refused(refusal)));
                }
                _ => return self.charge_refused(booking, attempt, &refusal),
            },
            Err(error) if !booking.has_key && booking.channel == Channel::Count => {
                let refusal = Refusal::new(
                    RefusalCode::Unavailable,
                    "the payment could not be made in time",
                );
                self.abandon(booking, refusal).await?;
                return Err(no_answer(booking, PAYMENTS, error));
            }
            Err(error) => return Err(no_answer(booking, PAYMENTS, error)),
        };
        crash_points::point("charge.after");
        self.ended(booking, charge).await
    }

    /// Closes the key of an attempt: no charge is made under it from now on. Returns the charge that was made
    /// already.
    pub(super) async fn close_attempt(
        &self,
        booking: &Booking,
        attempt: u8,
        context: &CallContext,
    ) -> Result<Option<Charge>, AppError> {
        let key = booking.charge_key(attempt);
        let closed = self.payments.close(&key, context).await;
        let closed = closed.map_err(|error| no_answer(booking, PAYMENTS, error))?;
        crash_points::point("close.after");
        Ok(closed.charge)
    }

    /// Closes the key of an attempt after the deadline. A charge that was made already counts.
    async fn close_late(
        &self,
        booking: &Booking,
        attempt: u8,
        context: &CallContext,
    ) -> Result<Step, AppError> {
        match self.close_attempt(booking, attempt, context).await? {
            Some(charge) => self.ended(booking, charge).await,
            None => {
                let ended = self.refused(booking, Event::KeyClosed, out_of_time())?;
                Ok(Step::Write(ended))
            }
        }
    }

    /// Applies the outcome of a finished charge.
    async fn ended(&self, booking: &Booking, charge: Charge) -> Result<Step, AppError> {
        match charge.status {
            ChargeStatus::Success => self.charged(booking, Some(charge.payment_id)).await,
            ChargeStatus::Failed | ChargeStatus::Timeout => self.declined(booking, charge).await,
            ChargeStatus::Processing => Err(AppError::InProgress),
        }
    }

    /// Ends the booking: a repeated charge would be refused again. If the key was closed by a worker that
    /// ended the booking, this write loses (optimistic locking).
    fn charge_refused(
        &self,
        booking: &Booking,
        attempt: u8,
        refusal: &clients::Refusal,
    ) -> Result<Step, AppError> {
        metrics::counter!("charges_refused_total").increment(1);
        tracing::error!(booking = %booking.id, attempt, code = %refusal.code, detail = refusal.detail,
            "charge refused; booking failed");
        let reason = Refusal::new(RefusalCode::PaymentRefused, "the payment could not be made");
        let ended = self.refused(booking, Event::ChargeRefused, reason)?;
        Ok(Step::Write(ended))
    }

    /// Confirms a charged booking. An order's seats are sold first, so that a confirmed order shows sold
    /// seats. If that takes too long, it is confirmed with its seats pinned.
    async fn charged(
        &self,
        booking: &Booking,
        payment: Option<PaymentId>,
    ) -> Result<Step, AppError> {
        let booking = Booking {
            payment,
            refusal: None,
            ..booking.clone()
        };
        let seats = match booking.channel {
            Channel::Event => return self.sell_tickets(&booking).await,
            // This channel's customer waits for the answer and sees no seats: they are pinned now and sold
            // right after.
            Channel::Count => ChargedSeats::Pinned,
            Channel::Seats | Channel::Simple => {
                let timeout = self.settings.confirm_timeout;
                match self.sales.sell(booking.hold, timeout).await {
                    Some(Ok(())) => {
                        crash_points::point("sold.after");
                        ChargedSeats::Sold
                    }
                    Some(Err(refusal)) => {
                        tracing::error!(booking = %booking.id, code = %refusal.code,
                            "paid booking lost its seats; refunding");
                        let event = Event::Charged {
                            seats: ChargedSeats::Lost,
                        };
                        return Ok(Step::Write(self.refused(&booking, event, refusal)?));
                    }
                    None => ChargedSeats::Pinned,
                }
            }
        };
        let event = Event::Charged { seats };
        Ok(Step::Write(self.after(&booking, event)?))
    }

    /// Applies a declined attempt.
    async fn declined(&self, booking: &Booking, charge: Charge) -> Result<Step, AppError> {
        let event = Event::Declined {
            past_deadline: booking.deadline_at <= db::now(&self.database).await?,
        };
        let code = match charge.status {
            ChargeStatus::Timeout => RefusalCode::PaymentTimeout,
            _ => RefusalCode::PaymentFailed,
        };
        let refusal = Refusal::new(code, charge.message);
        let declined = self.refused(booking, event, refusal)?;
        match booking.channel {
            Channel::Event => self.decline_in_queue(booking, declined).await,
            Channel::Count | Channel::Seats | Channel::Simple => Ok(Step::Write(declined)),
        }
    }

    /// Ends a booking whose deadline has passed.
    pub(super) fn out_of_time(&self, booking: &Booking) -> Result<Step, AppError> {
        let ended = self.refused(booking, Event::DeadlinePassed, out_of_time())?;
        Ok(Step::Write(ended))
    }

    /// Closes an attempt's key, and refunds what was charged under it.
    pub(super) async fn reverse(
        &self,
        booking: &Booking,
        attempt: u8,
        context: &CallContext,
    ) -> Result<Step, AppError> {
        let key = booking.charge_key(attempt);
        // A known charge is looked up instead: closing the key would leave a tombstone in place of a lost
        // charge.
        let is_known = booking.lifecycle.charged == Some(attempt) && booking.payment.is_some();
        let charge = if is_known {
            let charge = self.payments.charge_of(&key, context).await;
            charge.map_err(|error| no_answer(booking, PAYMENTS, error))?
        } else {
            self.close_attempt(booking, attempt, context).await?
        };
        let mut booking = booking.clone();
        match charge {
            Some(charge) if charge.status == ChargeStatus::Success => {
                booking.payment = Some(charge.payment_id);
                let left = charge.amount.checked_sub(charge.refunded);
                if let Some(amount) = left.filter(|left| *left > Amount::ZERO) {
                    let refund_key = format!("refund {key}");
                    let refund =
                        self.payments
                            .refund(&refund_key, charge.payment_id, amount, context);
                    refund
                        .await
                        .map_err(|error| no_answer(&booking, PAYMENTS, error))?;
                }
            }
            Some(charge) if charge.status == ChargeStatus::Processing => {
                return Err(AppError::InProgress);
            }
            // Money was taken and cannot be given back: the refund stays owed until an operator finds the
            // charge.
            _ if is_known => {
                metrics::counter!("refunds_without_charge_total").increment(1);
                tracing::error!(booking = %booking.id, payment = ?booking.payment,
                    "charge not found; refund still owed");
                return Err(AppError::ChargeMissing(booking.id));
            }
            Some(_) | None => {}
        }
        crash_points::point("reverse.after");
        Ok(Step::Write(self.after(&booking, Event::Reversed)?))
    }

    /// Exponential backoff with up to 50 % jitter, so that attempts that failed together are not repeated
    /// together.
    pub(super) fn pause_before(&self, attempt: u8) -> Duration {
        let doublings = u32::from(attempt.saturating_sub(2)).min(6);
        let pause = self.settings.attempt_pause * 2u32.pow(doublings);
        pause.mul_f64(rand::rng().random_range(1.0..1.5))
    }
}

fn out_of_time() -> Refusal {
    Refusal::new(RefusalCode::Expired, "the time to pay ran out")
}

/// `None` if there is nothing to pay.
fn charge_request(booking: &Booking) -> Option<ChargeRequest> {
    let total = booking
        .total
        .filter(|total| total.amount() > Amount::ZERO)?;
    let text_or_number = |text: &str| {
        text.parse()
            .map_or_else(|_| Reference::Text(text.to_owned()), Reference::Number)
    };
    Some(ChargeRequest {
        booking_id: match booking.channel {
            Channel::Seats | Channel::Event => Reference::Text(booking.hold.to_string()),
            Channel::Count | Channel::Simple => Reference::Number(booking.id.0),
        },
        amount: total.amount(),
        currency: total.currency(),
        user_id: text_or_number(&booking.user),
        payment_type: booking.payment_type.clone(),
        reference: Some(booking.reference()),
        payment_code: booking.payment_code.clone(),
    })
}
