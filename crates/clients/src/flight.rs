//! flight-service: flights, search, seats and holds.

mod client;
mod schedule;
mod seat_stream;

use domain::{AirportCode, Amount, Currency, FlightId, FlightNumber, HoldId, SeatNumber, Units};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub use self::client::{CONFIRM_LIMIT, FlightClient};
pub use self::schedule::{SearchOrder, SearchRequest};
pub use self::seat_stream::SeatStream;
pub use crate::http::Answer;
pub use crate::ledger::{LedgerProof, LedgerViolation};

/// Whether a flight can be sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FlightStatus {
    /// Open for sale.
    Scheduled,
    /// Not yet departed, but no longer sold.
    Closed,
    /// Gone.
    Departed,
    /// It will not fly.
    Cancelled,
}

/// One departure of one aircraft.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Flight {
    /// The flight's id.
    #[schema(value_type = i64, example = 1)]
    pub id: FlightId,
    /// The airline's number for it, the same from day to day.
    #[schema(value_type = String, example = "AI101")]
    pub flight_number: FlightNumber,
    /// The airport of departure.
    #[schema(value_type = String, example = "DEL")]
    pub source: AirportCode,
    /// The airport of arrival.
    #[schema(value_type = String, example = "BOM")]
    pub destination: AirportCode,
    /// When it departs, UTC.
    pub departure_time: Timestamp,
    /// When it arrives, UTC.
    pub arrival_time: Timestamp,
    /// The same by the clocks of the airport of departure, with their offset from UTC.
    #[schema(example = "2024-02-15T08:00:00+05:30")]
    pub departure_local: String,
    /// The same by the clocks of the airport of arrival, with their offset from UTC.
    #[schema(example = "2024-02-15T10:30:00+05:30")]
    pub arrival_local: String,
    /// How many seats it has.
    #[schema(example = 180)]
    pub total_seats: i32,
    /// How many of them are held or sold.
    #[schema(example = 50)]
    pub booked_seats: i32,
    /// How many of them are free.
    #[schema(example = 130)]
    pub available_seats: i32,
    /// The price of one seat.
    #[schema(value_type = f64, example = 8500.0)]
    pub price: Amount,
    /// The price's currency, ISO 4217.
    #[schema(value_type = String, example = "INR")]
    pub currency: Currency,
    /// Whether it can be sold.
    pub status: FlightStatus,
    /// When it was put into the schedule.
    pub created_at: Timestamp,
}

/// One way to travel: the flights in order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Path {
    /// One to four flights.
    pub flights: Vec<Flight>,
    /// The price of one seat on all of them.
    #[schema(value_type = f64, example = 8500.0)]
    pub total_price: Amount,
    /// The price's currency, ISO 4217.
    #[schema(value_type = String, example = "INR")]
    pub currency: Currency,
    /// Minutes from the first departure to the last arrival.
    #[schema(example = 150)]
    pub total_time_minutes: i64,
    /// How many times one changes.
    #[schema(example = 0)]
    pub stops: usize,
}

/// What a search found.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SearchAnswer {
    /// The ways to travel, best first.
    pub paths: Vec<Path>,
    /// How many there are in this answer.
    pub count: usize,
    /// How to go on; left out where this is the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<SearchMeta>,
}

/// How to go on with a search.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SearchMeta {
    /// For the page after this one: the place of its last itinerary in the order.
    #[schema(example = "cheapest.780000.9000.1708007400.3")]
    pub after: String,
    /// How many itineraries a page has at most.
    #[schema(example = 20)]
    pub limit: usize,
}

/// A month's fares.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CalendarAnswer {
    /// The airport of departure.
    #[schema(value_type = String, example = "DEL")]
    pub source: AirportCode,
    /// The airport of arrival.
    #[schema(value_type = String, example = "BOM")]
    pub destination: AirportCode,
    /// The month.
    #[schema(example = "2024-02")]
    pub month: String,
    /// All its days, in order.
    pub days: Vec<CalendarDay>,
}

/// A day's fare.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CalendarDay {
    /// The day on which one departs, by the clocks of the airport of departure.
    #[schema(example = "2024-02-15")]
    pub date: Date,
    /// The price of one seat on the cheapest itinerary; none where there is none.
    #[schema(value_type = Option<f64>, example = 7800.0)]
    pub price: Option<Amount>,
    /// The price's currency, ISO 4217.
    #[schema(value_type = Option<String>, example = "INR")]
    pub currency: Option<Currency>,
}

