use crate::model::invalid_field::InvalidField;
use crate::model::text::{Description, Name};
use domain::{Amount, Currency, Money, PoolId, Units, ZoneName};
use jiff::Timestamp;
use service_core::idempotency::RequestKey;
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Event {
    pub id: Uuid,
    /// Counts its tickets.
    pub pool: PoolId,
    pub name: String,
    pub description: String,
    pub starts_at: Timestamp,
    /// Time zone of the venue, if known.
    pub time_zone: Option<ZoneName>,
    pub venue: Option<String>,
    pub total_tickets: i32,
    /// Of one ticket, now.
    pub price: Money,
    pub sales: SalesWindow,
    /// `None`: no limit.
    pub tickets_per_user: Option<Units>,
    pub created_at: Timestamp,
    /// Sales do not count as changes.
    pub updated_at: Timestamp,
}

/// The sales window set by staff. The inventory also closes sales some time before the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SalesWindow {
    /// Inclusive; `None`: since the event was made.
    pub from: Option<Timestamp>,
    /// Exclusive; `None`: until the inventory closes sales.
    pub until: Option<Timestamp>,
}

impl SalesWindow {
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }

    /// Refuses an empty window.
    pub(crate) fn checked(self) -> Result<Self, InvalidField> {
        match (self.from, self.until) {
            (Some(from), Some(until)) if from >= until => Err(never_on_sale()),
            _ => Ok(self),
        }
    }
}

#[derive(Clone, Debug)]
pub struct NewEvent {
    pub name: Name,
    pub description: Description,
    pub starts_at: Timestamp,
    /// Time zone of the venue, if known.
    pub time_zone: Option<ZoneName>,
    pub venue: Option<Name>,
    pub total_tickets: Units,
    /// Zero or more.
    pub price: Money,
    pub sales: SalesWindow,
    /// `None`: no limit.
    pub tickets_per_user: Option<Units>,
    pub key: Option<RequestKey>,
}

/// An event as a user may book it.
#[derive(Clone, Debug)]
pub struct Offer {
    pub event: Event,
    /// By the database's clock.
    pub now: Timestamp,
    /// Whether the user exists.
    pub has_user: bool,
}

/// The fields of an event to change; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct EventChange {
    pub name: Option<Name>,
    pub description: Option<Description>,
    pub starts_at: Option<Timestamp>,
    /// `Some(None)` clears it.
    pub time_zone: Option<Option<ZoneName>>,
    /// `Some(None)` clears it.
    pub venue: Option<Option<Name>>,
    pub total_tickets: Option<Units>,
    /// Zero or more; applies to new bookings.
    pub price: Option<Amount>,
    /// Accepted only if it is the event's currency, in which all its sales are counted.
    pub currency: Option<Currency>,
    /// `Some(None)` removes the limit.
    pub sales_from: Option<Option<Timestamp>>,
    /// `Some(None)` removes the limit.
    pub sales_until: Option<Option<Timestamp>>,
    /// Applies to new bookings; `Some(None)` removes the limit.
    pub tickets_per_user: Option<Option<Units>>,
}

impl EventChange {
    /// Checks the change against the event. Returns the new price, if one is given.
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

/// Sums of an event's bookings, of one snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Of confirmed bookings.
    pub units_sold: i64,
    /// In minor units. The sum may exceed the range of [`Money`].
    pub revenue_minor: i64,
    pub currency: Currency,
    /// Neither held nor sold.
    pub free_units: i32,
}

pub(crate) fn never_on_sale() -> InvalidField {
    InvalidField::new("sales_end", "must be after sales_start")
}

/// Parses a ticket price: zero or more, in whole minor units of the currency.
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
