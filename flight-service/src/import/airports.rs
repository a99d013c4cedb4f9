//! `airports.csv`.

use std::collections::HashSet;
use std::path::Path;

use domain::AirportCode;

use super::table::{Row, Table, check};
use crate::db::airports::{Airport, time_zone};

const COLUMNS: [&str; 7] = [
    "iata",
    "name",
    "city",
    "country",
    "latitude",
    "longitude",
    "timezone",
];

/// Reads the directory's airports.
pub(super) fn read(directory: &Path) -> anyhow::Result<Vec<Airport>> {
    let table = Table::open(directory, "airports.csv", &COLUMNS)?;
    table.require_columns(&COLUMNS)?;
    let file = table.name().to_owned();
    let mut seen = HashSet::new();
    let (airports, wrong) = table.parse(|row| {
        let airport = airport(row)?;
        if seen.insert(airport.code) {
            Ok(airport)
        } else {
            Err(row.wrong("iata", "each airport stands once"))
        }
    })?;
    check(&file, &wrong)?;
    Ok(airports)
}

fn airport(row: &Row<'_>) -> Result<Airport, String> {
    let degrees = |column: &str, most: f64| {
        let value: f64 = row.value(column)?;
        if value.abs() <= most {
            Ok(value)
        } else {
            Err(row.wrong(column, format!("degrees from -{most} to {most}")))
        }
    };
    Ok(Airport {
        code: row.value::<AirportCode>("iata")?,
        name: row.text("name").to_owned(),
        city: row.text("city").to_owned(),
        country: row.text("country").to_owned(),
        latitude: degrees("latitude", 90.0)?,
        longitude: degrees("longitude", 180.0)?,
        time_zone: time_zone(row.text("timezone"))
            .ok_or_else(|| row.wrong("timezone", "an IANA time zone"))?,
    })
}
