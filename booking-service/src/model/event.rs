//! Events with their price and sales window.

use crate::model::invalid_field::InvalidField;
use crate::model::text::{Description, Name};
use domain::{Amount, Currency, Money, PoolId, Units, ZoneName};
use jiff::Timestamp;
use service_core::idempotency::RequestKey;
use uuid::Uuid;

/// An event.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its id.
    pub id: Uuid,
    /// Where its tickets are counted.
    pub pool: PoolId,
    /// What it is called.
    pub name: String,
    /// What is said about it.
    pub description: String,
    /// When it begins.
    pub starts_at: Timestamp,
    /// Whose clocks say so; `None`: nobody said.
    pub time_zone: Option<ZoneName>,
    /// Where it is; `None`: nobody said.
    pub venue: Option<String>,
    /// All of its tickets.
    pub total_tickets: i32,
    /// What one costs now.
    pub price: Money,
    /// When tickets are sold.
    pub sales: SalesWindow,
    /// How many one user may have; `None`: any number.
    pub tickets_per_user: Option<Units>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed, but for sales.
    pub updated_at: Timestamp,
}

/// When tickets are sold, besides the margin before the start that the inventory keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SalesWindow {
    /// From this moment; `None`: from the beginning.
    pub from: Option<Timestamp>,
    /// Until before this one; `None`: until sales close.
    pub until: Option<Timestamp>,
}

impl SalesWindow {
    /// Whether tickets are sold at this moment.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }

    /// Whether there is such a time at all.
    pub(crate) fn checked(self) -> Result<Self, InvalidField> {
        match (self.from, self.until) {
            (Some(from), Some(until)) if from >= until => Err(never_on_sale()),
            _ => Ok(self),
        }
    }
}

/// An event to be made.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// What it is called.
    pub name: Name,
    /// What is said about it.
    pub description: Description,
    /// When it begins.
    pub starts_at: Timestamp,
    /// Whose clocks say so, if that is known.
    pub time_zone: Option<ZoneName>,
    /// Where it is, if that is known.
    pub venue: Option<Name>,
    /// All of its tickets.
    pub total_tickets: Units,
    /// What one costs, zero or more.
    pub price: Money,
    /// When they are sold.
    pub sales: SalesWindow,
    /// How many one user may have; `None`: any number.
    pub tickets_per_user: Option<Units>,
    /// Under which key the client asks, if any.
    pub key: Option<RequestKey>,
}

/// An event as somebody may book it.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The event.
    pub event: Event,
    /// When this is, by the database's clock.
    pub now: Timestamp,
    /// Whether whoever asks is a user.
    pub has_user: bool,
}

/// What is to change of an event.
#[derive(Clone, Debug, Default)]
pub struct EventChange {
    /// What it is called.
    pub name: Option<Name>,
    /// What is said about it.
    pub description: Option<Description>,
    /// When it begins.
    pub starts_at: Option<Timestamp>,
    /// Whose clocks say so; `Some(None)`: it is not known.
    pub time_zone: Option<Option<ZoneName>>,
    /// Where it is; `Some(None)`: it is not known.
    pub venue: Option<Option<Name>>,
    /// All of its tickets.
    pub total_tickets: Option<Units>,
    /// What one costs, zero or more, to those who book from now on.
    pub price: Option<Amount>,
    /// In which currency: the one that it has, which all of its sales are counted in.
    pub currency: Option<Currency>,
    /// From when on tickets are sold; `Some(None)`: from the beginning.
    pub sales_from: Option<Option<Timestamp>>,
    /// Until when; `Some(None)`: until sales close.
    pub sales_until: Option<Option<Timestamp>>,
    /// How many one user may have, of those who book from now on; `Some(None)`: any number.
    pub tickets_per_user: Option<Option<Units>>,
}

impl EventChange {
    /// Whether the event would make sense with it.
    ///
    /// Answers its new price, if it has one.
    pub(crate) fn check_against(&self, event: &Event) -> Result<Option<Money>, InvalidField> {
        let currency = event.price.currency();
        let price = self.price.map(|price| checked_price(price, currency));
        if self.currency.is_some_and(|other| other != currency) {
            let detail = format!("is {currency} and can't be changed");
            return Err(InvalidField::new("currency", detail));
        }
        let window = SalesWindow {
            from: self.sales_from.unwrap_or(event.sales.from),
            until: self.sales_until.unwrap_or(event.sales.until),
        };
        window.checked()?;
        price.transpose()
    }
}

/// What an event's bookings add up to, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Tickets of confirmed bookings.
    pub units_sold: i64,
    /// What they were sold for, in minor units: they may come to more than [`Money`] can be.
    pub revenue_minor: i64,
    /// In which currency.
    pub currency: Currency,
    /// Tickets that are neither held nor sold.
    pub free_units: i32,
}

pub(crate) fn never_on_sale() -> InvalidField {
    InvalidField::new("sales_end", "must be after sales_start")
}

/// What a ticket may cost.
///
/// # Errors
/// When it is below zero, or not a whole number of the currency's minor units.
pub fn checked_price(price: Amount, currency: Currency) -> Result<Money, InvalidField> {
    let invalid = |detail: String| InvalidField::new("ticket_price", detail);
    if price < Amount::ZERO {
        return Err(invalid("must not be below zero".to_owned()));
    }
    Money::new(price, currency).map_err(|error| invalid(error.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_includes_its_beginning_and_not_its_end() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let window = SalesWindow {
            from: Some(at(10)),
            until: Some(at(20)),
        };
        let open = [9, 10, 19, 20].map(|second| window.is_open(at(second)));
        assert_eq!(open, [false, true, true, false]);
        assert!(SalesWindow::default().is_open(at(0)));
    }

    #[test]
    fn a_window_that_is_never_open_makes_no_sense() {
        let now = Timestamp::UNIX_EPOCH;
        let window = SalesWindow {
            from: Some(now),
            until: Some(now),
        };
        assert!(window.checked().is_err());
    }
}
