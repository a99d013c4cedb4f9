//! A worker: its next request, and what it makes of the answer.

use lifecycle::{Action, BookingState, ChargedSeats, Event, Payment};

use super::services::{Answer, Request};
use super::setting::{Fault, Setting};

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Doing {
    Hold,
    /// The first half of a payment attempt.
    Pin(u8),
    Charge(u8),
    /// Past the deadline: close the attempt's key instead of charging.
    CloseLate(u8),
    /// The same for a pending booking, which may have been charged already.
    ClosePending,
    /// Confirm before the row says so, while the customer waits.
    ConfirmCharged,
    Confirm,
    Release,
    Close(u8),
    Refund(u8),
    /// Write an event to the row.
    Save(Event),
}

impl Doing {
    /// The request in flight; `None` while the row is written.
    pub fn request(self) -> Option<Request> {
        Some(match self {
            Self::Hold => Request::Hold,
            Self::Pin(_) => Request::Pin,
            Self::Charge(attempt) => Request::Charge(attempt),
            Self::ConfirmCharged | Self::Confirm => Request::Confirm,
            Self::Release => Request::Release,
            Self::Close(attempt) | Self::CloseLate(attempt) => Request::Close(attempt),
            Self::ClosePending => Request::Close(1),
            Self::Refund(attempt) => Request::Refund(attempt),
            Self::Save(_) => return None,
        })
    }

    /// Whether another request may follow before the row is written.
    pub fn leads_on(self, setting: &Setting) -> bool {
        match self {
            Self::Pin(_) | Self::Charge(_) | Self::CloseLate(_) | Self::Close(_) => true,
            Self::ClosePending => true,
            Self::Hold => setting.policy.creation_covers_first_attempt(),
            Self::ConfirmCharged
            | Self::Confirm
            | Self::Release
            | Self::Refund(_)
            | Self::Save(_) => false,
        }
    }
}

/// How a worker may begin the action due; empty if none is.
pub fn begin(setting: &Setting, lifecycle: BookingState) -> Vec<Doing> {
    let doing = match lifecycle.next() {
        // Workers' clocks may differ.
        Action::Hold if setting.policy.creation_covers_first_attempt() => {
            return vec![Doing::Hold, Doing::ClosePending];
        }
        Action::Hold => Doing::Hold,
        Action::Pay { attempt } => {
            let is_pinned = !matches!(setting.policy.payment, Payment::Later { .. });
            let in_time = if is_pinned || setting.has(Fault::PinSkipped) {
                Doing::Charge(attempt)
            } else {
                Doing::Pin(attempt)
            };
            // Workers' clocks may differ.
            return vec![in_time, Doing::CloseLate(attempt)];
        }
        Action::Confirm => Doing::Confirm,
        Action::Release => Doing::Release,
        Action::Reverse { .. } if setting.has(Fault::KeyLeftOpen) => Doing::Save(Event::Reversed),
        Action::Reverse { attempt } => Doing::Close(attempt),
        Action::AwaitCustomer | Action::Nothing => return Vec::new(),
    };
    vec![doing]
}

/// What may follow an answer.
pub fn follow(setting: &Setting, doing: Doing, answer: Answer, is_alone: bool) -> Vec<Doing> {
    let events = match (doing, answer) {
        (Doing::Pin(attempt), Answer::Done) => return vec![Doing::Charge(attempt)],
        (Doing::Charge(_) | Doing::CloseLate(_), Answer::Charged) => {
            return vec![Doing::ConfirmCharged];
        }
        (Doing::Close(attempt), Answer::Charged) => return vec![Doing::Refund(attempt)],
        (Doing::Hold, Answer::Done) if setting.policy.creation_covers_first_attempt() => {
            let unwanted = Event::HoldRefused { may_be_held: true };
            return vec![Doing::Charge(1), Doing::CloseLate(1), Doing::Save(unwanted)];
        }
        // The granted hold may differ from what the customer agreed to.
        (Doing::Hold, Answer::Done) => vec![Event::Held, Event::HoldRefused { may_be_held: true }],
        (Doing::Hold, _) => vec![Event::HoldRefused {
            may_be_held: !is_alone && !setting.has(Fault::AloneUnproven),
        }],
        (Doing::Pin(_), _) => vec![Event::PinRefused],
        (Doing::Charge(_), Answer::Declined) => [false, true]
            .map(|past_deadline| Event::Declined { past_deadline })
            .to_vec(),
        (Doing::Charge(_), Answer::Refused) if setting.has(Fault::RefusalTakenForDecline) => {
            vec![Event::Declined {
                past_deadline: true,
            }]
        }
        // A key that somebody else closed is refused too.
        (Doing::Charge(_), Answer::Refused | Answer::Closed) => vec![Event::ChargeRefused],
        (Doing::CloseLate(_), Answer::Declined) => vec![Event::Declined {
            past_deadline: true,
        }],
        (Doing::CloseLate(_), Answer::Closed) => vec![Event::KeyClosed],
        (Doing::ClosePending, Answer::Charged) => return vec![Doing::Hold],
        (Doing::ClosePending, _) => vec![Event::KeyClosed],
        (Doing::ConfirmCharged, answer) => vec![Event::Charged {
            seats: if answer == Answer::Done {
                ChargedSeats::Sold
            } else {
                ChargedSeats::Lost
            },
        }],
        (Doing::Confirm, Answer::Done) => vec![Event::Sold],
        (Doing::Confirm, _) => vec![Event::HoldLost],
        (Doing::Release, _) => vec![Event::Released],
        (Doing::Close(_) | Doing::Refund(_), _) => vec![Event::Reversed],
        (Doing::Charge(_) | Doing::CloseLate(_) | Doing::Save(_), _) => Vec::new(),
    };
    events.into_iter().map(Doing::Save).collect()
}

/// What follows a timeout; `None` if the worker leaves the booking for another to ask again.
pub fn follow_silence(setting: &Setting, doing: Doing) -> Option<Doing> {
    match doing {
        Doing::ConfirmCharged => Some(Doing::Save(Event::Charged {
            seats: ChargedSeats::Pinned,
        })),
        Doing::Charge(_) if setting.has(Fault::SilenceTakenForDecline) => {
            Some(Doing::Save(Event::Declined {
                past_deadline: false,
            }))
        }
        Doing::CloseLate(_) if setting.has(Fault::SilenceTakenForClosed) => {
            Some(Doing::Save(Event::KeyClosed))
        }
        _ => None,
    }
}
