//! A booking's life in the words of its row.

use lifecycle::{BookingState, MoneyTask, Outcome, SeatTask, State};

/// A [`BookingState`] as it is stored: names and numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredState<T> {
    /// Where it stands.
    pub state: T,
    /// What the customer is told.
    pub public_status: T,
    /// The payment attempt that runs or was the last; 0: none yet.
    pub attempt: i16,
    /// Whether that attempt is known to have been charged.
    pub charged: bool,
    /// What is left to do about the hold.
    pub seats_task: T,
    /// What is left to do about the money.
    pub money_task: T,
}

/// The states as they are stored, but for the attempt, which has a column of its own.
pub(crate) fn state_text(state: State) -> &'static str {
    match state {
        State::Pending => "pending",
        State::Held => "held",
        State::Paying { .. } => "paying",
        State::PaymentFailed { .. } => "payment_failed",
        State::Confirmed => "confirmed",
        State::Ended(Outcome::Failed) => "failed",
        State::Ended(Outcome::Expired) => "expired",
        State::Ended(Outcome::Cancelled) => "cancelled",
    }
}

/// The state that is stored as this text, and its attempt.
pub(crate) fn state_from(text: &str, attempt: u8) -> Option<State> {
    Some(match text {
        "pending" => State::Pending,
        "held" => State::Held,
        "paying" => State::Paying { attempt },
        "payment_failed" => State::PaymentFailed { attempts: attempt },
        "confirmed" => State::Confirmed,
        "failed" => State::Ended(Outcome::Failed),
        "expired" => State::Ended(Outcome::Expired),
        "cancelled" => State::Ended(Outcome::Cancelled),
        _ => return None,
    })
}

impl From<BookingState> for StoredState<&'static str> {
    fn from(life: BookingState) -> Self {
        let paying = match (life.state, life.public_status) {
            (State::Paying { attempt }, _) | (_, State::Paying { attempt }) => Some(attempt),
            (State::PaymentFailed { attempts }, _) | (_, State::PaymentFailed { attempts }) => {
                Some(attempts)
            }
            _ => None,
        };
        let (money_task, reversing) = match life.money {
            MoneyTask::Nothing => ("nothing", None),
            MoneyTask::Reverse { attempt } => ("reverse", Some(attempt)),
        };
        let seats_task = match life.seats {
            SeatTask::Nothing => "nothing",
            SeatTask::Confirm => "confirm",
            SeatTask::Release => "release",
        };
        // They are all the same attempt: the last.
        let attempt = life.charged.or(reversing).or(paying).unwrap_or(0);
        Self {
            state: state_text(life.state),
            public_status: state_text(life.public_status),
            attempt: i16::from(attempt),
            charged: life.charged.is_some(),
            seats_task,
            money_task,
        }
    }
}

impl<T: AsRef<str>> StoredState<T> {
    /// The life that was stored, unless something else wrote these columns.
    #[must_use]
    pub fn life(&self) -> Option<BookingState> {
        let attempt = u8::try_from(self.attempt).ok()?;
        Some(BookingState {
            state: state_from(self.state.as_ref(), attempt)?,
            public_status: state_from(self.public_status.as_ref(), attempt)?,
            seats: match self.seats_task.as_ref() {
                "nothing" => SeatTask::Nothing,
                "confirm" => SeatTask::Confirm,
                "release" => SeatTask::Release,
                _ => return None,
            },
            money: match self.money_task.as_ref() {
                "nothing" => MoneyTask::Nothing,
                "reverse" => MoneyTask::Reverse { attempt },
                _ => return None,
            },
            charged: self.charged.then_some(attempt),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lifecycle::{ChargedSeats, Event, Payment, PaymentPolicy};

    #[test]
    fn what_is_stored_is_read_back() {
        let queued = PaymentPolicy {
            payment: Payment::Queued { round: 1 },
            max_attempts: 3,
        };
        let policy = PaymentPolicy {
            payment: Payment::Later {
                is_on_session: false,
            },
            max_attempts: 3,
        };
        let declined = Event::Declined {
            past_deadline: false,
        };
        let payment_failed: [&[Event]; 2] = [
            &[
                Event::Held,
                declined,
                Event::PayRequested,
                declined,
                Event::DeadlinePassed,
                Event::Released,
            ],
            &[
                Event::Held,
                declined,
                Event::PayRequested,
                Event::DeadlinePassed,
                Event::Released,
                Event::Reversed,
            ],
        ];
        let paths: [&[Event]; 5] = [
            &[
                Event::Held,
                Event::PayRequested,
                declined,
                declined,
                declined,
            ],
            &[
                Event::Held,
                Event::PayRequested,
                declined,
                Event::CancelRequested,
            ],
            &[Event::Held, Event::DeadlinePassed, Event::Released],
            &[
                Event::Held,
                Event::PayRequested,
                Event::Charged {
                    seats: ChargedSeats::Pinned,
                },
                Event::CancelRequested,
                Event::Released,
                Event::Reversed,
            ],
            &[Event::HoldRefused { may_be_held: true }, Event::Released],
        ];
        let of = |policy| move |path| (policy, path);
        let paths = paths.into_iter().map(of(policy));
        for (policy, path) in paths.chain(payment_failed.into_iter().map(of(queued))) {
            let mut life = BookingState::NEW;
            for event in path {
                life = life.apply(policy, *event).unwrap();
                assert_eq!(StoredState::from(life).life(), Some(life), "{event:?}");
            }
        }
    }
}
