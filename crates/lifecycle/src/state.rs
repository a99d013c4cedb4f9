//! Where a booking stands, and what that means is to be done.

/// How a booking ended, other than confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// It could not be had: no seats, or not paid.
    Failed,
    /// Its time ran out.
    Expired,
    /// Somebody gave it up.
    Cancelled,
}

/// Where a booking stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Made. Its seats are asked for.
    Pending,
    /// Its seats are held until the deadline, and the customer is to pay.
    Held,
    /// This attempt to pay is under way. Its hold is pinned before it is charged.
    Paying {
        /// From 1.
        attempt: u8,
    },
    /// A round of attempts to pay was declined. Its pinned hold waits until the deadline for its customer to
    /// pay in another way, or for somebody to have it tried again.
    PaymentFailed {
        /// How many attempts were made.
        attempts: u8,
    },
    /// The seats are the customer's.
    Confirmed,
    /// It is over.
    Ended(Outcome),
}

/// What is left to do about the hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SeatTask {
    /// Nothing.
    Nothing,
    /// Turn it into a sale.
    Confirm,
    /// Give the seats back.
    Release,
}

/// What is left to do about the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MoneyTask {
    /// Nothing.
    Nothing,
    /// Close this attempt's key, so that it makes no charge any more, and refund the charge that it made.
    Reverse {
        /// From 1.
        attempt: u8,
    },
}

/// When a booking is paid.
///
/// Whether it is [`Payment::Later`] is known before the hold is asked for, and stays; how a decline is met
/// may change with each payment. Only then is the hold pinned in time; in the other cases it must never have an expiry, or a confirmed booking could lose its
/// seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Payment {
    /// As soon as its seats are held: the hold is asked for pinned.
    AtOnce,
    /// When the customer says so, until the deadline: the hold is asked for until then.
    Later {
        /// Whether the customer is there: after a decline the booking waits for them to pay in another way.
        /// Else the next attempt follows by itself.
        is_on_session: bool,
    },
    /// By itself, soon after its seats are held: the hold is asked for pinned. Attempts come in rounds of so
    /// many, at least one; after a round that was declined the payment has failed.
    Queued {
        /// How many attempts a round has.
        round: u8,
    },
    /// Never: it costs nothing. The hold is asked for pinned, or sold.
    Nothing,
}

/// What was agreed with the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PaymentPolicy {
    /// When it is paid.
    pub payment: Payment,
    /// How many attempts to pay it has in all, at least one.
    pub max_attempts: u8,
}

/// The one thing to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Ask for the seats.
    Hold,
    /// Pin the hold if it is not asked for pinned, charge with this attempt's key, and only then confirm. Past
    /// the deadline: close the key instead, so that only a charge that it made already counts.
    Pay {
        /// From 1.
        attempt: u8,
    },
    /// Turn the hold into a sale.
    Confirm,
    /// Give the seats back.
    Release,
    /// Close this attempt's key and refund what it charged.
    Reverse {
        /// From 1.
        attempt: u8,
    },
    /// Wait until the deadline for the customer, or for somebody who has a failed payment tried again.
    AwaitCustomer,
    /// Nothing, for good unless the customer cancels.
    Nothing,
}

/// A booking's life, as its row has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BookingState {
    /// Where it stands.
    pub state: State,
    /// What the customer is told.
    pub public_status: State,
    /// What is left to do about the hold.
    pub seats: SeatTask,
    /// What is left to do about the money.
    pub money: MoneyTask,
    /// The attempt that was charged, from when that is known.
    pub charged: Option<u8>,
}

impl BookingState {
    /// A booking that was just made.
    pub const NEW: Self = Self {
        state: State::Pending,
        public_status: State::Pending,
        seats: SeatTask::Nothing,
        money: MoneyTask::Nothing,
        charged: None,
    };

    /// The one thing to do now. Seats come before money: somebody may be waiting for them.
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

    /// Whether somebody has to work on it, rather than wait for the customer or leave it alone.
    #[must_use]
    pub fn has_work(&self) -> bool {
        !matches!(self.next(), Action::Nothing | Action::AwaitCustomer)
    }

    /// Whether nothing that is left to do could change what the customer is told.
    ///
    /// So it is with a confirmed booking whose hold is yet to be confirmed: a pinned hold is its owner's to
    /// end, and is lost only to somebody who takes it by force.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        matches!(self.public_status, State::Confirmed | State::Ended(_))
            && self.public_status == self.state
    }
}
