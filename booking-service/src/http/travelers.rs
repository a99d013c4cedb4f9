//! Travelers in requests and responses.

use domain::Units;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};
use service_http::Problem;
use utoipa::ToSchema;

use crate::model::booking::{Booking, Traveler};

/// Longer than any name in a passport.
type TravelerName = domain::Text<1, 100>;

/// Longer than any document number.
type DocumentNumber = domain::Text<1, 50>;

/// No living traveler was born earlier.
const EARLIEST_BIRTH: Date = jiff::civil::date(1900, 1, 1);

/// A traveler.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct TravelerBody {
    /// Given names, as in the passport
    #[schema(example = "Asha", min_length = 1, max_length = 100)]
    given_name: String,
    /// Family name, as in the passport
    #[schema(example = "Rao", min_length = 1, max_length = 100)]
    family_name: String,
    /// Date of birth, not in the future
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "1990-04-01")]
    born_on: Option<Date>,
    /// Passport or identity card number: letters and digits, with spaces, hyphens, dots or slashes in between
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 50)]
    document: Option<String>,
}

impl TravelerBody {
    /// With a name only.
    pub(crate) fn of(given_name: String, family_name: String) -> Self {
        Self {
            given_name,
            family_name,
            born_on: None,
            document: None,
        }
    }
}

pub(crate) fn bodies(booking: &Booking) -> Vec<TravelerBody> {
    let travelers = booking.travelers.iter().cloned();
    let bodies = travelers.map(|traveler| TravelerBody {
        given_name: traveler.given_name,
        family_name: traveler.family_name,
        born_on: traveler.born_on,
        document: traveler.document,
    });
    bodies.collect()
}

/// One traveler per seat, or none at all.
pub(crate) fn parse(bodies: Vec<TravelerBody>, seats: Units) -> Result<Vec<Traveler>, Problem> {
    let count = u32::try_from(bodies.len()).unwrap_or(u32::MAX);
    if count != 0 && count != seats.get() {
        let detail = format!("must name as many as there are seats, {seats}");
        return Err(Problem::invalid_field("travelers", detail));
    }
    let latest_birth = latest_birth();
    let parsed = bodies.into_iter().enumerate();
    parsed
        .map(|(index, body)| traveler(index, body, latest_birth))
        .collect()
}

fn traveler(index: usize, body: TravelerBody, latest_birth: Date) -> Result<Traveler, Problem> {
    let field = |name: &str| format!("travelers/{index}/{name}");
    let invalid = |name: &str, detail: String| Problem::invalid_field(&field(name), detail);
    let name = |of: &str, text: String| {
        let name: Result<TravelerName, _> = text.parse();
        name.map(String::from).map_err(|error| invalid(of, error.0))
    };
    match body.born_on {
        Some(date) if date < EARLIEST_BIRTH => {
            let detail = format!("must not be before {EARLIEST_BIRTH}");
            return Err(invalid("born_on", detail));
        }
        Some(date) if date > latest_birth => {
            let detail = "must not be in the future".to_owned();
            return Err(invalid("born_on", detail));
        }
        Some(_) | None => {}
    }
    let document = body.document.map(|text| document(&text)).transpose();
    Ok(Traveler {
        given_name: name("given_name", body.given_name)?,
        family_name: name("family_name", body.family_name)?,
        born_on: body.born_on,
        document: document.map_err(|detail| invalid("document", detail))?,
    })
}

/// Passport numbers have letters and digits; identity cards also have marks in between.
fn document(text: &str) -> Result<String, String> {
    let number: DocumentNumber = text.parse().map_err(|error: domain::Invalid| error.0)?;
    let is_mark = |c: char| matches!(c, ' ' | '-' | '.' | '/' | '<' | '№');
    let has_form = number
        .as_str()
        .chars()
        .all(|c| c.is_alphanumeric() || is_mark(c))
        && number.as_str().starts_with(char::is_alphanumeric);
    if has_form {
        Ok(number.into())
    } else {
        Err(
            "must be letters and digits, with spaces, hyphens, dots or slashes between them"
                .to_owned(),
        )
    }
}

/// Today's date in the first time zone to reach it (UTC+14), so that nobody already born is refused.
fn latest_birth() -> Date {
    let first = Offset::constant(14);
    first.to_datetime(Timestamp::now()).date()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn named(change: impl FnOnce(&mut TravelerBody)) -> Result<Traveler, Problem> {
        let mut body = TravelerBody::of("Asha".to_owned(), "Rao".to_owned());
        change(&mut body);
        traveler(0, body, date(2030, 2, 15))
    }

    #[test]
    fn a_birth_is_neither_in_the_future_nor_long_ago() {
        for (born_on, is_right) in [
            (date(1899, 12, 31), false),
            (date(1900, 1, 1), true),
            (date(2030, 2, 15), true),
            (date(2030, 2, 16), false),
            (date(9999, 1, 1), false),
        ] {
            let found = named(|body| body.born_on = Some(born_on));
            assert_eq!(found.is_ok(), is_right, "{born_on}");
        }
        assert!(latest_birth() >= Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date());
    }

    #[test]
    fn names_and_documents_are_as_they_are_printed() {
        for name in ["O'Brien-Núñez", "李", "محمد", &"x".repeat(100)] {
            assert!(
                named(|body| name.clone_into(&mut body.given_name)).is_ok(),
                "{name}"
            );
        }
        for name in ["", " ", "\u{200B}", "\u{202E}oaR", "a\nb", &"x".repeat(101)] {
            assert!(
                named(|body| name.clone_into(&mut body.family_name)).is_err(),
                "{name:?}"
            );
        }
        for (document, is_right) in [
            ("P1234567", true),
            ("45 08 № 123456", true),
            ("AB-123.456/7", true),
            ("", false),
            ("--", false),
            ("<script>", false),
            ("P123\u{200B}", false),
            ("P123; DROP", false),
        ] {
            let found = named(|body| body.document = Some(document.to_owned()));
            assert_eq!(found.is_ok(), is_right, "{document:?}");
        }
    }
}
