//! The schedule in memory, which search runs on: immutable except for the live counts.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use deadpool_postgres::Pool as Database;
use domain::sale_rules::SalesPolicy;
use domain::sale_rules::itinerary::Leg;
use domain::{AirportCode, FlightId, FlightNumber, Units};
use flight_api::{Flight, FlightStatus};
use inventory::PoolCount;
use itinerary::{FlightSlot, Timetable};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio::runtime::Handle;

use super::flight_times::{local_text, status};
use super::live::{LiveCount, VersionStamp};
use super::{AppError, DbError};
use crate::db;

/// Before all flights, in seconds from 1970: the year 1.
const FIRST_DEPARTURE_SECOND: i64 = -62_135_596_800;

const SECONDS_OF_A_DAY: i64 = 86_400;

/// Departures from this time on are loaded. Flights that departed before today can't be sold any more, unless
/// sales never close. Whole days, so that replicas that load at different times of a day have the same
/// schedule.
fn first_departure(sales: SalesPolicy, now: Timestamp) -> Timestamp {
    let second = match sales.close_before_start {
        Some(_) => now.as_second() - now.as_second().rem_euclid(SECONDS_OF_A_DAY),
        None => FIRST_DEPARTURE_SECOND,
    };
    Timestamp::from_second(second).unwrap_or(now)
}

/// Which schedule it is: the database's version, and a hash of what was loaded of it, which also tells apart the
/// schedules of different databases, and what is left of a version when flights have departed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Edition {
    pub version: i64,
    pub fingerprint: u64,
}

/// One immutable version of the schedule.
pub struct Schedule {
    version: i64,
    /// Flights that departed before were not loaded.
    departs_from: Timestamp,
    /// The database's clock before loading: the counts are at least this recent.
    read_at: Timestamp,
    timetable: Timetable,
    /// What the timetable does not store, by slot.
    details: Vec<Details>,
    airports: HashMap<AirportCode, db::airports::Airport>,
    /// All flights by number and departure.
    by_number: Vec<FlightSlot>,
    fingerprint: u64,
}

struct Details {
    flight_number: FlightNumber,
    capacity: i32,
    is_cancelled: bool,
    closed_at: Option<Timestamp>,
    created_at: Timestamp,
    live: LiveCount,
}

/// A hash of everything that searches see of a flight.
fn fingerprint_of(row: &db::flights::FlightRow) -> u64 {
    let mut hasher = DefaultHasher::new();
    row.id.hash(&mut hasher);
    (row.source, row.destination).hash(&mut hasher);
    (row.departs_at, row.arrives_at).hash(&mut hasher);
    (row.price.amount(), row.price.currency()).hash(&mut hasher);
    (row.flight_number, row.cancelled_at, row.closed_at).hash(&mut hasher);
    hasher.finish()
}

fn number_and_departure(
    timetable: &Timetable,
    details: &[Details],
    slot: FlightSlot,
) -> Option<(FlightNumber, Timestamp)> {
    let number = details.get(slot.index())?.flight_number;
    Some((number, timetable.flight(slot).departs_at))
}

impl Schedule {
    /// The same as [`Self::load`], on a thread of its own: a large schedule takes a second to build, in which the
    /// threads that commit must not be busy.
    ///
    /// # Errors
    /// Those of [`Self::load`].
    pub(super) async fn load_aside(
        database: Database,
        sales: SalesPolicy,
    ) -> Result<Self, AppError> {
        let runtime = Handle::current();
        let loading = move || runtime.block_on(Self::load(&database, sales));
        let loaded = tokio::task::spawn_blocking(loading).await;
        loaded.unwrap_or_else(|error| match error.try_into_panic() {
            // A panic of the supervised task that loads.
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(DbError::ConnectionEnded.into()),
        })
    }

