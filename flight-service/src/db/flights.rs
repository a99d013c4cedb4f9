//! The table `flights`, read together with the pools that have their seats.

use deadpool_postgres::GenericClient;
use domain::{AirportCode, Currency, FlightId, FlightNumber, Money};
use futures_util::{Stream, StreamExt as _};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::DbError;

/// A flight with the counts of its seats.
#[derive(Clone, Debug)]
pub struct FlightRow {
    /// Its id.
    pub id: FlightId,
    /// The airline's number for it.
    pub flight_number: FlightNumber,
    /// Where it departs.
    pub source: AirportCode,
    /// Where it arrives.
    pub destination: AirportCode,
    /// When it departs.
    pub departs_at: Timestamp,
    /// When it arrives.
    pub arrives_at: Timestamp,
    /// The price of one seat.
    pub price: Money,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
    /// When it was put into the schedule.
    pub created_at: Timestamp,
    /// All its seats.
    pub capacity: i32,
    /// Those that nobody has.
    pub free: i32,
    /// The version of these counts.
    pub version: i64,
    /// When its sales were closed by hand.
    pub closed_at: Option<Timestamp>,
}

/// A flight to be added.
#[derive(Clone, Debug)]
pub struct NewFlight {
    /// The airline's number for it.
    pub flight_number: FlightNumber,
    /// Where it departs.
    pub source: AirportCode,
    /// Where it arrives.
    pub destination: AirportCode,
    /// When it departs.
    pub departs_at: Timestamp,
    /// When it arrives.
    pub arrives_at: Timestamp,
    /// The price of one seat.
    pub price: Money,
}

const SELECT: &str = "
    SELECT flight.id, flight.flight_number, flight.source, flight.destination, flight.departs_at,
           flight.arrives_at, flight.price_minor, flight.currency, flight.cancelled_at,
           flight.created_at, pool.capacity, pool.free, pool.version, pool.closed_at
    FROM flights flight JOIN pools pool ON pool.id = flight.id";

/// A flight by its id.
///
/// # Errors
/// When the database does not answer.
pub async fn find(client: &impl GenericClient, id: FlightId) -> Result<Option<FlightRow>, DbError> {
    let statement = client
        .prepare_cached(&format!("{SELECT} WHERE flight.id = $1"))
        .await?;
    client
        .query_opt(&statement, &[&id.0])
        .await?
        .as_ref()
        .map(flight_of)
        .transpose()
}

/// All flights, as a stream: there may be many.
///
/// # Errors
/// When the database does not answer.
pub async fn all(
    client: &impl GenericClient,
) -> Result<impl Stream<Item = Result<FlightRow, DbError>>, DbError> {
    let no_parameters: [i64; 0] = [];
    let rows = client.query_raw(SELECT, no_parameters).await?;
    Ok(rows.map(|row| flight_of(&row?)))
}

/// Ids for so many new flights, rising.
///
/// # Errors
/// When the database does not answer.
pub async fn new_ids(client: &impl GenericClient, count: i64) -> Result<Vec<FlightId>, DbError> {
    let rows = client
        .query(
            "SELECT nextval(pg_get_serial_sequence('flights', 'id')) FROM generate_series(1, $1::bigint)",
            &[&count],
        )
        .await?;
    rows.iter()
        .map(|row| Ok(FlightId(row.try_get(0)?)))
        .collect()
}

/// Adds flights. Their pools must be there already.
///
/// # Errors
/// When the database refuses: a flight may be in the schedule already.
pub async fn insert(
    client: &impl GenericClient,
    flights: &[(FlightId, NewFlight)],
) -> Result<(), DbError> {
    let ids: Vec<i64> = flights.iter().map(|(id, _)| id.0).collect();
    let numbers: Vec<&str> = flights
        .iter()
        .map(|(_, flight)| flight.flight_number.as_str())
        .collect();
    let sources: Vec<&str> = flights
        .iter()
        .map(|(_, flight)| flight.source.as_str())
        .collect();
    let destinations: Vec<&str> = flights
        .iter()
        .map(|(_, flight)| flight.destination.as_str())
        .collect();
    let departures: Vec<Timestamp> = flights
        .iter()
        .map(|(_, flight)| flight.departs_at)
        .collect();
    let arrivals: Vec<Timestamp> = flights
        .iter()
        .map(|(_, flight)| flight.arrives_at)
        .collect();
    let prices: Vec<i64> = flights
        .iter()
        .map(|(_, flight)| flight.price.minor())
        .collect();
    let currencies: Vec<String> = flights
        .iter()
        .map(|(_, flight)| flight.price.currency().to_string())
        .collect();
    client
        .execute(
            "INSERT INTO flights (id, flight_number, source, destination, departs_at, arrives_at,
                                  price_minor, currency)
             SELECT new.* FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[],
                                      $5::timestamptz[], $6::timestamptz[], $7::bigint[],
                                      $8::text[]) AS new",
            &[
                &ids,
                &numbers,
                &sources,
                &destinations,
                &departures,
                &arrivals,
                &prices,
                &currencies,
            ],
        )
        .await?;
    Ok(())
}

/// The currency of a flight that is there.
///
/// # Errors
/// When the database refuses.
pub async fn currency(client: &impl GenericClient, id: FlightId) -> Result<Currency, DbError> {
    let query = "SELECT currency FROM flights WHERE id = $1";
    let row = client.query_one(query, &[&id.0]).await?;
    currency_of(row.try_get("currency")?)
}

fn currency_of(text: &str) -> Result<Currency, DbError> {
    Currency::stored(text).map_err(|_| DbError::Unreadable("flights.currency"))
}

/// Sets a flight's price.
///
/// # Errors
/// When the database refuses.
pub async fn set_price(
    client: &impl GenericClient,
    id: FlightId,
    price: Money,
) -> Result<(), DbError> {
    let query = "UPDATE flights SET price_minor = $2 WHERE id = $1";
    client.execute(query, &[&id.0, &price.minor()]).await?;
    Ok(())
}

/// Notes that a flight will not fly.
///
/// # Errors
/// When the database refuses.
pub async fn set_cancelled(client: &impl GenericClient, id: FlightId) -> Result<(), DbError> {
    let query = "UPDATE flights SET cancelled_at = coalesce(cancelled_at, now()) WHERE id = $1";
    client.execute(query, &[&id.0]).await?;
    Ok(())
}

fn flight_of(row: &Row) -> Result<FlightRow, DbError> {
    let text = |column| row.try_get::<_, &str>(column);
    let currency = currency_of(text("currency")?)?;
    let price = Money::from_minor(row.try_get("price_minor")?, currency)
        .map_err(|_| DbError::Unreadable("flights.price_minor"))?;
    Ok(FlightRow {
        id: FlightId(row.try_get("id")?),
        flight_number: text("flight_number")?
            .parse()
            .map_err(|_| DbError::Unreadable("flights.flight_number"))?,
        source: text("source")?
            .parse()
            .map_err(|_| DbError::Unreadable("flights.source"))?,
        destination: text("destination")?
            .parse()
            .map_err(|_| DbError::Unreadable("flights.destination"))?,
        departs_at: row.try_get("departs_at")?,
        arrives_at: row.try_get("arrives_at")?,
        price,
        cancelled_at: row.try_get("cancelled_at")?,
        created_at: row.try_get("created_at")?,
        capacity: row.try_get("capacity")?,
        free: row.try_get("free")?,
        version: row.try_get("version")?,
        closed_at: row.try_get("closed_at")?,
    })
}
