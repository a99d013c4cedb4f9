//! `flights.csv`: dated flights, or a timetable of local times.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anyhow::ensure;
use domain::{AirportCode, Amount, Currency, FlightNumber, Money, SeatLayout};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::local_times::{self, Arrival};
use super::options::ImportOptions;
use super::table::{Row, Table, check};
use crate::db::airports::Airport;
use crate::db::flights::NewFlight;

/// A flight to insert, with its seats.
#[derive(Clone, Debug)]
pub(super) struct ImportedFlight {
    pub(super) flight: NewFlight,
    pub(super) total_seats: i32,
    pub(super) already_booked: i32,
    pub(super) layout: Option<SeatLayout>,
}

type Zones = HashMap<AirportCode, TimeZone>;

const REQUIRED: [&str; 5] = [
    "flight_number",
    "origin",
    "destination",
    "total_seats",
    "price",
];
const OPTIONAL: [&str; 3] = ["currency", "already_booked", "seat_map"];
/// Columns of a timetable.
const LOCAL: [&str; 2] = ["departs_local", "arrives_local"];
/// Columns of dated flights.
const DATED: [&str; 2] = ["departure", "arrival"];

/// Reads the directory's flights. Also returns how many depart later than the file says, because the local
/// time does not exist (clocks go forward).
pub(super) fn read(
    directory: &Path,
    airports: &[Airport],
    options: &ImportOptions,
) -> anyhow::Result<(Vec<ImportedFlight>, usize)> {
    let zones: Zones = airports
        .iter()
        .map(|airport| (airport.code, airport.time_zone.clone()))
        .collect();
    let known = [REQUIRED.as_slice(), &OPTIONAL, &LOCAL, &DATED].concat();
    let table = Table::open(directory, "flights.csv", &known)?;
    table.require_columns(&REQUIRED)?;
    let has_any = |columns: &[&str]| columns.iter().any(|column| table.has_column(column));
    ensure!(
        !has_any(&LOCAL) || !has_any(&DATED),
        "{} has both local times and dated ones",
        table.name()
    );
    let file = table.name().to_owned();
    let read = if has_any(&LOCAL) {
        timetable(table, &zones, &options.dates()?)?
    } else {
        dated(table, &zones, options)?
    };
    check(&file, &read.wrong)?;
    Ok((read.flights, read.later))
}

/// The contents of a file.
#[derive(Default)]
struct Read {
    flights: Vec<ImportedFlight>,
    /// Invalid rows, with the reason.
    wrong: Vec<String>,
    /// Flights whose local departure is later than the file says.
    later: usize,
}

/// Timetable flights, on each of the dates.
fn timetable(table: Table, zones: &Zones, dates: &[Date]) -> anyhow::Result<Read> {
    table.require_columns(&LOCAL)?;
    ensure!(
        !dates.is_empty(),
        "{} has local times: say with --on or --from which days it flies",
        table.name()
    );
    let mut unique = Unique::default();
    let (rows, mut wrong) = table.parse(|row| {
        let parts = Parts::of(row, zones)?;
        let departs: Time = row.value("departs_local")?;
        let arrives: Arrival = row.value("arrives_local")?;
        Ok((parts, departs, arrives))
    })?;
    let mut flights = Vec::with_capacity(rows.len() * dates.len());
    for date in dates {
        for (parts, departs, arrives) in &rows {
            let zones = (&parts.source_zone, &parts.destination_zone);
            let times = local_times::flown(*date, *departs, *arrives, zones);
            let flight = times.and_then(|(departs_at, arrives_at)| {
                unique.check(parts.flight_at(departs_at, arrives_at))
            });
            match flight {
                Ok(flight) => flights.push(flight),
                Err(reason) => wrong.push(format!(
                    "line {}, {} on {date}: {reason}",
                    parts.line, parts.flight_number
                )),
            }
        }
    }
    Ok(Read {
        flights,
        wrong,
        later: 0,
    })
}

