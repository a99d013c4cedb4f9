//! What the services of a round are told: times that are short, because rounds are many.

use local_servers::service::Service;
use test_stack::environment::Settings;

const FLIGHTS: Settings<'static> = &[("HOLDFAST__SALES__CLOSE_BEFORE_DEPARTURE", "never")];

const BOOKINGS: Settings<'static> = &[
    ("RESERVATION_TIMEOUT", "4s"),
    // Long enough for most to be paid, however often somebody dies; short enough to be waited for.
    ("HOLDFAST__EVENTS__PAYMENT_DEADLINE", "8s"),
    ("HOLDFAST__BOOKINGS__HOLD_MARGIN", "1s"),
    ("HOLDFAST__BOOKINGS__LEASE", "2s"),
    ("HOLDFAST__BOOKINGS__POLL_INTERVAL", "100ms"),
    ("HOLDFAST__BOOKINGS__PAYMENT_PAUSE", "50ms"),
    ("HOLDFAST__BOOKINGS__CONFIRM_TIMEOUT", "300ms"),
    ("PAYMENT_TIMEOUT", "1s"),
    ("HOLDFAST__CUSTOMERS__CANCEL_BEFORE_DEPARTURE", "never"),
    ("HOLDFAST__CUSTOMERS__CANCEL_BEFORE_EVENT", "never"),
    // All customers of a round have one address, and some one name.
    ("HOLDFAST__CUSTOMERS__UNPAID_ORDERS_PER_USER", "0"),
    ("HOLDFAST__CUSTOMERS__UNPAID_ORDERS_PER_ADDRESS", "0"),
];

const PAYMENTS: Settings<'static> = &[
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

pub fn in_a_round(service: Service) -> Settings<'static> {
    match service {
        Service::Flight => FLIGHTS,
        Service::Booking => BOOKINGS,
        Service::Payment => PAYMENTS,
    }
}
