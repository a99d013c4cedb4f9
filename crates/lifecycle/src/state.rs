//! The states of a booking, and the action that each calls for.

/// How a booking ended without being confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// No seats, or not paid.
    Failed,
    /// The deadline passed.
    Expired,
    /// The customer or an admin cancelled it.
    Cancelled,
}

/// The state of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Created. Its hold is being requested, and its first attempt made, if its creation covers that
    /// ([`PaymentPolicy::creation_covers_first_attempt`]).
    Pending,
    /// Its seats are held until the deadline; the customer is to pay.
    Held,
    /// A payment attempt is in progress. The hold is pinned before the charge.
    Paying {
        /// Counts from 1.
        attempt: u8,
    },
    /// A round of payment attempts was declined. The pinned hold waits until the deadline for the customer to
    /// pay in another way, or for staff to retry the payment.
    PaymentFailed {
        /// How many attempts were made.
        attempts: u8,
    },
    /// The seats are the customer's.
    Confirmed,
    /// Final, apart from the tasks left.
    Ended(Outcome),
}

/// What remains to be done about the hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SeatTask {
    /// No task.
    Nothing,
    /// Turn the hold into a sale.
    Confirm,
    /// Release the hold.
    Release,
}

/// What remains to be done about the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MoneyTask {
    /// No task.
    Nothing,
    /// Close this attempt's idempotency key, so that it can't be charged any more, and refund the charge if one
    /// was made.
    Reverse {
        /// Counts from 1.
        attempt: u8,
    },
}

/// When a booking is paid.
///
/// Whether it is [`Payment::Later`] is fixed before the hold is requested; the reaction to a decline may change
/// with each payment. Only with `Later` is the hold requested with an expiry and pinned in time. In all other
/// cases it must never have an expiry, or a confirmed booking could lose its seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Payment {
    /// As soon as its seats are held. The hold is requested pinned.
    AtOnce,
    /// On the customer's request, before the deadline. The hold is requested with that deadline.
    Later {
        /// Whether the customer is present (on-session). After a decline the booking then waits for another
        /// payment method; otherwise the next attempt follows at once.
        is_on_session: bool,
    },
    /// In the background, soon after its seats are held. The hold is requested pinned. Attempts come in rounds;
    /// after a declined round the payment has failed.
    Queued {
        /// Attempts per round, at least one.
        round: u8,
    },
    /// Never: it is free. The hold is requested pinned, or sold.
    Nothing,
}

/// The payment terms of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PaymentPolicy {
    /// When it is paid.
    pub payment: Payment,
    /// Most payment attempts in all, at least one.
    pub max_attempts: u8,
}

impl PaymentPolicy {
    /// Whether the commit that creates the booking covers its first payment attempt (write-ahead intent). Then
    /// [`Event::Held`](crate::Event::Held) needs no commit of its own: the worker charges next, and writes both
    /// results at once. A worker that takes over a pending booking requests the hold and the charge again under
    /// the same names, or ends the booking and reverses the first attempt. Past the deadline it closes that
    /// attempt's key first: then only a charge already made counts.
    #[must_use]
    pub fn creation_covers_first_attempt(self) -> bool {
        self.payment == Payment::AtOnce
    }
}

/// The one action due now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Request the hold.
    Hold,
    /// Pin the hold unless it was requested pinned, charge under this attempt's key, and only then confirm.
    /// Past the deadline, close the key instead: then only a charge already made counts.
    Pay {
        /// Counts from 1.
        attempt: u8,
    },
    /// Turn the hold into a sale.
    Confirm,
    /// Release the hold.
    Release,
    /// Close this attempt's key and refund its charge.
    Reverse {
        /// Counts from 1.
        attempt: u8,
    },
    /// Wait until the deadline for the customer, or for staff to retry a failed payment.
    AwaitCustomer,
    /// None; final unless the customer cancels.
    Nothing,
}

/// The state of a booking, as its row stores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BookingState {
    /// The state that decides what happens next.
    pub state: State,
    /// The state that the customer sees.
    pub public_status: State,
    /// What remains to be done about the hold.
    pub seats: SeatTask,
    /// What remains to be done about the money.
    pub money: MoneyTask,
    /// The attempt that was charged; `None` until a charge is known.
    pub charged: Option<u8>,
}

impl BookingState {
    /// A new booking.
    pub const NEW: Self = Self {
        state: State::Pending,
        public_status: State::Pending,
        seats: SeatTask::Nothing,
        money: MoneyTask::Nothing,
        charged: None,
    };

    /// The one action due now. Seats come before money: somebody may be waiting for them.
    #[must_use]
    pub fn next(&self) -> Action {
        match (self.seats, self.money, self.state) {
            (SeatTask::Release, ..) => Action::Release,
            (SeatTask::Confirm, ..) => Action::Confirm,
            (SeatTask::Nothing, MoneyTask::Reverse { attempt }, _) => Action::Reverse { attempt },
            (.., State::Pending) => Action::Hold,
            (.., State::Held | State::PaymentFailed { .. }) => Action::AwaitCustomer,
            (.., State::Paying { attempt }) => Action::Pay { attempt },
            (.., State::Confirmed | State::Ended(_)) => Action::Nothing,
        }
    }

    /// Whether a worker has to act, rather than wait for the customer or do nothing.
    #[must_use]
    pub fn has_work(&self) -> bool {
        !matches!(self.next(), Action::Nothing | Action::AwaitCustomer)
    }

    /// Whether no remaining task can change what the customer sees.
    ///
    /// This includes a confirmed booking whose hold is still to be confirmed: only its owner may end a pinned
    /// hold, unless somebody takes it by force.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        matches!(self.public_status, State::Confirmed | State::Ended(_))
            && self.public_status == self.state
    }
}
