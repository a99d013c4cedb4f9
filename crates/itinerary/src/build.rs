//! Builds and validates a timetable from airports and flights in any order.

use std::collections::BTreeSet;

use domain::{AirlineCode, AirportCode, Currency, FlightId};
use jiff::Timestamp;

use crate::shared_bounds::SharedBounds;
use crate::timetable::{Airport, Flight, FlightSlot, Network, Route, Timetable};

/// Why a timetable can't be built. Flights and airports are named.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Two airports have the same code.
    #[error("duplicate airport {0}")]
    DuplicateAirport(AirportCode),
    /// More than 65,535 airports.
    #[error("there are more than 65535 airports")]
    TooManyAirports,
    /// More than 4,294,967,295 flights.
    #[error("there are more than 4294967295 flights")]
    TooManyFlights,
    /// More than 65,535 airlines.
    #[error("there are more than 65535 airlines")]
    TooManyAirlines,
    /// Two flights have the same id.
    #[error("duplicate flight {0:?}")]
    DuplicateFlight(FlightId),
    /// A flight's source or destination is not among the airports.
    #[error("{flight:?} names the unknown airport {airport}")]
    UnknownAirport {
        /// The flight with the unknown airport.
        flight: FlightId,
        /// The unknown code.
        airport: AirportCode,
    },
    /// Source and destination of a flight are the same.
    #[error("{0:?} arrives at the airport it leaves from")]
    SameAirport(FlightId),
    /// A flight does not arrive after its departure.
    #[error("{0:?} does not arrive after it departs")]
    ArrivalNotAfterDeparture(FlightId),
    /// A departure or arrival is not a whole second.
    #[error("{0:?} has a time that is not a whole second")]
    FractionOfSecond(FlightId),
    /// A flight arrives more than 4,294,967,295 s (136 years) after the first departure.
    #[error("{0:?} arrives more than 136 years after the first departure")]
    OutOfRange(FlightId),
}

/// A flight before it is stored in columns. The field order is the sort order of the slots.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    currency: Currency,
    origin: u16,
    destination: u16,
    departs_s: u32,
    id: FlightId,
    arrives_s: u32,
    price: domain::Amount,
    airline: u16,
}

impl Timetable {
    /// Sorts and validates. The order of the input does not matter.
    ///
    /// # Errors
    /// A [`BuildError`] for the first problem found.
    pub fn build(
        airports: impl IntoIterator<Item = Airport>,
        flights: impl IntoIterator<Item = Flight>,
    ) -> Result<Self, BuildError> {
        let airports = sorted_airports(airports)?;
        let flights: Vec<Flight> = flights.into_iter().collect();
        let epoch = flights.iter().map(|flight| flight.departs_at).min();
        let epoch = epoch.unwrap_or(Timestamp::UNIX_EPOCH);

        let airline_codes = airline_codes(&flights)?;

        let mut rows = flights
            .iter()
            .map(|flight| row(flight, epoch, &airports, &airline_codes))
            .collect::<Result<Vec<Row>, BuildError>>()?;
        drop(flights);
        rows.sort_unstable();
        let slots = u32::try_from(rows.len()).map_err(|_| BuildError::TooManyFlights)?;

        let mut by_id: Vec<FlightSlot> = (0..slots).map(FlightSlot).collect();
        by_id.sort_unstable_by_key(|slot| rows[slot.index()].id);
        let same_id = |pair: &[FlightSlot]| rows[pair[0].index()].id == rows[pair[1].index()].id;
        if let Some(pair) = by_id.windows(2).find(|pair| same_id(pair)) {
            return Err(BuildError::DuplicateFlight(rows[pair[0].index()].id));
        }

        let networks = networks(&rows, airports.len());
        let mut timetable = Self {
            shared_bounds: SharedBounds::default(),
            networks,
            airports,
            epoch,
            departs_s: rows.iter().map(|row| row.departs_s).collect(),
            arrives_s: rows.iter().map(|row| row.arrives_s).collect(),
            prices: rows.iter().map(|row| row.price).collect(),
            ids: rows.iter().map(|row| row.id).collect(),
            airlines: rows.iter().map(|row| row.airline).collect(),
            airline_codes,
            longest_flight_s: rows
                .iter()
                .map(|row| row.arrives_s - row.departs_s)
                .max()
                .unwrap_or(0),
            by_id,
        };
        timetable.shared_bounds = SharedBounds::new(
            timetable.airports.len(),
            timetable.networks.len(),
            timetable.len(),
            timetable.memory_bytes(),
        );
        Ok(timetable)
    }
}

