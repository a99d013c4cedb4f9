//! The steps of a booking, each safe to repeat.
//!
//! A step calls another service under a name that belongs to the booking (the hold's id, the charge's
//! key), and then writes what came of it to the version of the row that was read. So whoever is
//! stopped between the two, or overtaken, leaves nothing that another can't pick up.

use std::time::Duration;

use clients::flight::{FlightClient, Hold, HoldLegRequest, HoldRequest};
use clients::http::{CallContext, CallError};
use clients::payment::{ChargeRequest, ChargeStatus, PaymentClient, Reference};
use deadpool_postgres::Pool;
use domain::{Amount, Money};

use super::AppError;
use super::booking::{Booking, Outcome, Refusal, Status, Step};
use crate::db;

/// The pause before a step is tried again after no answer; it doubles with each attempt.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Moves bookings on.
#[derive(Clone)]
pub struct Steps {
    /// The bookings database.
    pub database: Pool,
    /// flight-service.
    pub flights: FlightClient,
    /// payment-service.
    pub payments: PaymentClient,
    /// How long a booking belongs to whoever works on it.
    pub lease: Duration,
}

impl Steps {
    /// Works on a booking, which belongs to the caller, until nothing is left to do.
    ///
    /// # Errors
    /// When a service or the database does not answer: somebody goes on with the booking later.
    pub async fn finish(
        &self,
        mut booking: Booking,
        context: &CallContext,
    ) -> Result<Booking, AppError> {
        while booking.step != Step::Done {
            match self.next(&booking, context).await {
                Ok(next) => booking = self.save(next).await?,
                Err(error) => {
                    let pause = pause_after(booking.attempts);
                    db::bookings::postpone(&self.database, &booking, pause).await?;
                    // The booking is decided: what is left is done without the customer.
                    if booking.step == Step::Confirm {
                        tracing::warn!(booking = %booking.id, %error, "a sale is confirmed later");
                        return Ok(booking);
                    }
                    return Err(error);
                }
            }
        }
        Ok(booking)
    }

    /// Writes a changed booking.
    ///
    /// # Errors
    /// When somebody else changed it, or the database does not answer.
    pub async fn save(&self, booking: Booking) -> Result<Booking, AppError> {
        let saved = db::bookings::update(&self.database, booking, self.lease).await?;
        saved.ok_or(AppError::ChangedElsewhere)
    }

    /// The booking after its next step.
    async fn next(&self, booking: &Booking, context: &CallContext) -> Result<Booking, AppError> {
        match booking.step {
            Step::Hold => self.hold(booking, context).await,
            Step::Charge => self.charge(booking, context).await,
            Step::Confirm => self.confirm(booking, context).await,
            Step::Release => self.release(booking, context).await,
            Step::Refund => self.refund(booking, context).await,
            Step::Done => Ok(booking.clone()),
        }
    }

    async fn hold(&self, booking: &Booking, context: &CallContext) -> Result<Booking, AppError> {
        if booking.is_past_deadline {
            return Ok(failing(
                booking,
                Refusal::new("expired", "the booking took too long"),
            ));
        }
        let legs = booking
            .flights
            .iter()
            .enumerate()
            .map(|(index, flight)| HoldLegRequest {
                flight_id: *flight,
                units: Some(booking.seats),
                seats: Vec::new(),
                // The date is that of the first departure.
                date: (index == 0).then_some(booking.date),
            });
        let request = HoldRequest {
            id: booking.hold,
            owner: format!("booking {}", booking.id),
            legs: legs.collect(),
            expires_at: None,
        };
        match self.flights.hold(&request, context).await {
            Ok(Ok(hold)) => Ok(held(booking, &hold)),
            Ok(Err(refusal)) => {
                let refusal = Refusal {
                    code: refusal.code,
                    message: refusal.detail,
                };
                if booking.attempts == 0 {
                    // The only request for this hold was refused: there is nothing to give back.
                    return Ok(ended(&Booking {
                        outcome: Some(Outcome::Failed),
                        refusal: Some(refusal),
                        ..booking.clone()
                    }));
                }
                Ok(failing(booking, refusal))
            }
            Err(error) if !booking.has_key => {
                let refusal = Refusal::new("unavailable", "the seats could not be held in time");
                self.give_up(booking, refusal).await?;
                Err(no_answer(booking, "flight-service", error))
            }
            Err(error) => Err(no_answer(booking, "flight-service", error)),
        }
    }

    /// Has a booking undone that nothing came of in time: nobody can ask again for one without a key,
    /// so it must not come about later.
    async fn give_up(&self, booking: &Booking, refusal: Refusal) -> Result<(), AppError> {
        let given_up = self.save(failing(booking, refusal)).await?;
        let pause = pause_after(booking.attempts);
        db::bookings::postpone(&self.database, &given_up, pause).await?;
        Ok(())
    }

