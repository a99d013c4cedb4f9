//! The scenarios: the customers' flows, and the mock provider's behaviour meanwhile.

use serde::{Deserialize, Serialize};

use crate::endpoints::Endpoint;

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
    /// Many searches at once
    Searches,
    /// Bookings by count, over many flights
    Bookings,
    /// The same, with three of ten payments declined
    PaymentFailures,
    /// The same, with three of ten payments timing out
    PaymentTimeouts,
    /// Payments without a booking
    Payments,
    /// Everyone wants tickets to one event, paid through the queue
    HotSale,
    /// Everyone wants tickets of one ticket option
    TicketSale,
    /// Everyone wants the same named seats of one flight
    SeatRush,
    /// Everyone wants sold-out seats and tickets
    SoldOutStorm,
    /// All endpoints at once, with some failing payments
    Mixed,
}

/// The mock provider's behaviour during a scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Provider {
    /// Share of declined payments.
    pub failure_rate: f64,
    /// Share of payments that time out.
    pub timeout_rate: f64,
}

impl Scenario {
    /// In the order in which they run.
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

    /// Name on the command line and in JSON.
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

    /// Description for the report.
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

    /// Default number of clients in a closed loop.
    #[must_use]
    pub fn clients(self) -> usize {
        match self {
            Self::Searches | Self::Payments | Self::SoldOutStorm => 64,
            Self::Bookings | Self::PaymentFailures | Self::PaymentTimeouts | Self::Mixed => 128,
            Self::HotSale | Self::TicketSale | Self::SeatRush => 256,
        }
    }

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

    /// Default capacity of the pools that sell out: less than the demand of a closed loop.
    #[must_use]
    pub fn tickets(self) -> u64 {
        match self {
            Self::TicketSale => 10_000,
            Self::HotSale => 1_000,
            _ => 3_000,
        }
    }

    /// Lower bound of the flows per second and client, before requests of a fixed rate wait for a free
    /// client: a flow up to a confirmed booking takes longer than one answer.
    #[must_use]
    pub fn ends_a_second(self) -> u32 {
        match self {
            Self::HotSale | Self::SeatRush | Self::Mixed => 1,
            _ => 8,
        }
    }

    /// Whether it is measured from the first request on: a sale that is over in a second has no warm-up.
    #[must_use]
    pub fn is_a_rush(self) -> bool {
        matches!(self, Self::HotSale | Self::TicketSale | Self::SeatRush)
    }

    /// The services whose ledgers record its sales.
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
