//! The transition function: events, and the state after each.

use crate::state::{BookingState, MoneyTask, Outcome, Payment, PaymentPolicy, SeatTask, State};

/// What happened to a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// flight-service granted the hold.
    Held,
    /// The hold was refused, or differs from what the customer agreed to.
    HoldRefused {
        /// Whether a hold may exist all the same, or be granted later: an unwanted one that was granted, or
        /// another request for it in flight. Not every refusal is recorded, so the same request may yet be
        /// granted. `false` is for the booking's maker alone, refused by the answer to its only request, and
        /// must not be written once somebody else has taken the booking over.
        may_be_held: bool,
    },
    /// The hold's id belongs to a lost booking that this request made before. Its hold is released, and what it
    /// charged under the first attempt's key is refunded.
    HoldOfLostBooking,
    /// The customer pays, or staff retry a failed payment.
    PayRequested,
    /// The customer changed the seats; the deadline starts again.
    SeatsChanged,
    /// The hold could not be pinned: it had expired.
    PinRefused,
    /// The attempt was charged.
    Charged {
        /// The state of the seats after the charge.
        seats: ChargedSeats,
    },
    /// The attempt was declined, finally.
    Declined {
        /// Whether the deadline has passed, so that no further attempt may start.
        past_deadline: bool,
    },
    /// payment-service refused the call: this charge can't be made under this key. An earlier call may have
    /// charged all the same.
    ChargeRefused,
    /// The deadline passed, and the attempt's key is closed without a charge.
    KeyClosed,
    /// The hold became a sale.
    Sold,
    /// The hold is gone and can't become a sale.
    HoldLost,
    /// The deadline passed.
    DeadlinePassed,
    /// The customer or an admin cancels the booking.
    CancelRequested,
    /// The booking came to nothing in time and its customer can't ask for it again, or it can't be paid any
    /// more.
    Abandoned,
    /// The hold was released.
    Released,
    /// The attempt's key is closed, and its charge refunded.
    Reversed,
}

/// The seats of a charged booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChargedSeats {
    /// Sold.
    Sold,
    /// Pinned, and not known to be sold yet.
    Pinned,
    /// Gone.
    Lost,
}

/// An event that is not valid in the booking's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a booking that is {state:?} does not accept {event:?}")]
pub struct Refused {
    /// The state that refused it.
    pub state: State,
    /// The refused event.
    pub event: Event,
}

impl BookingState {
    /// The state after an event.
    ///
    /// # Errors
    /// [`Refused`] if the event is not valid in this state.
    pub fn apply(self, policy: PaymentPolicy, event: Event) -> Result<Self, Refused> {
        let refused = Refused {
            state: self.state,
            event,
        };
        let next = match self.state {
            State::Pending => self.while_pending(policy, event),
            State::Held => self.while_held(event),
            State::Paying { attempt } => self.while_paying(policy, attempt, event),
            State::PaymentFailed { attempts } => self.while_payment_failed(policy, attempts, event),
            State::Confirmed => self.while_confirmed(event),
            State::Ended(_) => self.once_ended(event),
        };
        let mut next = next.ok_or(refused)?;
        if next.seats != SeatTask::Release {
            next.public_status = next.state;
        }
        Ok(next)
    }

    fn while_pending(self, policy: PaymentPolicy, event: Event) -> Option<Self> {
        match event {
            Event::Held => Some(match policy.payment {
                Payment::AtOnce | Payment::Queued { .. } => self.paying(1),
                Payment::Later { .. } => self.to(State::Held),
                Payment::Nothing => Self {
                    seats: SeatTask::Confirm,
                    ..self.to(State::Confirmed)
                },
            }),
            Event::HoldRefused { may_be_held: false } => {
                Some(self.to(State::Ended(Outcome::Failed)))
            }
            Event::HoldRefused { may_be_held: true } => {
                Some(self.ending_pending(policy, Outcome::Failed))
            }
            Event::HoldOfLostBooking => Some(match policy.payment {
                Payment::Nothing => self.releasing(Outcome::Failed),
                _ => self.ending_with_reversal(1, Outcome::Failed),
            }),
            Event::DeadlinePassed => Some(self.ending_pending(policy, Outcome::Expired)),
            Event::KeyClosed if policy.creation_covers_first_attempt() => {
                Some(self.releasing(Outcome::Expired))
            }
            Event::CancelRequested => Some(self.ending_pending(policy, Outcome::Cancelled)),
            Event::Abandoned => Some(self.ending_pending(policy, Outcome::Failed)),
            _ => None,
        }
    }

    /// Ends a booking whose hold is not known to be granted. If its creation covers the first attempt, another
    /// worker may have charged already.
    fn ending_pending(self, policy: PaymentPolicy, outcome: Outcome) -> Self {
        if policy.creation_covers_first_attempt() {
            self.ending_with_reversal(1, outcome)
        } else {
            self.releasing(outcome)
        }
    }

