//! Who travels, as requests name them.

use domain::Units;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use service_kit::Problem;
use utoipa::ToSchema;

use crate::app::booking::{Booking, Traveler};

/// Longer than any name in a passport.
const NAME_LIMIT_CHARS: usize = 100;

/// Longer than any document's number.
const DOCUMENT_LIMIT_CHARS: usize = 50;

/// The oldest date of birth that is taken: nobody who travels was born before.
const EARLIEST_BIRTH: Date = jiff::civil::date(1900, 1, 1);

/// Somebody who travels.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct TravelerBody {
    /// Given names, as in the passport
    #[schema(example = "Asha", min_length = 1, max_length = 100)]
    given_name: String,
    /// Family name, as in the passport
    #[schema(example = "Rao", min_length = 1, max_length = 100)]
    family_name: String,
    /// Date of birth
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "1990-04-01")]
    born_on: Option<Date>,
    /// The number of a passport or an identity card
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 50)]
    document: Option<String>,
}

impl TravelerBody {
    /// Somebody of whom no more than the name is said.
    pub(crate) fn of(given_name: String, family_name: String) -> Self {
        Self {
            given_name,
            family_name,
            born_on: None,
            document: None,
        }
    }
}

/// The travelers of a booking as they are answered.
pub(super) fn bodies(booking: &Booking) -> Vec<TravelerBody> {
    let travelers = booking.travelers.iter().cloned();
    let bodies = travelers.map(|traveler| TravelerBody {
        given_name: traveler.given_name,
        family_name: traveler.family_name,
        born_on: traveler.born_on,
        document: traveler.document,
    });
    bodies.collect()
}

/// The travelers of a request: none, or as many as there are seats.
pub(crate) fn parse(bodies: Vec<TravelerBody>, seats: Units) -> Result<Vec<Traveler>, Problem> {
    let count = u32::try_from(bodies.len()).unwrap_or(u32::MAX);
    if count != 0 && count != seats.get() {
        let detail = format!("must name as many as there are seats, {seats}");
        return Err(Problem::invalid_field("travelers", detail));
    }
    let parsed = bodies.into_iter().enumerate();
    parsed.map(|(index, body)| traveler(index, body)).collect()
}

fn traveler(index: usize, body: TravelerBody) -> Result<Traveler, Problem> {
    let field = |name: &str| format!("travelers/{index}/{name}");
    let text = |name: &str, text: String, limit: usize| {
        let text = text.trim().to_owned();
        let is_well_formed =
            (1..=limit).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if is_well_formed {
            Ok(text)
        } else {
            let detail = format!("must have 1 to {limit} printable characters");
            Err(Problem::invalid_field(&field(name), detail))
        }
    };
    if body.born_on.is_some_and(|date| date < EARLIEST_BIRTH) {
        let detail = format!("must not be before {EARLIEST_BIRTH}");
        return Err(Problem::invalid_field(&field("born_on"), detail));
    }
    Ok(Traveler {
        given_name: text("given_name", body.given_name, NAME_LIMIT_CHARS)?,
        family_name: text("family_name", body.family_name, NAME_LIMIT_CHARS)?,
        born_on: body.born_on,
        document: body
            .document
            .map(|document| text("document", document, DOCUMENT_LIMIT_CHARS))
            .transpose()?,
    })
}
