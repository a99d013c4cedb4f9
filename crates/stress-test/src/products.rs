//! Creates the products on sale: flights, events, ticket options. All are new, so that nobody else buys from
//! them and every unit can be reconciled.

use anyhow::{Context as _, bail, ensure};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::endpoints::{Caller, Endpoint, Reply};
use crate::flow::Network;
use crate::pool::{Pool, Products};

/// Days until departures and starts.
const DAYS_AWAY: i64 = 60;

/// Airport pairs with flights on every day of a schedule, to find its dates by.
const FLOWN_DAILY: [(&str, &str); 2] = [("ORD", "LAX"), ("DEL", "BOM")];

/// Airports to search between: the schedule's first.
const AIRPORTS: usize = 200;

/// The airports of all flights of a test.
#[derive(Clone, Debug)]
pub struct Route {
    source: String,
    destination: String,
}

/// A new pool, and a flight's local departure date.
pub struct Made {
    pub pool: Pool,
    pub date: String,
}

/// Two airports to create flights between.
pub async fn route(caller: &mut Caller) -> anyhow::Result<Route> {
    let mut airports = airports(caller).await?.into_iter();
    match (airports.next(), airports.next()) {
        (Some(source), Some(destination)) => Ok(Route {
            source,
            destination,
        }),
        _ => bail!("flight-service has no airports: load a schedule"),
    }
}

/// Creates a flight; with a seat map where seats are chosen.
pub async fn flight(
    caller: &mut Caller,
    route: &Route,
    seats: u64,
    seat_map: Option<&str>,
) -> anyhow::Result<Made> {
    let departs_at = Timestamp::now() + (DAYS_AWAY * 24).hours();
    let number = rand::random_range(0..1_000_000_u32);
    let mut body = json!({
        // A designator of no airline.
        "flight_number": format!("ZZ{number}"),
        "source": route.source,
        "destination": route.destination,
        "departure_time": departs_at.strftime("%Y-%m-%dT%H:%M:00Z").to_string(),
        "arrival_time": (departs_at + 3.hours()).strftime("%Y-%m-%dT%H:%M:00Z").to_string(),
        "total_seats": seats,
        "price": 100,
        "currency": "USD",
    });
    if let Some(seat_map) = seat_map {
        body["seat_map"] = Value::from(seat_map);
    }
    let made = made(
        caller.post(Endpoint::Flight, "/api/flights", &body).await?,
        "a flight",
    )?;
    let id = made["id"].as_i64().context("a flight without an id")?;
    let departure = made["departure_local"].as_str().unwrap_or_default();
    let date = departure
        .get(..10)
        .context("a flight without a departure")?;
    Ok(Made {
        pool: Pool::new(Products::Flight(id), seats),
        date: date.to_owned(),
    })
}

pub async fn event(caller: &mut Caller, tickets: u64) -> anyhow::Result<Pool> {
    let begins_at = Timestamp::now() + (DAYS_AWAY * 24).hours();
    let body = json!({
        "name": "Stress test",
        "description": "Everyone wants a ticket",
        "date_time": begins_at.to_string(),
        "total_tickets": tickets,
        "ticket_price": 75.50,
    });
    let reply = caller
        .post(Endpoint::Booking, "/api/v1/events", &body)
        .await?;
    let id = made(reply, "an event")?["id"].as_str().map(str::parse);
    let id: Uuid = id.context("an event without an id")??;
    Ok(Pool::new(Products::Event(id), tickets))
}

/// Creates users who buy event tickets.
pub async fn users(caller: &mut Caller, count: usize) -> anyhow::Result<Vec<String>> {
    let mut users = Vec::with_capacity(count);
    for _ in 0..count {
        let email = format!("stress-{}@example.com", Uuid::new_v4());
        let body = json!({"name": "Stress test", "email": email});
        let reply = caller
            .post(Endpoint::Booking, "/api/v1/users", &body)
            .await?;
        let made = made(reply, "a user")?;
        users.push(
            made["id"]
                .as_str()
                .context("a user without an id")?
                .to_owned(),
        );
    }
    Ok(users)
}

/// Whether event tickets can be booked there: an older booking-service has no such route.
pub async fn sells_events(caller: &mut Caller) -> anyhow::Result<bool> {
    let reply = caller
        .post(Endpoint::Booking, "/api/v1/bookings", &json!({}))
        .await?;
    Ok(!matches!(reply.status, 404 | 405))
}

pub async fn ticket_option(caller: &mut Caller, tickets: u64) -> anyhow::Result<Pool> {
    let attributes = json!({"name": "Stress test", "allocation": tickets});
    let body = json!({"data": {"type": "ticket_options", "attributes": attributes}});
    let reply = caller
        .post(Endpoint::Booking, "/ticket_options", &body)
        .await?;
    let id = made(reply, "a ticket option")?["data"]["id"]
        .as_str()
        .map(str::parse);
    let id: Uuid = id.context("a ticket option without an id")??;
    Ok(Pool::new(Products::TicketOption(id), tickets))
}

/// The schedule's airports and dates, to search in.
pub async fn network(caller: &mut Caller) -> anyhow::Result<Network> {
    let airports = airports(caller).await?;
    ensure!(
        airports.len() > 1,
        "flight-service has no airports: load a schedule"
    );
    let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    for (source, destination) in FLOWN_DAILY {
        let mut dates = Vec::new();
        for month in [today, today.saturating_add(1.month())] {
            let month = month.strftime("%Y-%m");
            let path = format!(
                "/api/flights/calendar?source={source}&destination={destination}&month={month}&max_stops=0"
            );
            let reply = caller.get(Endpoint::Flight, path).await?;
            let days = reply.body["days"].as_array().cloned().unwrap_or_default();
            let flown = days.iter().filter(|day| !day["price"].is_null());
            dates.extend(flown.filter_map(|day| Some(day["date"].as_str()?.to_owned())));
        }
        if !dates.is_empty() {
            return Ok(Network { airports, dates });
        }
    }
    bail!("no flights are found this month or next: load a schedule")
}

async fn airports(caller: &mut Caller) -> anyhow::Result<Vec<String>> {
    let reply = caller.get(Endpoint::Flight, format!("/api/airports?limit={AIRPORTS}"));
    let reply = reply.await?;
    let rows = reply.body["data"].as_array().cloned().unwrap_or_default();
    let codes = rows.iter().filter_map(|row| row["code"].as_str());
    Ok(codes.map(str::to_owned).collect())
}

fn made(reply: Reply, what: &str) -> anyhow::Result<Value> {
    if reply.status == 201 {
        Ok(reply.body)
    } else {
        bail!("{what} can't be made: {} {}", reply.status, reply.body)
    }
}
