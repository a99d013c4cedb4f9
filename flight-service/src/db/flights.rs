//! The table `flights`, joined with the pools of its seats.

use std::collections::BTreeMap;

use deadpool_postgres::{Client, GenericClient};
use domain::{AirportCode, Currency, FlightId, FlightNumber, Money};
use inventory::{Accepted, RowStatement, Rows};
use jiff::Timestamp;
use service_core::unreadable;
use tokio_postgres::Row;

use super::{DbError, schedule_version};

/// A flight with its pool's counts.
#[derive(Clone, Debug)]
pub struct FlightRow {
    pub id: FlightId,
    pub flight_number: FlightNumber,
    pub source: AirportCode,
    pub destination: AirportCode,
    pub departs_at: Timestamp,
    pub arrives_at: Timestamp,
    pub price: Money,
    pub cancelled_at: Option<Timestamp>,
    /// When it was added to the schedule.
    pub created_at: Timestamp,
    /// In seats.
    pub capacity: i32,
    /// In seats.
    pub free: i32,
    /// The pool's version.
    pub version: i64,
    /// When sales were closed by staff.
    pub closed_at: Option<Timestamp>,
}

/// A flight to insert.
#[derive(Clone, Debug)]
pub struct NewFlight {
    pub flight_number: FlightNumber,
    pub source: AirportCode,
    pub destination: AirportCode,
    pub departs_at: Timestamp,
    pub arrives_at: Timestamp,
    pub price: Money,
}

const SELECT: &str = "
    SELECT flight.id, flight.flight_number, flight.source, flight.destination, flight.departs_at,
           flight.arrives_at, flight.price_minor, flight.currency, flight.cancelled_at,
           flight.created_at, pool.capacity, pool.free, pool.version, pool.closed_at
    FROM flights flight JOIN pools pool ON pool.id = flight.id";

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

/// Flights per page: read within tens of milliseconds, far below the statement's time limit, however many
/// there are.
const PAGE: i64 = 10_000;

/// Planner settings for a page: scan the index and join by keys, even without statistics.
const BY_KEYS: &str = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; \
    SET LOCAL enable_mergejoin = off; SET LOCAL enable_sort = off";

/// A keyset cursor in the order of departures.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    departs_at: Timestamp,
    id: FlightId,
}

impl Cursor {
    /// Before the flights that depart at this time.
    #[must_use]
    pub fn before(departs_at: Timestamp) -> Self {
        let id = FlightId(0);
        Self { departs_at, id }
    }
}

/// The next flights in the order of departures, and the cursor after them; `None` after the last page.
pub async fn page(
    client: &mut Client,
    after: Cursor,
) -> Result<(Vec<FlightRow>, Option<Cursor>), DbError> {
    let query = format!(
        "{SELECT} WHERE (flight.departs_at, flight.id) > ($1, $2)
         ORDER BY flight.departs_at, flight.id LIMIT $3"
    );
    let transaction = client.transaction().await?;
    transaction.batch_execute(BY_KEYS).await?;
    let statement = transaction.prepare_cached(&query).await?;
    let rows = transaction
        .query(&statement, &[&after.departs_at, &after.id.0, &PAGE])
        .await?;
    transaction.commit().await?;
    // An unreadable row must not keep the others from being sold.
    let flight = |row: &Row| {
        let id = row.try_get::<_, i64>("id").unwrap_or_default();
        unreadable::skipped("flights", id, flight_of(row))
    };
    let flights: Vec<FlightRow> = rows.iter().filter_map(flight).collect();
    let last = rows.last().map(place_of).transpose()?;
    Ok((flights, last))
}

fn place_of(row: &Row) -> Result<Cursor, DbError> {
    Ok(Cursor {
        departs_at: row.try_get("departs_at")?,
        id: FlightId(row.try_get("id")?),
    })
}

/// The last departure of a flight number that is not cancelled.
pub async fn last_departure(
    client: &impl GenericClient,
    number: &FlightNumber,
) -> Result<Option<FlightId>, DbError> {
    let query = "SELECT id FROM flights WHERE flight_number = $1 AND cancelled_at IS NULL
                 ORDER BY departs_at DESC LIMIT 1";
    let statement = client.prepare_cached(query).await?;
    let row = client.query_opt(&statement, &[&number.as_str()]).await?;
    row.map(|row| Ok(FlightId(row.try_get(0)?))).transpose()
}

/// Ids for new flights, ascending.
///
/// # Errors
/// When the database does not answer.
pub async fn new_id(client: &impl GenericClient) -> Result<FlightId, DbError> {
    let row = client
        .query_one(
            "SELECT nextval(pg_get_serial_sequence('flights', 'id'))",
            &[],
        )
        .await?;
    Ok(FlightId(row.try_get(0)?))
}

/// Ids for new flights, ascending.
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

/// Inserts flights. Their pools must exist.
///
/// # Errors
/// Also the unique constraint, if a flight is in the schedule already.
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

pub async fn currency(client: &impl GenericClient, id: FlightId) -> Result<Currency, DbError> {
    let query = "SELECT currency FROM flights WHERE id = $1";
    let row = client.query_one(query, &[&id.0]).await?;
    currency_of(row.try_get("currency")?)
}

fn currency_of(text: &str) -> Result<Currency, DbError> {
    Currency::stored(text).map_err(|_| DbError::Unreadable("flights.currency"))
}

const SET_PRICES: &str = "
    UPDATE flights SET price_minor = new.price_minor
    FROM unnest($1::bigint[], $2::bigint[]) AS new (id, price_minor) WHERE flights.id = new.id";

const SET_CANCELLED: &str =
    "UPDATE flights SET cancelled_at = coalesce(cancelled_at, now()) WHERE id = ANY ($1::bigint[])";

/// A change of a flight's row, attached to its pool's command.
pub struct FlightChanged {
    pub flight: FlightId,
    /// The new price; `None`: unchanged.
    pub price: Option<Money>,
}

impl Rows for FlightChanged {
    fn statements(batch: &[(&Self, &Accepted)]) -> Vec<RowStatement> {
        // Of several prices of a flight in one batch the last one counts.
        let prices: BTreeMap<i64, i64> = batch
            .iter()
            .filter_map(|(one, _)| Some((one.flight.0, one.price?.minor())))
            .collect();
        let (flights, prices): (Vec<_>, Vec<_>) = prices.into_iter().unzip();
        let set_prices = RowStatement::new(SET_PRICES).with(flights).with(prices);
        let increment = schedule_version::INCREMENT.map(RowStatement::new);
        std::iter::once(set_prices).chain(increment).collect()
    }
}

/// A cancellation, attached to the command that closes the flight's pool.
pub struct FlightCancelled(pub FlightId);

impl Rows for FlightCancelled {
    fn statements(batch: &[(&Self, &Accepted)]) -> Vec<RowStatement> {
        let flights: Vec<i64> = batch.iter().map(|(one, _)| one.0.0).collect();
        let cancel = RowStatement::new(SET_CANCELLED).with(flights);
        let increment = schedule_version::INCREMENT.map(RowStatement::new);
        std::iter::once(cancel).chain(increment).collect()
    }
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