fn sorted_airports(
    airports: impl IntoIterator<Item = Airport>,
) -> Result<Vec<Airport>, BuildError> {
    let mut airports: Vec<Airport> = airports.into_iter().collect();
    airports.sort_unstable_by_key(|airport| airport.code);
    airports.shrink_to_fit();
    if let Some(pair) = airports
        .windows(2)
        .find(|pair| pair[0].code == pair[1].code)
    {
        return Err(BuildError::DuplicateAirport(pair[0].code));
    }
    if airports.len() > usize::from(u16::MAX) {
        return Err(BuildError::TooManyAirports);
    }
    Ok(airports)
}

/// The distinct airlines of all flights, sorted.
fn airline_codes(flights: &[Flight]) -> Result<Vec<AirlineCode>, BuildError> {
    let codes: BTreeSet<AirlineCode> = flights.iter().map(|flight| flight.airline).collect();
    if codes.len() > usize::from(u16::MAX) {
        return Err(BuildError::TooManyAirlines);
    }
    Ok(codes.into_iter().collect())
}

fn row(
    flight: &Flight,
    epoch: Timestamp,
    airports: &[Airport],
    airlines: &[AirlineCode],
) -> Result<Row, BuildError> {
    let airport = |code: AirportCode| {
        let index = airports.binary_search_by_key(&code, |airport| airport.code);
        let index = index.ok().and_then(|index| u16::try_from(index).ok());
        index.ok_or(BuildError::UnknownAirport {
            flight: flight.id,
            airport: code,
        })
    };
    let seconds = |at: Timestamp| {
        if at.subsec_nanosecond() != 0 {
            return Err(BuildError::FractionOfSecond(flight.id));
        }
        u32::try_from(at.as_second() - epoch.as_second())
            .map_err(|_| BuildError::OutOfRange(flight.id))
    };
    if flight.source == flight.destination {
        return Err(BuildError::SameAirport(flight.id));
    }
    if flight.arrives_at <= flight.departs_at {
        return Err(BuildError::ArrivalNotAfterDeparture(flight.id));
    }
    Ok(Row {
        currency: flight.price.currency(),
        origin: airport(flight.source)?,
        destination: airport(flight.destination)?,
        departs_s: seconds(flight.departs_at)?,
        id: flight.id,
        arrives_s: seconds(flight.arrives_at)?,
        price: flight.price.amount(),
        airline: airlines
            .binary_search(&flight.airline)
            .ok()
            .and_then(|index| u16::try_from(index).ok())
            .ok_or(BuildError::TooManyAirlines)?,
    })
}

/// One network per currency; `rows` is sorted.
fn networks(rows: &[Row], airports: usize) -> Vec<Network> {
    let mut networks = Vec::new();
    let mut first = 0;
    for rows in rows.chunk_by(|a, b| a.currency == b.currency) {
        let mut routes = Vec::new();
        let mut arriving = Vec::new();
        for (rows, index) in rows
            .chunk_by(|a, b| (a.origin, a.destination) == (b.origin, b.destination))
            .zip(0_u32..)
        {
            let route = route(rows, first);
            first = route.end;
            arriving.push((rows[0].origin, index));
            routes.push(route);
        }
        routes.shrink_to_fit();
        let origins = arriving.iter().map(|(origin, _)| *origin);
        let first_route = offsets(origins, airports);
        let destinations = routes.iter().map(|route: &Route| route.destination);
        let first_arriving = offsets(destinations, airports);
        arriving.sort_by_key(|(_, index)| routes[*index as usize].destination);
        arriving.shrink_to_fit();
        networks.push(Network {
            currency: rows[0].currency,
            routes,
            first_route,
            arriving,
            first_arriving,
        });
    }
    networks.shrink_to_fit();
    networks
}

/// Offsets into a list that is sorted by airport: where each airport's part begins, and one more entry for the
/// end.
fn offsets(list: impl Iterator<Item = u16>, airports: usize) -> Vec<u32> {
    let mut offsets = vec![0; airports + 1];
    for airport in list {
        offsets[usize::from(airport) + 1] += 1;
    }
    let mut before = 0;
    for count in &mut offsets {
        before += *count;
        *count = before;
    }
    offsets
}

/// The route of these rows: all flights of one pair of airports, at least one.
fn route(rows: &[Row], first: u32) -> Route {
    let mut route = Route {
        least_price: i64::MAX,
        least_duration_s: u32::MAX,
        first,
        end: first,
        destination: rows[0].destination,
    };
    for row in rows {
        route.least_price = route.least_price.min(row.price.ten_thousandths());
        route.least_duration_s = route.least_duration_s.min(row.arrives_s - row.departs_s);
        route.end += 1;
    }
    route
}
