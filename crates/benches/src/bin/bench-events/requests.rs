//! What is asked of booking-service.

use anyhow::{Context as _, ensure};
use loadgen::http::{Connection, Request, Target};
use serde_json::{Value, json};

/// Number of users that bookings are spread over.
const USERS: usize = 100;

/// The most that an option can have: no run sells it out.
const ALLOCATION: i32 = i32::MAX;

/// Creates users, and returns their ids.
pub async fn users(target: Target) -> anyhow::Result<Vec<String>> {
    let mut users = Vec::with_capacity(USERS);
    for number in 0..USERS {
        let body = json!({"name": "Ann", "email": format!("ann{number}@example.org")});
        let made = made(target, "/api/v1/users", &body).await?;
        users.push(made["id"].as_str().context("no id")?.to_owned());
    }
    Ok(users)
}

/// Creates an event, and returns its id.
pub async fn event(target: Target, tickets: u32) -> anyhow::Result<String> {
    let body = json!({
        "name": "Hot", "date_time": "2099-01-01T20:00:00Z", "total_tickets": tickets,
        "ticket_price": 75.5,
    });
    let made = made(target, "/api/v1/events", &body).await?;
    Ok(made["id"].as_str().context("no id")?.to_owned())
}

/// Creates a ticket option, and returns its id.
pub async fn ticket_option(target: Target) -> anyhow::Result<String> {
    let attributes = json!({"name": "Standing", "allocation": ALLOCATION});
    let body = json!({"data": {"type": "ticket_options", "attributes": attributes}});
    let made = made(target, "/ticket_options", &body).await?;
    Ok(made["data"]["id"].as_str().context("no id")?.to_owned())
}

/// A booking of one ticket of an event.
pub fn booking(event: &str, users: &[String]) -> Request {
    let user = users.get(rand::random_range(0..users.len()));
    let user = user.map_or("", String::as_str);
    let body = format!(r#"{{"user_id":"{user}","event_id":"{event}","quantity":1}}"#);
    Request::post_json("/api/v1/bookings", body)
}

/// A purchase of one ticket.
pub fn purchase(option: &str) -> Request {
    let user = rand::random_range(1..=100_000_u32);
    let body = format!(
        r#"{{"data":{{"type":"purchases","attributes":{{"quantity":1}},"relationships":{{"ticket_option":{{"data":{{"type":"ticket_options","id":"{option}"}}}},"user":{{"data":{{"type":"users","id":"{user}"}}}}}}}}}}"#
    );
    Request::post_json("/purchases", body)
}

/// The size of a purchase's answer. Buys a ticket.
pub async fn purchase_bytes(target: Target, option: &str) -> anyhow::Result<usize> {
    let mut connection = Connection::open(target).await?;
    let answer = connection.send(&purchase(option)).await?;
    ensure!(
        answer.status == 201,
        "a purchase is answered {}",
        answer.status
    );
    Ok(answer.body.len())
}

/// Creates a resource, and returns the answer.
async fn made(target: Target, path: &'static str, body: &Value) -> anyhow::Result<Value> {
    let mut connection = Connection::open(target).await?;
    let request = Request::post_json(path, body.to_string());
    let answer = connection.send(&request).await?;
    ensure!(answer.status == 201, "{path} answered {}", answer.status);
    Ok(serde_json::from_slice(answer.body)?)
}