    /// Loads the flights that can still be sold, in pages.
    ///
    /// # Errors
    /// The database failed, or the schedule is invalid.
    pub async fn load(database: &Database, sales: SalesPolicy) -> Result<Self, AppError> {
        let mut client = database.get().await?;
        let read_at = db::pools::database_time(&client).await?;
        // The version is read first: a change during loading leads to a reload, and is never missed.
        let version = db::schedule_version::current(&client).await?;
        let airports = db::airports::all(&client).await?;
        let mut flights = Vec::new();
        let mut details = Vec::new();
        let mut fingerprint = 0_u64;
        let departs_from = first_departure(sales, read_at);
        let mut place = Some(db::flights::Cursor::before(departs_from));
        while let Some(after) = place {
            let (page, next) = db::flights::page(&mut client, after).await?;
            for row in page {
                fingerprint = fingerprint.wrapping_add(fingerprint_of(&row));
                flights.push(itinerary::Flight {
                    id: row.id,
                    source: row.source,
                    destination: row.destination,
                    departs_at: row.departs_at,
                    arrives_at: row.arrives_at,
                    price: row.price,
                    airline: row.flight_number.airline(),
                });
                details.push(Details {
                    flight_number: row.flight_number,
                    capacity: row.capacity,
                    is_cancelled: row.cancelled_at.is_some(),
                    closed_at: row.closed_at,
                    created_at: row.created_at,
                    live: LiveCount::new(row.version, row.free),
                });
            }
            place = next;
        }
        drop(client);
        let zones = airports.iter().map(|airport| itinerary::Airport {
            code: airport.code,
            time_zone: airport.time_zone.clone(),
        });
        let timetable = Timetable::build(zones, flights.iter().copied()).map_err(|error| {
            tracing::error!(%error, "the schedule is invalid");
            DbError::Unreadable("flights")
        })?;
        let mut by_slot: Vec<_> = flights
            .iter()
            .zip(details)
            .filter_map(|(flight, details)| Some((timetable.slot_of(flight.id)?, details)))
            .collect();
        drop(flights);
        by_slot.sort_unstable_by_key(|(slot, _)| slot.index());
        let (mut by_number, details): (Vec<_>, Vec<_>) = by_slot.into_iter().unzip();
        by_number.sort_unstable_by_key(|slot| number_and_departure(&timetable, &details, *slot));
        let airports = airports
            .into_iter()
            .map(|airport| (airport.code, airport))
            .collect();
        Ok(Self {
            version,
            departs_from,
            read_at,
            timetable,
            details,
            by_number,
            airports,
            fingerprint,
        })
    }

    /// Without airports and flights.
    #[cfg(test)]
    pub fn empty() -> Self {
        Self {
            version: 1,
            departs_from: Timestamp::UNIX_EPOCH,
            read_at: Timestamp::UNIX_EPOCH,
            timetable: Timetable::build([], []).unwrap(),
            details: Vec::new(),
            airports: HashMap::new(),
            by_number: Vec::new(),
            fingerprint: 0,
        }
    }

    /// Changes with each schedule that replaces this one, if it has other flights, or other prices or times.
    #[must_use]
    pub fn edition(&self) -> Edition {
        Edition {
            version: self.version,
            fingerprint: self.fingerprint,
        }
    }

    /// Whether the database has another version by now, or flights have departed that were loaded.
    pub(super) fn is_outdated(&self, version: i64, sales: SalesPolicy, now: Timestamp) -> bool {
        version != self.version || first_departure(sales, now) > self.departs_from
    }

    #[must_use]
    pub fn timetable(&self) -> &Timetable {
        &self.timetable
    }

    #[must_use]
    pub fn airport(&self, code: AirportCode) -> Option<&db::airports::Airport> {
        self.airports.get(&code)
    }

    /// Free seats of a flight, live.
    #[must_use]
    pub fn free(&self, slot: FlightSlot) -> i32 {
        self.details
            .get(slot.index())
            .map_or(0, |details| details.live.free())
    }

    /// The flight's current count and version, for a later comparison.
    #[must_use]
    pub fn stamp(&self, slot: FlightSlot) -> VersionStamp {
        self.details
            .get(slot.index())
            .map_or(VersionStamp::default(), |details| details.live.stamp())
    }

    /// Whether a flight is on sale, full or not. Once off sale, it stays so in this schedule.
    #[must_use]
    pub fn is_on_sale(&self, slot: FlightSlot, sales: SalesPolicy, now: Timestamp) -> bool {
        self.details.get(slot.index()).is_some_and(|details| {
            let departs_at = self.timetable.departs_at(slot);
            !details.is_cancelled && sales.is_open(Some(departs_at), details.closed_at, now)
        })
    }

    /// When the flight's sales end; `None` if they never do.
    #[must_use]
    pub fn closes_at(&self, slot: FlightSlot, sales: SalesPolicy) -> Option<Timestamp> {
        let margin = sales.close_before_start?;
        let departs_at = self.timetable.departs_at(slot);
        // Out of range: sales were never open.
        Some(departs_at.checked_sub(margin).unwrap_or(Timestamp::MIN))
    }

    /// Whether a flight is on sale with this many free seats.
    #[must_use]
    pub fn is_open(
        &self,
        slot: FlightSlot,
        sales: SalesPolicy,
        seats: Units,
        now: Timestamp,
    ) -> bool {
        self.stamp(slot).has(seats) && self.is_on_sale(slot, sales, now)
    }

    /// Applies new counts.
    pub(super) fn update(&self, counts: &[PoolCount]) {
        for count in counts {
            let slot = self.timetable.slot_of(FlightId(count.pool.0));
            if let Some(details) = slot.and_then(|slot| self.details.get(slot.index())) {
                details.live.update(count);
            }
        }
    }

