//! Airport lookup by code, city or name.

use std::collections::HashMap;

use domain::AirportCode;
use flight_api::Airport;

#[derive(Debug, Default)]
pub struct Airports {
    all: Vec<Airport>,
    by_code: HashMap<AirportCode, usize>,
    /// Code, city, name and country of each, in lower case.
    words: Vec<[String; 4]>,
}

/// The meaning of a typed text.
#[derive(Debug)]
pub enum Match<'a> {
    One(&'a Airport),
    /// Ambiguous: the candidates.
    Several(Vec<&'a Airport>),
    None,
}

impl Airports {
    #[must_use]
    pub fn new(all: Vec<Airport>) -> Self {
        let by_code = all.iter().enumerate();
        let by_code = by_code.map(|(index, airport)| (airport.code, index));
        let words = all.iter().map(|airport| {
            let code = airport.code.as_str();
            [code, &airport.city, &airport.name, &airport.country].map(str::to_lowercase)
        });
        Self {
            by_code: by_code.collect(),
            words: words.collect(),
            all,
        }
    }

    #[must_use]
    pub fn find(&self, code: AirportCode) -> Option<&Airport> {
        self.by_code
            .get(&code)
            .and_then(|&index| self.all.get(index))
    }

    /// Best matches first.
    #[must_use]
    pub fn suggest(&self, text: &str, limit: usize) -> Vec<&Airport> {
        let text = text.trim().to_lowercase();
        if text.is_empty() {
            return Vec::new();
        }
        let ranked = self.words.iter().zip(&self.all);
        let mut ranked: Vec<(u8, &Airport)> = ranked
            .filter_map(|(words, airport)| Some((rank(words, &text)?, airport)))
            .collect();
        ranked.sort_by_key(|(rank, airport)| (*rank, &airport.city, airport.code));
        let best = ranked.into_iter().take(limit);
        best.map(|(_, airport)| airport).collect()
    }

    /// Resolves a complete text: a code, a city, a name, or a suggestion's own text.
    #[must_use]
    pub fn resolve(&self, text: &str, limit: usize) -> Match<'_> {
        let text = text.trim();
        let in_brackets = text
            .rsplit_once('(')
            .and_then(|(_, code)| code.strip_suffix(')'));
        let code = in_brackets.unwrap_or(text).parse().ok();
        if let Some(airport) = code.and_then(|code| self.find(code)) {
            return Match::One(airport);
        }
        let found = self.suggest(text, limit);
        let lower = text.to_lowercase();
        let exact = |airport: &&&Airport| airport.city.to_lowercase() == lower;
        let mut cities = found.iter().filter(exact);
        match (cities.next(), cities.next(), found.as_slice()) {
            (Some(only), None, _) | (None, _, [only]) => Match::One(only),
            (_, _, []) => Match::None,
            _ => Match::Several(found),
        }
    }
}

/// 0 is the best match; `None` does not match.
fn rank([code, city, name, country]: &[String; 4], text: &str) -> Option<u8> {
    let begins_a_word = |words: &str| words.split([' ', '-', '/']).any(|w| w.starts_with(text));
    let fits = [
        code == text,
        city == text,
        city.starts_with(text),
        code.starts_with(text),
        begins_a_word(city),
        begins_a_word(name),
        text.len() > 2 && (city.contains(text) || name.contains(text)),
        text.len() > 2 && country.starts_with(text),
    ];
    (0..)
        .zip(fits)
        .find_map(|(rank, fits)| fits.then_some(rank))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn airports() -> Airports {
        let rows = [
            ("DEL", "Indira Gandhi International", "Delhi", "India"),
            ("BOM", "Chhatrapati Shivaji Maharaj", "Mumbai", "India"),
            ("JFK", "John F Kennedy", "New York", "United States"),
            ("LGA", "LaGuardia", "New York", "United States"),
            ("SLC", "Salt Lake City", "Salt Lake City", "United States"),
        ];
        Airports::new(
            rows.into_iter()
                .map(|(code, name, city, country)| Airport {
                    code: code.parse().unwrap(),
                    name: name.to_owned(),
                    city: city.to_owned(),
                    country: country.to_owned(),
                    latitude: 0.0,
                    longitude: 0.0,
                    time_zone: "UTC".to_owned(),
                })
                .collect(),
        )
    }

    fn codes(text: &str) -> Vec<String> {
        let airports = airports();
        let found = airports.suggest(text, 8);
        found.iter().map(|one| one.code.to_string()).collect()
    }

    #[test]
    fn what_is_typed_is_a_code_a_city_or_a_name() {
        assert_eq!(codes("del"), ["DEL"]);
        assert_eq!(codes("Mum"), ["BOM"]);
        assert_eq!(codes("kennedy"), ["JFK"]);
        assert_eq!(codes("new york"), ["JFK", "LGA"]);
        assert_eq!(codes("lake"), ["SLC"]);
        assert_eq!(codes("india"), ["DEL", "BOM"]);
        assert!(codes("zz").is_empty() && codes("").is_empty());
    }

    #[test]
    fn a_text_means_one_airport_several_or_none() {
        let airports = airports();
        let one = |text| match airports.resolve(text, 8) {
            Match::One(airport) => airport.code.to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(one("Delhi"), "DEL");
        assert_eq!(one("jfk"), "JFK");
        assert_eq!(one("New York (LGA)"), "LGA");
        assert!(matches!(airports.resolve("New York", 8), Match::Several(two) if two.len() == 2));
        assert!(matches!(airports.resolve("Atlantis", 8), Match::None));
    }
}
