//! The search form as typed, and its parsing.

use domain::sale_rules::holding::SEATS_MAX;
use domain::{AirportCode, SearchOrder, Units};
use flight_api::{Airport, SearchRequest};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::Deserialize;

use crate::app::catalog::{Airports, Match};

/// The query of a search; missing fields are empty.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct SearchForm {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) date: String,
    pub(super) seats: String,
    /// `cheapest` or `fastest`.
    pub(super) order: String,
    /// Maximum number of stops.
    pub(super) stops: String,
    /// Cursor: where the previous page ended (keyset pagination).
    pub(super) after: String,
}

/// A field's error.
#[derive(Debug)]
pub(super) struct FieldError<'a> {
    pub(super) field: &'static str,
    /// A message for the page.
    pub(super) text: String,
    /// Candidates for an ambiguous airport.
    pub(super) choices: Vec<&'a Airport>,
}

impl FieldError<'_> {
    fn new(field: &'static str, text: impl Into<String>) -> Self {
        Self {
            field,
            text: text.into(),
            choices: Vec::new(),
        }
    }
}

/// The text typed into one of the airport fields.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Typed {
    from: String,
    to: String,
}

impl Typed {
    /// The field's name and text.
    pub(super) fn field(&self) -> (&'static str, &str) {
        if self.from.is_empty() {
            ("to", &self.to)
        } else {
            ("from", &self.from)
        }
    }
}

impl SearchForm {
    /// Defaults: one seat, tomorrow, cheapest first.
    pub(super) fn with_defaults(mut self) -> Self {
        let default = |field: &mut String, value: String| {
            if field.trim().is_empty() {
                *field = value;
            }
        };
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        let tomorrow = today.checked_add(1.day()).unwrap_or(today);
        default(&mut self.date, tomorrow.to_string());
        default(&mut self.seats, "1".to_owned());
        default(&mut self.order, SearchOrder::Cheapest.as_str().to_owned());
        self
    }

    /// Parses the search, or returns all errors.
    pub(super) fn understood<'a>(
        &self,
        airports: &'a Airports,
        suggestions: usize,
    ) -> Result<SearchRequest, Vec<FieldError<'a>>> {
        let mut faults = Vec::new();
        let mut airport = |field, text: &str| {
            airport(field, text, airports, suggestions)
                .map_err(|fault| faults.push(fault))
                .ok()
        };
        let (source, destination) = (airport("from", &self.from), airport("to", &self.to));
        if source.is_some() && source == destination {
            faults.push(FieldError::new("to", "Choose two different airports."));
        }
        let date = self.date.trim().parse::<Date>().ok();
        if date.is_none() {
            let text = "Choose the day of departure, such as 2030-06-01.";
            faults.push(FieldError::new("date", text));
        }
        let seats = self.seats.trim().parse::<i64>().ok();
        let seats = seats.and_then(|seats| Units::try_from(seats).ok());
        let seats = seats.filter(|seats| seats.get() <= SEATS_MAX);
        if seats.is_none() {
            let text = format!("Say how many travel: 1 to {SEATS_MAX}.");
            faults.push(FieldError::new("seats", text));
        }
        match (source, destination, date, seats, faults.is_empty()) {
            (Some(source), Some(destination), Some(date), Some(seats), true) => Ok(SearchRequest {
                source,
                destination,
                date,
                seats,
                order: self.order(),
                max_stops: self.stops.trim().parse().ok().filter(|stops| *stops <= 3),
                after: Some(self.after.clone()).filter(|after| !after.is_empty()),
            }),
            _ => Err(faults),
        }
    }

    /// Cheapest unless `fastest` is given.
    pub(super) fn order(&self) -> SearchOrder {
        self.order.parse().unwrap_or_default()
    }

    /// With one field replaced, from the first page.
    pub(super) fn with(&self, field: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.after.clear();
        let place = match field {
            "from" => &mut other.from,
            "to" => &mut other.to,
            "date" => &mut other.date,
            "seats" => &mut other.seats,
            "order" => &mut other.order,
            "stops" => &mut other.stops,
            _ => &mut other.after,
        };
        value.clone_into(place);
        other
    }

    /// A stable link to the search.
    pub(super) fn path(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let fields = [
            ("from", &self.from),
            ("to", &self.to),
            ("date", &self.date),
            ("seats", &self.seats),
            ("order", &self.order),
            ("stops", &self.stops),
            ("after", &self.after),
        ];
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        format!("/search?{}", query.finish())
    }
}

fn airport<'a>(
    field: &'static str,
    text: &str,
    airports: &'a Airports,
    suggestions: usize,
) -> Result<AirportCode, FieldError<'a>> {
    let side = if field == "from" {
        "leave from"
    } else {
        "go to"
    };
    if text.trim().is_empty() {
        return Err(FieldError::new(field, format!("Say where you {side}.")));
    }
    match airports.resolve(text, suggestions) {
        Match::One(airport) => Ok(airport.code),
        Match::None => {
            let text = format!(
                "No airport is known as “{}”. Try a city or a code of three letters.",
                text.trim()
            );
            Err(FieldError::new(field, text))
        }
        Match::Several(choices) => Err(FieldError {
            field,
            text: format!("“{}” may be one of these:", text.trim()),
            choices,
        }),
    }
}
