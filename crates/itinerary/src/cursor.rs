//! Cursors for keyset pagination: a position in the total order of itineraries.

use std::fmt;
use std::str::FromStr;

use domain::{Amount, FlightId, Invalid, LEGS_MAX, SearchOrder};
use jiff::Timestamp;

use crate::itinerary::Itinerary;
use crate::timetable::{FlightSlot, Timetable};

/// A position in an order. Neither the itinerary nor its timetable has to exist any more: what follows the
/// position is found in any timetable.
///
/// As text, such as `cheapest.78000000.9000.1708007400.3`: the order, the price in ten-thousandths, the
/// duration and the departure in seconds, and the flight ids of the legs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    order: SearchOrder,
    keys: SortKey,
}

/// The sort key of itineraries. The field order is the order of comparison.
///
/// Unique within a search. No itinerary's ids are a prefix of another's: all end at the destination, and none
/// passes through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SortKey {
    /// Price and duration, in the order of [`SearchOrder::keys`].
    pub main: (i64, i64),
    /// Departure, in Unix seconds.
    pub departs_s: i64,
    /// Flight ids of the legs; unused entries repeat the last.
    pub ids: [FlightId; LEGS_MAX],
}

impl Cursor {
    /// The order that the position belongs to.
    #[must_use]
    pub fn order(&self) -> SearchOrder {
        self.order
    }

    pub(crate) fn keys(&self) -> &SortKey {
        &self.keys
    }

    /// Whether an itinerary of this timetable comes after the cursor.
    #[must_use]
    pub fn is_before(&self, timetable: &Timetable, itinerary: &Itinerary) -> bool {
        self.keys < timetable.place(itinerary, self.order).keys
    }
}

impl Timetable {
    /// The cursor at an itinerary of this timetable.
    #[must_use]
    pub fn place(&self, itinerary: &Itinerary, order: SearchOrder) -> Cursor {
        let id = |slot: FlightSlot| self.ids[slot.index()];
        let price = itinerary.price.amount().ten_thousandths();
        Cursor {
            order,
            keys: SortKey {
                main: order.keys(price, itinerary.duration_seconds()),
                departs_s: itinerary.departs_at.as_second(),
                ids: itinerary.legs.padded().map(id),
            },
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SortKey {
            main,
            departs_s,
            ids,
        } = self.keys;
        let (price, duration_s) = self.order.keys(main.0, main.1);
        write!(f, "{}.{price}.{duration_s}.{departs_s}", self.order)?;
        let mut last = None;
        for id in ids {
            if last != Some(id) {
                write!(f, ".{}", id.0)?;
            }
            last = Some(id);
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        parse_cursor(text).ok_or_else(|| Invalid::new("must be the `after` of an earlier answer"))
    }
}

fn parse_cursor(text: &str) -> Option<Cursor> {
    let mut words = text.split('.');
    let order: SearchOrder = words.next()?.parse().ok()?;
    let mut numbers = words.map(|word| word.parse::<i64>().ok());
    let mut number = || numbers.next().flatten();
    let price = Amount::from_ten_thousandths(number()?)
        .ok()?
        .ten_thousandths();
    let (duration_s, departs_s) = (number()?, number()?);
    Timestamp::from_second(departs_s).ok()?;
    let ids: Vec<FlightId> = numbers.map(|id| id.map(FlightId)).collect::<Option<_>>()?;
    let last = ids.last()?;
    if duration_s <= 0 || ids.len() > LEGS_MAX {
        return None;
    }
    let mut padded = [*last; LEGS_MAX];
    padded.get_mut(..ids.len())?.copy_from_slice(&ids);
    Some(Cursor {
        order,
        keys: SortKey {
            main: order.keys(price, duration_s),
            departs_s,
            ids: padded,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_as_text() {
        for text in [
            "cheapest.78000000.9000.1708007400.3",
            "fastest.-5.60.-1.7.8.9.-10",
            "fastest.0.1.0.1.2",
        ] {
            assert_eq!(text.parse::<Cursor>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_no_place() {
        for text in [
            "",
            "cheapest",
            "best.1.60.0.1",
            "cheapest.1.60.0",
            "cheapest.1.60.0.",
            "cheapest.1.0.0.1",
            "cheapest.1.60.0.1.2.3.4.5",
            "cheapest.1.60.0.x",
            "cheapest.999999999999999.60.0.1",
            "cheapest.1.60.9999999999999999.1",
            "cheapest.1.99999999999999999999.0.1",
        ] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
