//! Maps a [`BookingState`] to the columns of its row and back.

use lifecycle::{BookingState, MoneyTask, Outcome, SeatTask, State};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredState<T> {
    pub state: T,
    /// The state shown to the customer.
    pub public_status: T,
    /// The running or latest payment attempt; 0 before the first.
    pub attempt: i16,
    /// Whether that attempt is known to have been charged.
    pub charged: bool,
    /// Pending work on the hold.
    pub seats_task: T,
    /// Pending work on the charge.
    pub money_task: T,
}

/// The stored text; the attempt has its own column.
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

/// `None` for an unknown text.
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
    fn from(lifecycle: BookingState) -> Self {
        let paying = match (lifecycle.state, lifecycle.public_status) {
            (State::Paying { attempt }, _) | (_, State::Paying { attempt }) => Some(attempt),
            (State::PaymentFailed { attempts }, _) | (_, State::PaymentFailed { attempts }) => {
                Some(attempts)
            }
            _ => None,
        };
        let (money_task, reversing) = match lifecycle.money {
            MoneyTask::Nothing => ("nothing", None),
            MoneyTask::Reverse { attempt } => ("reverse", Some(attempt)),
        };
        let seats_task = match lifecycle.seats {
            SeatTask::Nothing => "nothing",
            SeatTask::Confirm => "confirm",
            SeatTask::Release => "release",
        };
        // If several are set, all name the same attempt, the latest.
        let attempt = lifecycle.charged.or(reversing).or(paying).unwrap_or(0);
        Self {
            state: state_text(lifecycle.state),
            public_status: state_text(lifecycle.public_status),
            attempt: i16::from(attempt),
            charged: lifecycle.charged.is_some(),
            seats_task,
            money_task,
        }
    }
}

impl<T: AsRef<str>> StoredState<T> {
    /// `None` if the columns hold an unknown value.
    #[must_use]
    pub fn lifecycle(&self) -> Option<BookingState> {
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
            let mut lifecycle = BookingState::NEW;
            for event in path {
                lifecycle = lifecycle.apply(policy, *event).unwrap();
                assert_eq!(
                    StoredState::from(lifecycle).lifecycle(),
                    Some(lifecycle),
                    "{event:?}"
                );
            }
        }
    }
}