/// Seats on a flight: what validate, decrement and increment ask for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SeatsRequest {
    /// The flight's id.
    #[schema(value_type = i64, example = 1)]
    pub flight_id: FlightId,
    /// How many seats, 1 to 1,000,000.
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000, example = 2)]
    pub seats: Units,
    /// The flight's local date of departure.
    #[schema(example = "2024-02-15")]
    pub date: Date,
}

/// Whether seats could be sold now.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Validation {
    /// Whether they could.
    pub valid: bool,
    /// The price of all of them together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, example = 17000.0)]
    pub price: Option<Amount>,
    /// The price's currency, ISO 4217.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "INR")]
    pub currency: Option<Currency>,
    /// How many seats are free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 130)]
    pub available_seats: Option<i32>,
    /// Why they could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The same as a stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "sold_out")]
    pub code: Option<String>,
}

/// What a decrement or an increment did.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SeatsAnswer {
    /// What happened, in words.
    pub message: String,
    /// The flight's id.
    #[schema(value_type = i64, example = 1)]
    pub flight_id: FlightId,
    /// How many seats were taken or given back.
    #[schema(value_type = i64, example = 2)]
    pub seats: Units,
    /// The flight's local date of departure.
    pub date: Date,
    /// How many seats were free right after.
    #[schema(example = 128)]
    pub available_seats: i32,
    /// When it happened.
    pub updated_at: Timestamp,
}

/// Seats to hold on one flight.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HoldLegRequest {
    /// The flight's id.
    #[schema(value_type = i64, example = 1)]
    pub flight_id: FlightId,
    /// How many seats; may be left out where `seats` names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000, example = 2)]
    pub units: Option<Units>,
    /// Which seats; may be left out where any will do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, example = json!(["A1", "A2"]))]
    pub seats: Vec<SeatNumber>,
    /// The flight's local date of departure, checked if it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "2024-02-15")]
    pub date: Option<Date>,
}

/// Seats to hold for one owner on one or more flights, all or nothing.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HoldRequest {
    /// The hold's id, made by the caller: the same id again gets the same answer.
    #[schema(value_type = Uuid)]
    pub id: HoldId,
    /// For whom.
    #[schema(max_length = 255, example = "booking 1")]
    pub owner: String,
    /// The flights and seats, one to eight.
    #[schema(min_items = 1, max_items = 8)]
    pub legs: Vec<HoldLegRequest>,
    /// When the hold lapses; none means that only its owner may end it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// Where a hold stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HoldStatus {
    /// The seats are set aside.
    Held,
    /// The seats are sold.
    Sold,
    /// The seats were given back.
    Released,
    /// The hold lapsed.
    Expired,
    /// The seats could not be had.
    Refused,
}

/// Seats that a hold has on one flight.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HoldLeg {
    /// The flight's id.
    #[schema(value_type = i64, example = 1)]
    pub flight_id: FlightId,
    /// How many seats.
    #[schema(value_type = i64, example = 2)]
    pub units: Units,
    /// Which seats, on a flight that has a seat map.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub seats: Vec<SeatNumber>,
    /// The price of one seat.
    #[schema(value_type = f64, example = 8500.0)]
    pub price: Amount,
    /// The price's currency, ISO 4217.
    #[schema(value_type = String, example = "INR")]
    pub currency: Currency,
}

/// A hold as it is answered.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Hold {
    /// The hold's id.
    #[schema(value_type = Uuid)]
    pub id: HoldId,
    /// For whom.
    pub owner: String,
    /// Where it stands.
    pub status: HoldStatus,
    /// The flights and seats; none for a hold that was refused, or released before it came.
    pub legs: Vec<HoldLeg>,
    /// When it lapses; none means that only its owner may end it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// A flight's seats.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeatMap {
    /// The flight, as it was asked for: its id or its number.
    #[schema(example = "FL123")]
    pub flight_id: String,
    /// Rises with each change of the flight's seats.
    pub version: i64,
    /// The seats in row and number order; none on a flight without a seat map.
    pub seats: Vec<Seat>,
}

/// Whether a seat can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum SeatStatus {
    /// Nobody has it.
    Available,
    /// Somebody holds it.
    Reserved,
    /// It is sold.
    Booked,
}

