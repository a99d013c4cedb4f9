//! What happens to a booking, and what becomes of it then.

use crate::state::{BookingState, MoneyTask, Outcome, Payment, PaymentPolicy, SeatTask, State};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// The seats are held.
    Held,
    /// The seats were refused, or are not what the customer agreed to.
    HoldRefused {
        /// Whether a hold may be there all the same, or come: one that was granted and is not wanted, or
        /// another request for it that is still to be answered. Not every refusal is recorded, so the same
        /// request may yet be granted. `false` is for the booking's maker alone, refused by the answer to
        /// its only request, and must not be written once somebody else has taken the booking over.
        may_be_held: bool,
    },
    /// Under the hold's id is the hold of another booking: one that this request made before, and that was
    /// lost. What it holds is given back, and what it charged, under the key of the first attempt.
    HoldOfLostBooking,
    /// The customer pays, or somebody has a failed payment tried again.
    PayRequested,
    /// The customer has other seats; the time starts again.
    SeatsChanged,
    /// The hold could not be pinned: it lapsed.
    PinRefused,
    /// The attempt was charged.
    Charged {
        /// What became of the seats then.
        seats: ChargedSeats,
    },
    /// The attempt was declined for good.
    Declined {
        /// Whether the deadline has passed, so that no further attempt may start.
        past_deadline: bool,
    },
    /// The call for the charge was refused: what it asked for can't be charged under this key. An earlier
    /// call may have charged all the same.
    ChargeRefused,
    /// The deadline passed, and the attempt's key was closed before it made a charge.
    KeyClosed,
    /// The hold became a sale.
    Sold,
    /// The hold could not become a sale: it is gone.
    HoldLost,
    /// The deadline passed.
    DeadlinePassed,
    /// The customer, or an admin, gives the booking up.
    CancelRequested,
    /// Nothing came of it in time, and its customer can't ask for it again; or it can't be paid any more.
    Abandoned,
    /// The seats were given back.
    Released,
    /// The attempt's key is closed, and what it charged is refunded.
    Reversed,
}

/// What became of the seats of a booking that was charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChargedSeats {
    /// They are sold.
    Sold,
    /// They are pinned, and not known to be sold yet.
    Pinned,
    /// They are gone.
    Lost,
}

/// An event that can't happen to a booking as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a booking that is {state:?} does not accept {event:?}")]
pub struct Refused {
    /// Where it stands.
    pub state: State,
    /// What was to happen.
    pub event: Event,
}

impl BookingState {
    /// The booking after this event.
    ///
    /// # Errors
    /// When it can't happen to a booking that stands like this one.
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
            Event::HoldRefused { may_be_held: true } => Some(self.releasing(Outcome::Failed)),
            Event::HoldOfLostBooking => Some(match policy.payment {
                Payment::Nothing => self.releasing(Outcome::Failed),
                _ => self.undoing(1, Outcome::Failed),
            }),
            Event::DeadlinePassed => Some(self.releasing(Outcome::Expired)),
            Event::CancelRequested => Some(self.releasing(Outcome::Cancelled)),
            Event::Abandoned => Some(self.releasing(Outcome::Failed)),
            _ => None,
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
                ChargedSeats::Lost => charged.undoing(attempt, Outcome::Failed),
            }),
            // A declined key has its answer for good, as a closed one has: there is nothing to close.
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
            // A queued attempt may have waited until now: its customer, who is not there, need not wait for
            // payment-service too.
            Event::DeadlinePassed if is_queued(policy) => {
                Some(self.undoing(attempt, Outcome::Expired))
            }
            Event::ChargeRefused => Some(self.undoing(attempt, Outcome::Failed)),
            // An earlier worker may have charged all the same.
            Event::PinRefused => Some(self.undoing(attempt, Outcome::Expired)),
            Event::CancelRequested => Some(self.undoing(attempt, Outcome::Cancelled)),
            Event::Abandoned => Some(self.undoing(attempt, Outcome::Failed)),
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
                Some(attempt) => self.undoing(attempt, Outcome::Cancelled),
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

    /// Over; its seats are to be given back.
    fn releasing(self, outcome: Outcome) -> Self {
        Self {
            seats: SeatTask::Release,
            ..self.to(State::Ended(outcome))
        }
    }

    /// The same, and this attempt may have been charged, or yet be.
    fn undoing(self, attempt: u8, outcome: Outcome) -> Self {
        Self {
            money: MoneyTask::Reverse { attempt },
            ..self.releasing(outcome)
        }
    }
}

fn is_queued(policy: PaymentPolicy) -> bool {
    matches!(policy.payment, Payment::Queued { .. })
}

/// Whether a booking's payment has failed when this attempt is declined. A queued one waits after its last attempt
/// too: its customer is not there, and may yet be told.
fn ends_round(policy: PaymentPolicy, attempt: u8) -> bool {
    let is_last = attempt >= policy.max_attempts;
    match policy.payment {
        Payment::Queued { round } => is_last || attempt.is_multiple_of(round.max(1)),
        Payment::Later { is_on_session } => is_on_session && !is_last,
        Payment::AtOnce | Payment::Nothing => false,
    }
}
