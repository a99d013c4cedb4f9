//! Limits on how much one customer may hold, and for how long.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::Units;

/// Upper limit of seats per flight in one order, for staff too.
pub const SEATS_MAX: u32 = 100;

/// Limits of a customer; staff have none. `None`: no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HoldingLimits {
    /// Seats of an order per flight, or tickets of a booking.
    pub units_per_order: Option<u32>,
    /// Unpaid orders of one user.
    pub unpaid_orders_per_user: Option<u32>,
    /// Unpaid orders from one address.
    pub unpaid_orders_per_address: Option<u32>,
}

impl HoldingLimits {
    /// Checks the seats per flight, or the tickets, of one order.
    ///
    /// # Errors
    /// The limit, if it is exceeded.
    pub fn check_units(&self, units: Units) -> Result<(), TooManyUnits> {
        match self.units_per_order {
            Some(most) if units.get() > most => Err(TooManyUnits { most }),
            _ => Ok(()),
        }
    }

    /// Checks whether one more unpaid order is allowed, given those of the user and of the address.
    ///
    /// # Errors
    /// The limit that is reached.
    pub fn check_unpaid(&self, of_user: u32, of_address: u32) -> Result<(), TooManyUnpaid> {
        match (self.unpaid_orders_per_user, self.unpaid_orders_per_address) {
            (Some(most), _) if of_user >= most => Err(TooManyUnpaid::OfUser { most }),
            (_, Some(most)) if of_address >= most => Err(TooManyUnpaid::OfAddress { most }),
            _ => Ok(()),
        }
    }
}

/// An order exceeds the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most {most} are sold in one order")]
pub struct TooManyUnits {
    /// The limit.
    pub most: u32,
}

/// The limit of unpaid orders is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooManyUnpaid {
    /// By this user.
    #[error("you can have at most {most} unpaid orders: pay or give up one of them first")]
    OfUser {
        /// The limit.
        most: u32,
    },
    /// By all users at one address together.
    #[error(
        "at most {most} unpaid orders are held from one address: pay or give up one of them first"
    )]
    OfAddress {
        /// The limit.
        most: u32,
    },
}

/// How long an unpaid order's seats are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldTime {
    /// From the order, and again from each change of seats.
    pub each: Duration,
    /// Upper limit from the order, whatever changes; at least `each`.
    pub total: Duration,
}

impl HoldTime {
    /// The deadline of an order made at `made_at`, if its seats change at `now`.
    #[must_use]
    pub fn deadline(&self, made_at: Timestamp, now: Timestamp) -> Timestamp {
        let after = |from: Timestamp, time: Duration| {
            let end = from.checked_add(time);
            end.unwrap_or(Timestamp::MAX)
        };
        let last = after(made_at, self.total.max(self.each));
        after(now, self.each).min(last)
    }
}

/// A user's ticket limit for an event, and its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketAllowance {
    /// The limit.
    pub most: u32,
    /// Tickets in all of the user's bookings.
    pub has: u32,
}

impl TicketAllowance {
    /// Tickets that the user may still buy.
    #[must_use]
    pub fn left(&self) -> u32 {
        self.most.saturating_sub(self.has)
    }
}

impl fmt::Display for TicketAllowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { most, has } = self;
        let noun = if *most == 1 { "ticket" } else { "tickets" };
        write!(f, "You can buy at most {most} {noun} for this event")?;
        if *has > 0 {
            write!(f, "; you have {has}")?;
        }
        write!(f, ".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn minutes(count: u64) -> Duration {
        Duration::from_secs(count * 60)
    }

    #[test]
    fn a_change_brings_new_time_up_to_a_total() {
        let time = HoldTime {
            each: minutes(15),
            total: minutes(60),
        };
        for (now, deadline) in [(0, 15), (10, 25), (45, 60), (50, 60), (59, 60)] {
            assert_eq!(time.deadline(at(0), at(now)), at(deadline), "{now}");
        }
        let short = HoldTime {
            each: minutes(120),
            total: minutes(60),
        };
        assert_eq!(short.deadline(at(0), at(0)), at(120));
        assert_eq!(short.deadline(at(0), at(60)), at(120));
    }

    #[test]
    fn limits_count_what_there_is_already() {
        let units = |count: i64| Units::try_from(count).unwrap();
        let limits = HoldingLimits {
            units_per_order: Some(9),
            unpaid_orders_per_user: Some(4),
            unpaid_orders_per_address: Some(6),
        };
        assert!(limits.check_units(units(9)).is_ok());
        assert_eq!(limits.check_units(units(10)), Err(TooManyUnits { most: 9 }));
        assert!(limits.check_unpaid(3, 5).is_ok());
        let of_user = TooManyUnpaid::OfUser { most: 4 };
        assert_eq!(limits.check_unpaid(4, 6), Err(of_user));
        let of_address = TooManyUnpaid::OfAddress { most: 6 };
        assert_eq!(limits.check_unpaid(0, 6), Err(of_address));
        let none = HoldingLimits::default();
        assert!(none.check_units(units(1_000_000)).is_ok());
        assert!(none.check_unpaid(u32::MAX, u32::MAX).is_ok());
    }

    #[test]
    fn a_share_says_what_there_is_of_it() {
        let share = |most, has| TicketAllowance { most, has };
        assert_eq!(
            share(6, 3).to_string(),
            "You can buy at most 6 tickets for this event; you have 3."
        );
        assert_eq!(
            share(1, 0).to_string(),
            "You can buy at most 1 ticket for this event."
        );
        assert_eq!((share(6, 3).left(), share(2, 3).left()), (3, 0));
    }
}
