//! The contracts of flight-service and payment-service, for one hold and the charge keys of one booking.

/// Most payment attempts in the model.
pub const MOST_ATTEMPTS: usize = 3;

/// A hold at flight-service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hold {
    /// Never heard of.
    Unknown,
    /// Refused, and the refusal is recorded.
    Refused,
    /// Held with an expiry.
    Held,
    /// Held until its owner ends it.
    Pinned,
    /// Sold.
    Sold,
    /// Released, or a tombstone left by a release that came first.
    Released,
    /// Expired.
    Expired,
}

impl Hold {
    /// Whether it takes units out of a pool.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Held | Self::Pinned | Self::Sold)
    }
}

/// A charge key at payment-service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// Never heard of.
    Unknown,
    /// Declined, finally.
    Declined,
    /// Captured, once.
    Charged,
    /// Captured and refunded.
    Refunded,
    /// Closed before it was charged (a tombstone).
    Closed,
}

/// A request, with everything that the service learns from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    Hold,
    Pin,
    Confirm,
    Release,
    Charge(u8),
    Close(u8),
    Refund(u8),
}

impl Request {
    pub fn all() -> impl Iterator<Item = Self> {
        let seats = [Self::Hold, Self::Pin, Self::Confirm, Self::Release];
        let money = (1u8..).take(MOST_ATTEMPTS);
        seats.into_iter().chain(money.flat_map(|attempt| {
            [
                Self::Charge(attempt),
                Self::Close(attempt),
                Self::Refund(attempt),
            ]
        }))
    }

    /// The request's bit in the set of late requests.
    pub fn bit(self) -> u16 {
        let position = match self {
            Self::Hold => 0,
            Self::Pin => 1,
            Self::Confirm => 2,
            Self::Release => 3,
            Self::Charge(attempt) => 1 + 3 * attempt,
            Self::Close(attempt) => 2 + 3 * attempt,
            Self::Refund(attempt) => 3 + 3 * attempt,
        };
        1 << position
    }
}

/// A service's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Held, pinned, sold, released or refunded.
    Done,
    /// Not possible for this hold; or the call itself was refused, whatever was charged under the key.
    Refused,
    /// The key was charged.
    Charged,
    /// The key was declined.
    Declined,
    /// The key is closed without a charge.
    Closed,
}

/// The state of both services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Services {
    pub hold: Hold,
    pub keys: [Key; MOST_ATTEMPTS],
}

/// How the services are asked, and which promises they keep.
#[derive(Clone, Copy, Debug)]
pub struct Ways {
    /// Whether holds are requested without an expiry.
    pub holds_pinned: bool,
    /// Whether the release of an unknown hold leaves a tombstone.
    pub has_tombstones: bool,
}

impl Services {
    pub const NEW: Self = Self {
        hold: Hold::Unknown,
        keys: [Key::Unknown; MOST_ATTEMPTS],
    };

    pub fn key(&self, attempt: u8) -> Key {
        self.keys[usize::from(attempt) - 1]
    }

    pub fn charges(&self) -> usize {
        self.keys.iter().filter(|key| **key == Key::Charged).count()
    }

    /// All possible outcomes of a request.
    pub fn act(self, request: Request, ways: Ways) -> Vec<(Self, Answer)> {
        match request {
            Request::Hold => self.asked_for_hold(ways),
            Request::Pin => vec![match self.hold {
                Hold::Held | Hold::Pinned => (self.with_hold(Hold::Pinned), Answer::Done),
                Hold::Sold => (self, Answer::Done),
                _ => (self, Answer::Refused),
            }],
            Request::Confirm => vec![if self.hold.is_live() {
                (self.with_hold(Hold::Sold), Answer::Done)
            } else {
                (self, Answer::Refused)
            }],
            Request::Release => vec![match self.hold {
                Hold::Refused | Hold::Expired | Hold::Released => (self, Answer::Done),
                Hold::Unknown if !ways.has_tombstones => (self, Answer::Done),
                _ => (self.with_hold(Hold::Released), Answer::Done),
            }],
            Request::Charge(attempt) => match self.key(attempt) {
                Key::Unknown => vec![
                    (self.with_key(attempt, Key::Charged), Answer::Charged),
                    (self.with_key(attempt, Key::Declined), Answer::Declined),
                    (self, Answer::Refused),
                ],
                key => vec![(self, recorded(key)), (self, Answer::Refused)],
            },
            Request::Close(attempt) => vec![match self.key(attempt) {
                Key::Unknown => (self.with_key(attempt, Key::Closed), Answer::Closed),
                key => (self, recorded(key)),
            }],
            Request::Refund(attempt) => vec![match self.key(attempt) {
                Key::Charged => (self.with_key(attempt, Key::Refunded), Answer::Done),
                _ => (self, Answer::Done),
            }],
        }
    }

    fn asked_for_hold(self, ways: Ways) -> Vec<(Self, Answer)> {
        match self.hold {
            // Not every refusal is recorded: the same request may be granted when it is repeated.
            Hold::Unknown => {
                let granted = if ways.holds_pinned {
                    Hold::Pinned
                } else {
                    Hold::Held
                };
                vec![
                    (self.with_hold(granted), Answer::Done),
                    (self.with_hold(Hold::Refused), Answer::Refused),
                    (self, Answer::Refused),
                ]
            }
            Hold::Refused => vec![(self, Answer::Refused)],
            // Whether it was ever granted is not modelled: a first grant is answered again even then.
            Hold::Released | Hold::Expired => vec![(self, Answer::Done), (self, Answer::Refused)],
            Hold::Held | Hold::Pinned | Hold::Sold => vec![(self, Answer::Done)],
        }
    }

    /// Whether the request can have no further effect, whatever else happens.
    pub fn is_spent(&self, request: Request) -> bool {
        match request {
            Request::Hold => self.hold != Hold::Unknown,
            Request::Pin => !matches!(self.hold, Hold::Unknown | Hold::Held),
            Request::Confirm => !matches!(self.hold, Hold::Unknown | Hold::Held | Hold::Pinned),
            Request::Release => self.hold != Hold::Unknown && !self.hold.is_live(),
            Request::Charge(attempt) | Request::Close(attempt) => self.key(attempt) != Key::Unknown,
            // It is sent only for a charge that was seen.
            Request::Refund(attempt) => self.key(attempt) != Key::Charged,
        }
    }

    pub fn with_hold(self, hold: Hold) -> Self {
        Self { hold, ..self }
    }

    fn with_key(mut self, attempt: u8, key: Key) -> Self {
        self.keys[usize::from(attempt) - 1] = key;
        self
    }
}

/// The answer for a key with a final outcome. A refunded charge is still the key's charge.
fn recorded(key: Key) -> Answer {
    match key {
        Key::Charged | Key::Refunded => Answer::Charged,
        Key::Declined => Answer::Declined,
        Key::Closed | Key::Unknown => Answer::Closed,
    }
}
