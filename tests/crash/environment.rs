//! The services' environment: addresses, and short timeouts because there are many rounds.

use local_servers::ports::free_port;
use local_servers::redis;

use crate::databases::Databases;
use crate::process::Part;

/// Names and values of settings.
pub type Settings<'a> = &'a [(&'a str, &'a str)];

const EVERY_SERVICE: Settings = &[
    ("HOLDFAST__HTTP__WORKERS", "1"),
    // Several rounds share a server: enough for a dozen customers each.
    ("HOLDFAST__DATABASE__POOL_SIZE", "8"),
    ("HOLDFAST__DATABASE__MIGRATE_ON_START", "false"),
    ("HOLDFAST__LOG__FORMAT", "pretty"),
    ("NO_COLOR", "1"),
];

const FLIGHTS: Settings = &[("HOLDFAST__SALES__CLOSE_BEFORE_DEPARTURE", "never")];

const BOOKINGS: Settings = &[
    ("RESERVATION_TIMEOUT", "4s"),
    // Long enough for most payments despite crashes, short enough to wait for.
    ("HOLDFAST__EVENTS__PAYMENT_DEADLINE", "8s"),
    ("HOLDFAST__BOOKINGS__HOLD_MARGIN", "1s"),
    ("HOLDFAST__BOOKINGS__LEASE", "2s"),
    ("HOLDFAST__BOOKINGS__POLL_INTERVAL", "100ms"),
    ("HOLDFAST__BOOKINGS__PAYMENT_PAUSE", "50ms"),
    ("HOLDFAST__BOOKINGS__CONFIRM_TIMEOUT", "300ms"),
    ("PAYMENT_TIMEOUT", "1s"),
    ("HOLDFAST__CUSTOMERS__CANCEL_BEFORE_DEPARTURE", "never"),
    ("HOLDFAST__CUSTOMERS__CANCEL_BEFORE_EVENT", "never"),
    // All customers of a round share an address, and some a user.
    ("HOLDFAST__CUSTOMERS__UNPAID_ORDERS_PER_USER", "0"),
    ("HOLDFAST__CUSTOMERS__UNPAID_ORDERS_PER_ADDRESS", "0"),
];

const PAYMENTS: Settings = &[
    ("HOLDFAST__MOCK__FAILURE_RATE", "0.15"),
    ("HOLDFAST__MOCK__TIMEOUT_RATE", "0.05"),
    ("HOLDFAST__MOCK__LOST_ANSWER_RATE", "0.05"),
    ("HOLDFAST__MOCK__PROCESSING_TIME", "20ms"),
    ("HOLDFAST__MOCK__PROCESSING_JITTER", "15ms"),
    ("HOLDFAST__CHARGES__PROVIDER_TIMEOUT", "700ms"),
    ("HOLDFAST__CHARGES__LEASE", "800ms"),
    ("HOLDFAST__CHARGES__CLOSE_WAIT", "500ms"),
    ("HOLDFAST__HTTP__REQUEST_TIMEOUT", "2s"),
];

/// A service's settings in a round.
pub fn in_a_round(part: Part) -> Settings<'static> {
    match part {
        Part::Flights => FLIGHTS,
        Part::Bookings => BOOKINGS,
        Part::Payments => PAYMENTS,
    }
}

/// A port per service, at which the others call it.
#[derive(Clone, Copy, Debug)]
pub struct Ports([u16; 3]);

impl Ports {
    pub fn free() -> anyhow::Result<Self> {
        Ok(Self([free_port()?, free_port()?, free_port()?]))
    }

    pub fn of(self, part: Part) -> u16 {
        self.0[part as usize]
    }

    /// Moves a service to another port.
    pub fn with(mut self, part: Part, port: u16) -> Self {
        self.0[part as usize] = port;
        self
    }
}

/// The environment of a service.
pub fn environment(
    part: Part,
    ports: Ports,
    databases: &Databases,
    redis: &redis::Server,
    settings: &[Settings<'_>],
) -> Vec<(String, String)> {
    let database = match part {
        Part::Flights => &databases.flights,
        Part::Bookings => &databases.bookings,
        Part::Payments => &databases.payments,
    };
    let url = |part: Part| format!("http://127.0.0.1:{}", ports.of(part));
    let places = [
        ("PORT", ports.of(part).to_string()),
        ("DATABASE_URL", database.url().to_owned()),
        ("REDIS_URL", redis.url()),
        ("FLIGHT_SERVICE_URL", url(Part::Flights)),
        ("PAYMENT_SERVICE_URL", url(Part::Payments)),
    ];
    let settings = [EVERY_SERVICE].into_iter().chain(settings.iter().copied());
    let settings = settings
        .flatten()
        .map(|(name, value)| (*name, (*value).to_owned()));
    places
        .into_iter()
        .chain(settings)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
