//! A booking's life in the words of its row.

use lifecycle::{Life, MoneyTask, Outcome, SeatTask, State};

/// A [`Life`] as it is stored: names and numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredLife<T> {
    /// Where it stands.
    pub state: T,
    /// What the customer is told.
    pub shown: T,
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
        State::Parked { .. } => "parked",
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
        "parked" => State::Parked { attempts: attempt },
        "confirmed" => State::Confirmed,
        "failed" => State::Ended(Outcome::Failed),
        "expired" => State::Ended(Outcome::Expired),
        "cancelled" => State::Ended(Outcome::Cancelled),
        _ => return None,
    })
}

impl From<Life> for StoredLife<&'static str> {
    fn from(life: Life) -> Self {
        let paying = match (life.state, life.shown) {
            (State::Paying { attempt }, _) | (_, State::Paying { attempt }) => Some(attempt),
            (State::Parked { attempts }, _) | (_, State::Parked { attempts }) => Some(attempts),
            _ => None,
        };
        let (money_task, settling) = match life.money {
            MoneyTask::Nothing => ("nothing", None),
            MoneyTask::Settle { attempt } => ("settle", Some(attempt)),
        };
        let seats_task = match life.seats {
            SeatTask::Nothing => "nothing",
            SeatTask::Confirm => "confirm",
            SeatTask::Release => "release",
        };
        // They are all the same attempt: the last.
        let attempt = life.charged.or(settling).or(paying).unwrap_or(0);
        Self {
            state: state_text(life.state),
            shown: state_text(life.shown),
            attempt: i16::from(attempt),
            charged: life.charged.is_some(),
            seats_task,
            money_task,
        }
    }
}

impl<T: AsRef<str>> StoredLife<T> {
    /// The life that was stored, unless something else wrote these columns.
    #[must_use]
    pub fn life(&self) -> Option<Life> {
        let attempt = u8::try_from(self.attempt).ok()?;
        Some(Life {
            state: state_from(self.state.as_ref(), attempt)?,
            shown: state_from(self.shown.as_ref(), attempt)?,
            seats: match self.seats_task.as_ref() {
                "nothing" => SeatTask::Nothing,
                "confirm" => SeatTask::Confirm,
                "release" => SeatTask::Release,
                _ => return None,
            },
            money: match self.money_task.as_ref() {
                "nothing" => MoneyTask::Nothing,
                "settle" => MoneyTask::Settle { attempt },
                _ => return None,
            },
            charged: self.charged.then_some(attempt),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lifecycle::{ChargedSeats, Event, Payment, Terms};

    #[test]
    fn what_is_stored_is_read_back() {
        let queued = Terms {
            payment: Payment::Queued { round: 1 },
            max_attempts: 3,
        };
        let terms = Terms {
            payment: Payment::Later { is_mended: false },
            max_attempts: 3,
        };
        let declined = Event::Declined {
            past_deadline: false,
        };
        let parked: [&[Event]; 2] = [
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
                Event::Settled,
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
                Event::Settled,
            ],
            &[Event::HoldRefused { may_be_held: true }, Event::Released],
        ];
        let of = |terms| move |path| (terms, path);
        let paths = paths.into_iter().map(of(terms));
        for (terms, path) in paths.chain(parked.into_iter().map(of(queued))) {
            let mut life = Life::NEW;
            for event in path {
                life = life.apply(terms, *event).unwrap();
                assert_eq!(StoredLife::from(life).life(), Some(life), "{event:?}");
            }
        }
    }
}