    async fn charge(&self, booking: &Booking, context: &CallContext) -> Result<Booking, AppError> {
        let Some(total) = booking.total.filter(|total| total.amount > Amount::ZERO) else {
            return Ok(Booking {
                status: Status::Confirmed,
                step: Step::Confirm,
                ..booking.clone()
            });
        };
        let request = ChargeRequest {
            booking_id: Reference::Number(booking.id.0),
            amount: total.amount,
            currency: total.currency,
            user_id: booking
                .user
                .parse()
                .map_or_else(|_| Reference::Text(booking.user.clone()), Reference::Number),
            payment_type: booking.payment_type.clone(),
            reference: Some(format!("booking {}", booking.id)),
            payment_code: None,
        };
        let key = booking.charge_key.to_string();
        let charge = match self.payments.charge(&key, &request, context).await {
            Ok(Ok(charge)) => charge,
            Ok(Err(refusal)) => {
                return Ok(failing(
                    booking,
                    Refusal::new("payment_failed", refusal.detail),
                ));
            }
            // The only request for this charge was never sent: there is nothing to find out.
            Err(error @ CallError::Unreachable(_)) if booking.attempts == 0 && !booking.has_key => {
                let refusal = Refusal::new("unavailable", "the payment could not be made in time");
                self.give_up(booking, refusal).await?;
                return Err(no_answer(booking, "payment-service", error));
            }
            Err(error) => return Err(no_answer(booking, "payment-service", error)),
        };
        Ok(match charge.status {
            ChargeStatus::Success => Booking {
                status: Status::Confirmed,
                step: Step::Confirm,
                payment: Some(charge.payment_id),
                ..booking.clone()
            },
            ChargeStatus::Failed => {
                failing(booking, Refusal::new("payment_failed", charge.message))
            }
            ChargeStatus::Timeout => {
                failing(booking, Refusal::new("payment_timeout", charge.message))
            }
            ChargeStatus::Processing => return Err(AppError::InProgress),
        })
    }

    async fn confirm(&self, booking: &Booking, context: &CallContext) -> Result<Booking, AppError> {
        match self.flights.confirm(booking.hold, context).await {
            Ok(Ok(_)) => Ok(Booking {
                step: Step::Done,
                ..booking.clone()
            }),
            Ok(Err(refusal)) => {
                tracing::error!(booking = %booking.id, code = refusal.code,
                    "a paid booking has lost its seats, so it is refunded");
                Ok(Booking {
                    outcome: Some(Outcome::Cancelled),
                    step: Step::Release,
                    refusal: Some(Refusal {
                        code: refusal.code,
                        message: refusal.detail,
                    }),
                    ..booking.clone()
                })
            }
            Err(error) => Err(no_answer(booking, "flight-service", error)),
        }
    }

    async fn release(&self, booking: &Booking, context: &CallContext) -> Result<Booking, AppError> {
        match self.flights.release(booking.hold, context).await {
            Ok(Ok(_)) if booking.payment.is_some() => Ok(Booking {
                step: Step::Refund,
                ..booking.clone()
            }),
            Ok(Ok(_)) => Ok(ended(booking)),
            Ok(Err(refusal)) => Err(no_answer(
                booking,
                "flight-service",
                CallError::Refused(refusal),
            )),
            Err(error) => Err(no_answer(booking, "flight-service", error)),
        }
    }

    async fn refund(&self, booking: &Booking, context: &CallContext) -> Result<Booking, AppError> {
        if let (Some(payment), Some(total)) = (booking.payment, booking.total) {
            let key = format!("refund {}", booking.charge_key);
            self.payments
                .refund(&key, payment, total.amount, context)
                .await
                .map_err(|error| no_answer(booking, "payment-service", error))?;
        }
        Ok(ended(booking))
    }
}

/// The booking once its seats are held: to be paid, unless it costs something else than expected.
fn held(booking: &Booking, hold: &Hold) -> Booking {
    let Some(total) = total_of(hold) else {
        let refusal = Refusal::new("not_payable", "the flights can't be paid in one currency");
        return failing(booking, refusal);
    };
    let booking = Booking {
        total: Some(total),
        ..booking.clone()
    };
    match booking.expected_total {
        Some(expected) if expected != total.amount => {
            let message = format!("the total is {}, not {expected}", total.amount);
            failing(&booking, Refusal::new("price_changed", message))
        }
        _ => Booking {
            step: Step::Charge,
            ..booking
        },
    }
}

/// The price of all seats of all legs, if they have one currency.
fn total_of(hold: &Hold) -> Option<Money> {
    let mut legs = hold.legs.iter().map(|leg| {
        Money {
            amount: leg.price,
            currency: leg.currency,
        }
        .checked_mul(leg.units)
    });
    let first = legs.next()??;
    legs.try_fold(first, |sum, leg| sum.checked_add(leg?))
}

/// The booking on its way to having failed.
fn failing(booking: &Booking, refusal: Refusal) -> Booking {
    Booking {
        outcome: Some(Outcome::Failed),
        step: Step::Release,
        refusal: Some(refusal),
        ..booking.clone()
    }
}

/// The booking once it is undone.
fn ended(booking: &Booking) -> Booking {
    let outcome = booking.outcome.unwrap_or(Outcome::Failed);
    Booking {
        status: outcome.into(),
        step: Step::Done,
        ..booking.clone()
    }
}

fn no_answer(booking: &Booking, service: &'static str, error: CallError) -> AppError {
    AppError::Service {
        booking: booking.id,
        service,
        error,
    }
}

/// How long to wait before a booking is worked on again.
fn pause_after(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or(0).min(5);
    (FIRST_PAUSE * 2u32.pow(doublings)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_half_a_minute() {
        let seconds: Vec<u64> = (0..7)
            .map(|attempts| pause_after(attempts).as_secs())
            .collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30]);
    }
}
