//! What flight-service and payment-service promise, for one hold and the charge keys of one booking.

/// The most attempts to pay that are modelled.
pub const MOST_ATTEMPTS: usize = 3;

/// A hold, as flight-service has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hold {
    /// Never heard of.
    Unknown,
    /// Refused, and that is recorded.
    Refused,
    /// Held until it lapses.
    Held,
    /// Held until its owner ends it.
    Pinned,
    /// Sold.
    Sold,
    /// Given back, or refused for good before it came.
    Released,
    /// Lapsed.
    Expired,
}

impl Hold {
    /// Whether units are taken out of a pool.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Held | Self::Pinned | Self::Sold)
    }
}

/// A charge key, as payment-service has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// Never heard of.
    Unknown,
    /// Declined for good.
    Declined,
    /// Captured, once.
    Charged,
    /// Captured and given back.
    Refunded,
    /// Closed before it made a charge.
    Closed,
}

/// A request, with all that the service learns from it.
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

    /// The request's bit among those that are under way.
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

/// What a service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Held, pinned, sold, released, refunded.
    Done,
    /// No such thing can be done to this hold; or the call itself was refused, whatever the key made.
    Refused,
    /// The key made a charge.
    Charged,
    /// The key was declined.
    Declined,
    /// The key is closed, and made no charge.
    Closed,
}

/// Both services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Services {
    pub hold: Hold,
    pub keys: [Key; MOST_ATTEMPTS],
}

/// How the services are asked, or fail to keep their word.
#[derive(Clone, Copy, Debug)]
pub struct Ways {
    /// Whether holds are asked for without an expiry.
    pub holds_pinned: bool,
    /// Whether the release of an unknown hold refuses it for good.
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

    /// All that may come of a request.
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
            // Not every refusal is recorded: the same request may be granted when it comes again.
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

    /// Whether the request can change nothing any more, whatever else happens.
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

/// What is answered for a key that has its outcome. A refunded charge is still the key's charge.
fn recorded(key: Key) -> Answer {
    match key {
        Key::Charged | Key::Refunded => Answer::Charged,
        Key::Declined => Answer::Declined,
        Key::Closed | Key::Unknown => Answer::Closed,
    }
}