    /// The database's clock before the schedule was read.
    pub(super) fn read_at(&self) -> Timestamp {
        self.read_at
    }

    /// Takes over newer counts from the previous schedule.
    pub(super) fn catch_up(&self, other: &Self) {
        for (slot, flight) in other.timetable.flights() {
            let old = other.details.get(slot.index());
            let new = self.timetable.slot_of(flight.id);
            let new = new.and_then(|slot| self.details.get(slot.index()));
            if let (Some(old), Some(new)) = (old, new) {
                new.live.catch_up(&old.live);
            }
        }
    }

    #[must_use]
    pub fn flight(&self, slot: FlightSlot, sales: SalesPolicy, now: Timestamp) -> Option<Flight> {
        let details = self.details.get(slot.index())?;
        let flight = self.timetable.flight(slot);
        let free = self.free(slot);
        let local = |at, airport| Some(local_text(at, &self.airport(airport)?.time_zone));
        Some(Flight {
            id: flight.id,
            flight_number: details.flight_number,
            source: flight.source,
            destination: flight.destination,
            departure_time: flight.departs_at,
            arrival_time: flight.arrives_at,
            departure_local: local(flight.departs_at, flight.source)?,
            arrival_local: local(flight.arrives_at, flight.destination)?,
            total_seats: details.capacity,
            booked_seats: details.capacity - free,
            available_seats: free,
            price: flight.price.amount(),
            currency: flight.price.currency(),
            status: match details.is_cancelled {
                true => FlightStatus::Cancelled,
                false => status(sales, flight.departs_at, details.closed_at, now),
            },
            created_at: details.created_at,
        })
    }

    /// The next departure of a flight number that is not cancelled; after the last one, the last one if it is
    /// still loaded.
    #[must_use]
    pub fn next_departure(&self, number: &FlightNumber, now: Timestamp) -> Option<FlightId> {
        let place = |slot: &FlightSlot| number_and_departure(&self.timetable, &self.details, *slot);
        let first = self
            .by_number
            .partition_point(|slot| place(slot) <= Some((*number, now)));
        let has_number = |slot: &&FlightSlot| {
            self.details
                .get(slot.index())
                .is_some_and(|details| details.flight_number == *number)
        };
        let flies = |slot: &&FlightSlot| {
            self.details
                .get(slot.index())
                .is_some_and(|details| !details.is_cancelled)
        };
        let (past, coming) = self.by_number.split_at_checked(first)?;
        let next = coming.iter().take_while(has_number).find(flies);
        let slot = next.or_else(|| past.iter().rev().take_while(has_number).find(flies))?;
        Some(self.timetable.flight(*slot).id)
    }

    /// By code.
    #[must_use]
    pub fn airports(&self) -> Vec<flight_api::Airport> {
        let mut airports: Vec<_> = self
            .airports
            .values()
            .map(|airport| flight_api::Airport {
                code: airport.code,
                name: airport.name.clone(),
                city: airport.city.clone(),
                country: airport.country.clone(),
                latitude: airport.latitude,
                longitude: airport.longitude,
                time_zone: airport.time_zone.iana_name().unwrap_or_default().to_owned(),
            })
            .collect();
        airports.sort_unstable_by_key(|airport| airport.code);
        airports
    }

    /// A flight's price and local date of departure.
    #[must_use]
    pub fn departure(&self, id: FlightId) -> Option<Departure> {
        let flight = self.timetable.flight(self.timetable.slot_of(id)?);
        let zone = &self.airport(flight.source)?.time_zone;
        let date = flight.departs_at.to_zoned(zone.clone()).date();
        Some(Departure {
            date,
            price: flight.price,
            leg: flight.leg(),
        })
    }
}

/// What is needed to sell a flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Local to the airport of departure.
    pub date: Date,
    pub price: domain::Money,
    /// The flight as a leg, for the itinerary rules.
    pub leg: Leg,
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn after_epoch(duration: SignedDuration) -> Timestamp {
        Timestamp::UNIX_EPOCH + duration
    }

    #[test]
    fn a_schedule_is_outdated_by_a_change_and_once_a_day_by_departures() {
        let schedule = Schedule::empty();
        let closing = SalesPolicy {
            close_before_start: Some(SignedDuration::from_hours(1)),
        };
        let is_outdated = |version, sales, now| schedule.is_outdated(version, sales, now);
        let evening = after_epoch(DAY - SignedDuration::from_secs(1));
        assert!(!is_outdated(1, closing, evening));
        assert!(is_outdated(2, closing, evening));
        assert!(is_outdated(1, closing, after_epoch(DAY)));
        // Where sales never close, nothing departs.
        assert!(!is_outdated(
            1,
            SalesPolicy::default(),
            after_epoch(DAY * 400)
        ));
    }
}
