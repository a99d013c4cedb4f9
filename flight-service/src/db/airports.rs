//! The table `airports`.

use std::collections::HashSet;

use deadpool_postgres::GenericClient;
use domain::AirportCode;
use jiff::tz::TimeZone;

use super::DbError;

#[derive(Clone, Debug)]
pub struct Airport {
    pub code: AirportCode,
    pub name: String,
    /// The city served.
    pub city: String,
    pub country: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    pub time_zone: TimeZone,
}

/// The zone of an IANA name; `None` if it is unknown.
#[must_use]
pub fn time_zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// # Errors
/// Also a code or zone that can't be read.
pub async fn all(client: &impl GenericClient) -> Result<Vec<Airport>, DbError> {
    let rows = client
        .query(
            "SELECT code, name, city, country, latitude, longitude, time_zone FROM airports
             ORDER BY code",
            &[],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let code: &str = row.try_get("code")?;
            Ok(Airport {
                code: code
                    .parse()
                    .map_err(|_| DbError::Unreadable("airports.code"))?,
                name: row.try_get("name")?,
                city: row.try_get("city")?,
                country: row.try_get("country")?,
                latitude: row.try_get("latitude")?,
                longitude: row.try_get("longitude")?,
                time_zone: time_zone(row.try_get("time_zone")?)
                    .ok_or(DbError::Unreadable("airports.time_zone"))?,
            })
        })
        .collect()
}

/// Upserts airports. Existing ones take the new names; their position and time zone change only with
/// `replace`, because that moves the local times of all their flights. Returns the airports whose position or
/// zone differs.
pub async fn put(
    client: &impl GenericClient,
    airports: &[Airport],
    replace: bool,
) -> Result<Vec<AirportCode>, DbError> {
    let texts = |value: fn(&Airport) -> &str| airports.iter().map(value).collect::<Vec<_>>();
    let codes: Vec<String> = airports
        .iter()
        .map(|airport| airport.code.to_string())
        .collect();
    let zones: Vec<Option<&str>> = airports
        .iter()
        .map(|airport| airport.time_zone.iana_name())
        .collect();
    let latitudes: Vec<f64> = airports.iter().map(|airport| airport.latitude).collect();
    let longitudes: Vec<f64> = airports.iter().map(|airport| airport.longitude).collect();
    let rows = client
        .query(
            "INSERT INTO airports (code, name, city, country, latitude, longitude, time_zone)
             SELECT new.* FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[],
                                      $6::float8[], $7::text[]) AS new
             ON CONFLICT (code) DO UPDATE
             SET name = excluded.name, city = excluded.city, country = excluded.country,
                 latitude = excluded.latitude, longitude = excluded.longitude,
                 time_zone = excluded.time_zone
             WHERE $8 OR (airports.latitude, airports.longitude, airports.time_zone)
                       = (excluded.latitude, excluded.longitude, excluded.time_zone)
             RETURNING code",
            &[
                &codes,
                &texts(|airport| &airport.name),
                &texts(|airport| &airport.city),
                &texts(|airport| &airport.country),
                &latitudes,
                &longitudes,
                &zones,
                &replace,
            ],
        )
        .await?;
    let written = rows.iter().map(|row| row.try_get::<_, &str>(0));
    let written: HashSet<&str> = written.collect::<Result<_, _>>()?;
    let codes = airports.iter().map(|airport| airport.code);
    Ok(codes
        .filter(|code| !written.contains(code.as_str()))
        .collect())
}
