//! All policies, all events, and every state that they lead to.

use std::collections::HashSet;

use lifecycle::{BookingState, ChargedSeats, Event, Payment, PaymentPolicy};

pub const PAYMENTS: [Payment; 6] = [
    Payment::AtOnce,
    Payment::Later {
        is_on_session: false,
    },
    Payment::Later {
        is_on_session: true,
    },
    Payment::Queued { round: 1 },
    Payment::Queued { round: 2 },
    Payment::Nothing,
];

/// Every event with every payload.
pub const EVENTS: [Event; 21] = [
    Event::Held,
    Event::HoldRefused { may_be_held: false },
    Event::HoldRefused { may_be_held: true },
    Event::HoldOfLostBooking,
    Event::PayRequested,
    Event::SeatsChanged,
    Event::PinRefused,
    Event::Charged {
        seats: ChargedSeats::Sold,
    },
    Event::Charged {
        seats: ChargedSeats::Pinned,
    },
    Event::Charged {
        seats: ChargedSeats::Lost,
    },
    Event::Declined {
        past_deadline: false,
    },
    Event::Declined {
        past_deadline: true,
    },
    Event::ChargeRefused,
    Event::KeyClosed,
    Event::Sold,
    Event::HoldLost,
    Event::DeadlinePassed,
    Event::CancelRequested,
    Event::Abandoned,
    Event::Released,
    Event::Reversed,
];

pub fn all_policies() -> Vec<PaymentPolicy> {
    let with = |max_attempts| {
        PAYMENTS.map(|payment| PaymentPolicy {
            payment,
            max_attempts,
        })
    };
    (1..=3).flat_map(with).collect()
}

/// Every state reachable under this policy by any events, in breadth-first order.
pub fn reachable(policy: PaymentPolicy) -> Vec<BookingState> {
    let mut lives = vec![BookingState::NEW];
    let mut seen = HashSet::from([BookingState::NEW]);
    let mut at = 0;
    while let Some(lifecycle) = lives.get(at).copied() {
        let after = EVENTS
            .iter()
            .filter_map(|event| lifecycle.apply(policy, *event).ok());
        lives.extend(after.filter(|next| seen.insert(*next)));
        at += 1;
    }
    lives
}
