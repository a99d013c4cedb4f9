//! The scenarios: who wants what, and what the payment provider does meanwhile.

use serde::{Deserialize, Serialize};

use crate::endpoints::Endpoint;

/// A scenario.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    clap::ValueEnum,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// Many search at once
    Searches,
    /// Many book seats by count on many flights
    Bookings,
    /// The same, while three of ten payments are declined
    PaymentFailures,
    /// The same, while three of ten payments time out
    PaymentTimeouts,
    /// Many pay at once, without a booking
    Payments,
    /// Everyone wants tickets to one event, paid through the queue
    HotSale,
    /// Everyone wants tickets of one ticket option
    TicketSale,
    /// Everyone wants the same seats of one flight, chosen by name
    SeatRush,
    /// Everyone wants what is sold out
    SoldOutStorm,
    /// All endpoints at once, with some failing payments
    Mixed,
}

/// What the mock provider is to do during a scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Provider {
    /// The share of payments that are declined.
    pub failure_rate: f64,
    /// The share that time out.
    pub timeout_rate: f64,
}

impl Scenario {
    /// All of them, in the order in which they are run.
    pub const ALL: [Self; 10] = [
        Self::Searches,
        Self::Bookings,
        Self::PaymentFailures,
        Self::PaymentTimeouts,
        Self::Payments,
        Self::HotSale,
        Self::TicketSale,
        Self::SeatRush,
        Self::SoldOutStorm,
        Self::Mixed,
    ];

    /// Its name on the command line and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Searches => "searches",
            Self::Bookings => "bookings",
            Self::PaymentFailures => "payment-failures",
            Self::PaymentTimeouts => "payment-timeouts",
            Self::Payments => "payments",
            Self::HotSale => "hot-sale",
            Self::TicketSale => "ticket-sale",
            Self::SeatRush => "seat-rush",
            Self::SoldOutStorm => "sold-out-storm",
            Self::Mixed => "mixed",
        }
    }

    /// What happens, for people.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Searches => {
                "Customers search between random airports on random days, with up to three stops."
            }
            Self::Bookings => {
                "Customers book a seat on one of many flights; each booking is held, paid and confirmed."
            }
            Self::PaymentFailures => {
                "Customers book as before, but three payments of ten are declined: their seats must be \
                 free again."
            }
            Self::PaymentTimeouts => {
                "Customers book as before, but three payments of ten time out: nothing is charged, and \
                 their seats must be free again."
            }
            Self::Payments => "Customers pay, each under a key of its own, without a booking.",
            Self::HotSale => {
                "Everyone wants a ticket to one event. It is booked, paid through the queue, and \
                 confirmed; the latency is that of the whole way."
            }
            Self::TicketSale => {
                "Everyone wants a ticket of one ticket option, sold when it is answered."
            }
            Self::SeatRush => {
                "Everyone wants the same pairs of seats of one flight, orders them by name and pays by \
                 code; the latency is that of the whole way."
            }
            Self::SoldOutStorm => {
                "A flight and a ticket option are sold out, and everyone wants them: all that comes is \
                 a refusal."
            }
            Self::Mixed => {
                "All endpoints at once: six of ten customers search, the others buy at every endpoint; one \
                 payment of ten fails."
            }
        }
    }

    /// How many clients work at once in a closed loop, unless it is said.
    #[must_use]
    pub fn clients(self) -> usize {
        match self {
            Self::Searches | Self::Payments | Self::SoldOutStorm => 64,
            Self::Bookings | Self::PaymentFailures | Self::PaymentTimeouts | Self::Mixed => 128,
            Self::HotSale | Self::TicketSale | Self::SeatRush => 256,
        }
    }

    /// What the provider does meanwhile.
    #[must_use]
    pub fn provider(self) -> Provider {
        let (failure_rate, timeout_rate) = match self {
            Self::PaymentFailures => (0.3, 0.0),
            Self::PaymentTimeouts => (0.0, 0.3),
            Self::Mixed => (0.05, 0.05),
            _ => (0.0, 0.0),
        };
        Provider {
            failure_rate,
            timeout_rate,
        }
    }

    /// How many tickets there are of what is to sell out, unless it is said: fewer than a closed loop asks for.
    #[must_use]
    pub fn tickets(self) -> u64 {
        match self {
            Self::TicketSale => 10_000,
            Self::HotSale => 1_000,
            _ => 3_000,
        }
    }

    /// How often in a second a client can do its flow at least, before requests of a fixed rate have to
    /// wait for one that is free: the whole way to a confirmed booking takes longer than one answer.
    #[must_use]
    pub fn ends_a_second(self) -> u32 {
        match self {
            Self::HotSale | Self::SeatRush | Self::Mixed => 1,
            _ => 8,
        }
    }

    /// Whether it is measured from the first request on: what sells out in a second has no warm-up.
    #[must_use]
    pub fn is_a_rush(self) -> bool {
        matches!(self, Self::HotSale | Self::TicketSale | Self::SeatRush)
    }

    /// The services whose ledgers say what it sold.
    #[must_use]
    pub fn ledgers(self) -> &'static [Endpoint] {
        match self {
            Self::Searches | Self::Payments => &[],
            Self::Bookings | Self::PaymentFailures | Self::PaymentTimeouts | Self::SeatRush => {
                &[Endpoint::Flight]
            }
            Self::HotSale | Self::TicketSale => &[Endpoint::Booking],
            Self::SoldOutStorm | Self::Mixed => &[Endpoint::Flight, Endpoint::Booking],
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn each_scenario_has_one_name() {
        assert_eq!(Scenario::value_variants(), Scenario::ALL);
        for scenario in Scenario::ALL {
            let value = scenario.to_possible_value().unwrap();
            assert_eq!(value.get_name(), scenario.name());
            let json = serde_json::to_value(scenario).unwrap();
            assert_eq!(json, scenario.name());
            let Provider {
                failure_rate,
                timeout_rate,
            } = scenario.provider();
            assert!(failure_rate + timeout_rate <= 1.0);
        }
    }
}