/// Dated flights, optionally shifted by whole weeks.
fn dated(table: Table, zones: &Zones, options: &ImportOptions) -> anyhow::Result<Read> {
    table.require_columns(&DATED)?;
    ensure!(
        options.on.is_empty() && options.from.is_none(),
        "{} has dated flights: --on and --from are for timetables of local times",
        table.name()
    );
    let (rows, mut wrong) = table.parse(|row| {
        let parts = Parts::of(row, zones)?;
        let departs_at: Timestamp = row.value("departure")?;
        let arrives_at: Timestamp = row.value("arrival")?;
        for (column, at) in DATED.into_iter().zip([departs_at, arrives_at]) {
            if at.subsec_nanosecond() != 0 {
                return Err(row.wrong(column, "a whole second"));
            }
        }
        if arrives_at <= departs_at {
            return Err(row.wrong("arrival", "a time after the departure"));
        }
        Ok((parts, departs_at, arrives_at))
    })?;
    let first = rows
        .iter()
        .map(|(parts, departs_at, _)| departs_at.to_zoned(parts.source_zone.clone()).date())
        .min();
    let shift = match (first, options.starting) {
        (Some(first), Some(starting)) => whole_weeks(first, starting)?,
        _ => 0,
    };
    let mut later = 0;
    let mut unique = Unique::default();
    let mut flights = Vec::with_capacity(rows.len());
    for (parts, departs_at, arrives_at) in &rows {
        let flight = local_times::shifted(*departs_at, shift, &parts.source_zone)
            .and_then(|moved| {
                later += usize::from(moved.is_later);
                let duration = arrives_at.duration_since(*departs_at);
                Ok(parts.flight_at(moved.at, moved.at.checked_add(duration)?))
            })
            .map_err(|error| error.to_string())
            .and_then(|flight| unique.check(flight));
        match flight {
            Ok(flight) => flights.push(flight),
            Err(reason) => wrong.push(format!(
                "line {}, {} at {departs_at}: {reason}",
                parts.line, parts.flight_number
            )),
        }
    }
    Ok(Read {
        flights,
        wrong,
        later,
    })
}

/// The days between the Monday of a week and another Monday.
fn whole_weeks(first: Date, starting: Date) -> anyhow::Result<i64> {
    let offset = i64::from(first.weekday().to_monday_zero_offset());
    let monday = first.checked_sub(Span::new().try_days(offset)?)?;
    let days = i64::from(monday.until(starting)?.get_days());
    ensure!(days % 7 == 0, "--starting {starting} is not a Monday");
    Ok(days)
}

struct Parts {
    line: u64,
    flight_number: FlightNumber,
    source: AirportCode,
    source_zone: TimeZone,
    destination: AirportCode,
    destination_zone: TimeZone,
    price: Money,
    total_seats: i32,
    already_booked: i32,
    layout: Option<SeatLayout>,
}

impl Parts {
    fn of(row: &Row<'_>, zones: &Zones) -> Result<Self, String> {
        let airport = |column: &str| {
            let code: AirportCode = row.value(column)?;
            let zone = zones.get(&code);
            let zone = zone.ok_or_else(|| row.wrong(column, "an airport of airports.csv"))?;
            Ok::<_, String>((code, zone.clone()))
        };
        let (source, source_zone) = airport("origin")?;
        let (destination, destination_zone) = airport("destination")?;
        if source == destination {
            return Err(row.wrong("destination", "another airport than the origin"));
        }
        let amount: Amount = row.value("price")?;
        if amount < Amount::ZERO {
            return Err(row.wrong("price", "zero or more"));
        }
        let currency = match row.text("currency") {
            // Files without this column have flights within the United States.
            "" => Currency::USD,
            _ => row.value("currency")?,
        };
        let price = Money::new(amount, currency).map_err(|error| row.wrong("price", &error.0))?;
        let total_seats: i32 = row.value("total_seats")?;
        if !(1..=1000).contains(&total_seats) {
            return Err(row.wrong("total_seats", "1 to 1000"));
        }
        let already_booked = match row.text("already_booked") {
            "" => 0,
            _ => row.value("already_booked")?,
        };
        if !(0..=total_seats).contains(&already_booked) {
            return Err(row.wrong("already_booked", "0 to total_seats"));
        }
        let layout: Option<SeatLayout> = match row.text("seat_map") {
            "" => None,
            _ => Some(row.value("seat_map")?),
        };
        if layout.is_some_and(|layout| i64::from(layout.seat_count()) != i64::from(total_seats)) {
            return Err(row.wrong("seat_map", "as many seats as total_seats"));
        }
        Ok(Self {
            line: row.line(),
            flight_number: row.value("flight_number")?,
            source,
            source_zone,
            destination,
            destination_zone,
            price,
            total_seats,
            already_booked,
            layout,
        })
    }

    fn flight_at(&self, departs_at: Timestamp, arrives_at: Timestamp) -> ImportedFlight {
        ImportedFlight {
            flight: NewFlight {
                flight_number: self.flight_number,
                source: self.source,
                destination: self.destination,
                departs_at,
                arrives_at,
                price: self.price,
            },
            total_seats: self.total_seats,
            already_booked: self.already_booked,
            layout: self.layout,
        }
    }
}

/// Detects duplicate flights.
#[derive(Default)]
struct Unique(HashSet<(FlightNumber, AirportCode, Timestamp)>);

impl Unique {
    fn check(&mut self, imported: ImportedFlight) -> Result<ImportedFlight, String> {
        let flight = &imported.flight;
        let key = (flight.flight_number, flight.source, flight.departs_at);
        if self.0.insert(key) {
            Ok(imported)
        } else {
            Err("the same flight stands twice".to_owned())
        }
    }
}