    fn while_held(self, event: Event) -> Option<Self> {
        match event {
            Event::PayRequested => Some(self.paying(1)),
            Event::SeatsChanged => Some(self),
            Event::DeadlinePassed => Some(self.releasing(Outcome::Expired)),
            Event::CancelRequested => Some(self.releasing(Outcome::Cancelled)),
            Event::Abandoned => Some(self.releasing(Outcome::Failed)),
            _ => None,
        }
    }

    fn while_paying(self, policy: PaymentPolicy, attempt: u8, event: Event) -> Option<Self> {
        let charged = Self {
            charged: Some(attempt),
            ..self
        };
        match event {
            Event::Charged { seats } => Some(match seats {
                ChargedSeats::Sold => charged.to(State::Confirmed),
                ChargedSeats::Pinned => Self {
                    seats: SeatTask::Confirm,
                    ..charged.to(State::Confirmed)
                },
                ChargedSeats::Lost => charged.ending_with_reversal(attempt, Outcome::Failed),
            }),
            // A declined key is final, as a closed one is: there is nothing to close.
            Event::Declined {
                past_deadline: true,
            }
            | Event::KeyClosed => Some(self.releasing(Outcome::Expired)),
            Event::Declined { .. } if ends_round(policy, attempt) => {
                Some(self.to(State::PaymentFailed { attempts: attempt }))
            }
            Event::Declined { .. } if attempt < policy.max_attempts => {
                Some(self.paying(attempt + 1))
            }
            Event::Declined { .. } => Some(self.releasing(Outcome::Failed)),
            // A queued attempt may have waited until now. Its customer is off-session and need not wait for
            // payment-service too.
            Event::DeadlinePassed if is_queued(policy) => {
                Some(self.ending_with_reversal(attempt, Outcome::Expired))
            }
            Event::ChargeRefused => Some(self.ending_with_reversal(attempt, Outcome::Failed)),
            // An earlier worker may have charged all the same.
            Event::PinRefused => Some(self.ending_with_reversal(attempt, Outcome::Expired)),
            Event::CancelRequested => Some(self.ending_with_reversal(attempt, Outcome::Cancelled)),
            Event::Abandoned => Some(self.ending_with_reversal(attempt, Outcome::Failed)),
            _ => None,
        }
    }

    /// Every attempt so far was declined: there is no money to reverse.
    fn while_payment_failed(
        self,
        policy: PaymentPolicy,
        attempts: u8,
        event: Event,
    ) -> Option<Self> {
        match event {
            Event::PayRequested if attempts < policy.max_attempts => {
                Some(self.paying(attempts + 1))
            }
            Event::DeadlinePassed => Some(self.releasing(Outcome::Expired)),
            Event::CancelRequested => Some(self.releasing(Outcome::Cancelled)),
            _ => None,
        }
    }

    fn while_confirmed(self, event: Event) -> Option<Self> {
        match event {
            Event::Sold => Some(Self {
                seats: SeatTask::Nothing,
                ..self
            }),
            Event::CancelRequested | Event::HoldLost => Some(match self.charged {
                Some(attempt) => self.ending_with_reversal(attempt, Outcome::Cancelled),
                None => self.releasing(Outcome::Cancelled),
            }),
            _ => None,
        }
    }

    fn once_ended(self, event: Event) -> Option<Self> {
        match event {
            Event::Released => Some(Self {
                seats: SeatTask::Nothing,
                ..self
            }),
            Event::Reversed => Some(Self {
                money: MoneyTask::Nothing,
                ..self
            }),
            _ => None,
        }
    }

    fn to(self, state: State) -> Self {
        Self { state, ..self }
    }

    fn paying(self, attempt: u8) -> Self {
        self.to(State::Paying { attempt })
    }

    /// Ends the booking; the hold is still to be released.
    fn releasing(self, outcome: Outcome) -> Self {
        Self {
            seats: SeatTask::Release,
            ..self.to(State::Ended(outcome))
        }
    }

    /// Ends the booking; the hold is to be released, and this attempt may have been charged or may yet be.
    fn ending_with_reversal(self, attempt: u8, outcome: Outcome) -> Self {
        Self {
            money: MoneyTask::Reverse { attempt },
            ..self.releasing(outcome)
        }
    }
}

fn is_queued(policy: PaymentPolicy) -> bool {
    matches!(policy.payment, Payment::Queued { .. })
}

/// Whether a decline of this attempt makes the payment fail. A queued booking waits after its last attempt too:
/// its customer is off-session and may yet be told.
fn ends_round(policy: PaymentPolicy, attempt: u8) -> bool {
    let is_last = attempt >= policy.max_attempts;
    match policy.payment {
        Payment::Queued { round } => is_last || attempt.is_multiple_of(round.max(1)),
        Payment::Later { is_on_session } => is_on_session && !is_last,
        Payment::AtOnce | Payment::Nothing => false,
    }
}