/// A seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Seat {
    /// The seat's id: the flight's id and the seat's number.
    #[schema(example = "17-A1")]
    pub seat_id: String,
    /// The flight, as it was asked for.
    #[schema(example = "FL123")]
    pub flight_id: String,
    /// The seat's number.
    #[schema(value_type = String, example = "A1")]
    pub seat_number: SeatNumber,
    /// Whether it can be had.
    pub status: SeatStatus,
    /// What has it, such as a booking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_by: Option<String>,
    /// Whose it is, where what has it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_at: Option<Timestamp>,
}

/// What a seat map's stream says: all seats first, then those that changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeatChanges {
    /// The version after these changes; also the event's id.
    pub version: i64,
    /// Whether these are all seats of the flight.
    pub complete: bool,
    /// The seats.
    pub seats: Vec<Seat>,
}

/// Other seats for a hold.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SeatChangeRequest {
    /// The seats that the hold shall have on each of its flights.
    #[schema(min_items = 1, max_items = 8)]
    pub legs: Vec<SeatChangeLeg>,
    /// When the hold lapses from now on.
    pub expires_at: Timestamp,
    /// Rises with each change of this hold, from 1: a late one is ignored, and a refused one is not made later.
    #[schema(minimum = 1)]
    pub number: i64,
}

/// The seats that a hold shall have on one of its flights.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SeatChangeLeg {
    /// The flight's id.
    #[schema(value_type = i64, example = 17)]
    pub flight_id: FlightId,
    /// The seats.
    #[schema(value_type = Vec<String>, min_items = 1, example = json!(["B1"]))]
    pub seats: Vec<SeatNumber>,
}

/// Holds to be turned into sales.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConfirmRequest {
    /// The holds, 1 to 256.
    #[schema(value_type = Vec<Uuid>, min_items = 1, max_items = 256)]
    pub ids: Vec<HoldId>,
}

/// What came of confirming holds, in the order in which they were named.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConfirmAnswer {
    /// One for each hold.
    pub results: Vec<ConfirmResult>,
}

/// What came of confirming one hold.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConfirmResult {
    /// The hold's id.
    #[schema(value_type = Uuid)]
    pub id: HoldId,
    /// Whether its seats are sold now.
    pub confirmed: bool,
    /// Why not, as a stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "hold_released")]
    pub code: Option<String>,
}

/// A flight to be put into the schedule.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewFlight {
    /// The airline's number for it.
    #[schema(value_type = String, example = "AI101")]
    pub flight_number: FlightNumber,
    /// The airport of departure.
    #[schema(value_type = String, example = "DEL")]
    pub source: AirportCode,
    /// The airport of arrival.
    #[schema(value_type = String, example = "BOM")]
    pub destination: AirportCode,
    /// When it departs, to the second.
    pub departure_time: Timestamp,
    /// When it arrives, to the second.
    pub arrival_time: Timestamp,
    /// How many seats it has, 1 to 1000.
    #[schema(minimum = 1, maximum = 1000, example = 180)]
    pub total_seats: i32,
    /// The price of one seat, zero or more.
    #[schema(value_type = f64, minimum = 0, example = 8500.0)]
    pub price: Amount,
    /// The price's currency, ISO 4217.
    #[schema(value_type = String, example = "INR")]
    pub currency: Currency,
    /// Its seats, where they have names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "rows A-C, seats 1-10")]
    pub seat_map: Option<String>,
}

/// What changes on a flight; what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct FlightChange {
    /// The price of one seat from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, minimum = 0)]
    pub price: Option<Amount>,
    /// How many seats it has, never fewer than are held and sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    pub total_seats: Option<i32>,
    /// `closed` ends its sales.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<FlightStatus>,
}

/// An airport.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Airport {
    /// Its IATA code.
    #[schema(value_type = String, example = "DEL")]
    pub code: AirportCode,
    /// Its name.
    pub name: String,
    /// The city that it serves.
    pub city: String,
    /// The country.
    pub country: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Its clocks, an IANA zone.
    #[schema(example = "Asia/Kolkata")]
    pub time_zone: String,
}

/// One double entry: units that moved between two accounts of a flight's pool.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LedgerEntry {
    /// The pool's version that it belongs to.
    pub version: i64,
    /// Its place within the version.
    pub line: i32,
    /// Out of this account: `issued`, `free`, `held` or `sold`.
    pub from: String,
    /// Into this one.
    pub to: String,
    /// How many units.
    pub units: i32,
    /// Why: the kind of command.
    pub reason: String,
    /// The hold or adjustment.
    pub cause: Option<Uuid>,
    /// When.
    pub entered_at: Timestamp,
}
