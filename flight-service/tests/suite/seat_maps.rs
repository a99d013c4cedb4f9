//! Seat maps and their event stream.

use anyhow::{Context as _, ensure};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use test_stack::wait_until;
use uuid::Uuid;

use crate::holds::{hold, turn};
use crate::support::{AI101, FL123, TestService};
use test_stack::caller::{Caller, SOON};

/// Holds named seats and returns the hold's id.
async fn hold_seats(caller: &Caller, seats: &[&str]) -> anyhow::Result<Uuid> {
    let id = Uuid::new_v4();
    let legs = json!([{"flight_id": FL123, "seats": seats}]);
    let answer = hold(caller, &json!({"id": id, "owner": "alice", "legs": legs})).await?;
    ensure!(answer.status == 201, "{}", answer.text);
    Ok(id)
}

/// Reads a stream of server-sent events.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    async fn open(caller: &Caller, last_event_id: Option<i64>) -> anyhow::Result<Self> {
        let mut request =
            caller.request(Method::GET, &format!("/api/flights/{FL123}/seats/stream"));
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await?.error_for_status()?;
        let media_type = response
            .headers()
            .get("content-type")
            .context("no media type")?;
        ensure!(media_type == "text/event-stream", "{media_type:?}");
        Ok(Self {
            response,
            text: String::new(),
        })
    }

    /// The next block of the stream: an event or a comment.
    async fn block(&mut self) -> anyhow::Result<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Ok(block);
            }
            let chunk = tokio::time::timeout(SOON, self.response.chunk()).await??;
            self.text += std::str::from_utf8(&chunk.context("the stream ended")?)?;
        }
    }

    /// Id and data of the next event.
    async fn event(&mut self) -> anyhow::Result<(i64, Value)> {
        let block = self.block().await?;
        let (id, data) = block.split_once('\n').with_context(|| block.clone())?;
        let id = id.strip_prefix("id: ").context("no id")?.parse()?;
        let data = serde_json::from_str(data.strip_prefix("data: ").context("no data")?)?;
        Ok((id, data))
    }
}

/// Numbers and statuses of the seats in an answer or event.
fn statuses(body: &Value) -> Vec<String> {
    let seats = body["seats"].as_array().cloned().unwrap_or_default();
    seats
        .iter()
        .map(|seat| {
            let text = |name: &str| seat[name].as_str().unwrap_or_default().to_owned();
            format!("{} {}", text("seatNumber"), text("status"))
        })
        .collect()
}

#[tokio::test]
async fn a_seat_map_shows_who_has_what() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let held = hold_seats(caller, &["A2", "A1"]).await?;
    let sold = hold_seats(caller, &["C10"]).await?;
    turn(caller, sold, "confirm").await?;
    let map = caller.get("/api/flights/FL123/seats").await?;
    assert_eq!((map.status, &map.body["flightId"]), (200, &json!("FL123")));
    let all = statuses(&map.body);
    assert_eq!(all.len(), 30);
    assert_eq!(all[..3], ["A1 RESERVED", "A2 RESERVED", "A3 AVAILABLE"]);
    assert_eq!(all[29], "C10 BOOKED");
    assert_eq!(map.body["seats"][0]["seatId"], "17-A1");
    assert_eq!(map.body["seats"][0]["reservedBy"], "alice");
    assert!(map.body["seats"][0]["reservedAt"].is_string());
    assert_eq!(map.body["seats"][2]["reservedBy"], Value::Null);
    turn(caller, held, "release").await?;
    let map = caller.get("/api/flights/17/seats").await?;
    assert_eq!(statuses(&map.body)[0], "A1 AVAILABLE");
    assert_eq!(map.body["flightId"], "17");
    Ok(())
}

#[tokio::test]
async fn a_flight_without_a_seat_map_has_no_named_seats() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let map = service
        .caller
        .get(&format!("/api/flights/{AI101}/seats"))
        .await?;
    assert_eq!((map.status, &map.body["seats"]), (200, &json!([])));
    for unknown in ["999999", "XX999", "nonsense-"] {
        let answer = service
            .caller
            .get(&format!("/api/flights/{unknown}/seats"))
            .await?;
        assert_eq!(answer.summary(), "404 unknown_flight", "{unknown}");
    }
    Ok(())
}

#[tokio::test]
async fn a_stream_tells_all_seats_and_then_those_that_change() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let mut events = Events::open(caller, None).await?;
    let (first, all) = events.event().await?;
    assert_eq!(
        (all["complete"].clone(), statuses(&all).len()),
        (json!(true), 30)
    );
    let id = hold_seats(caller, &["B1", "B2"]).await?;
    let (second, change) = events.event().await?;
    assert!(second > first);
    assert_eq!(change["complete"], false);
    assert_eq!(statuses(&change), ["B1 RESERVED", "B2 RESERVED"]);
    turn(caller, id, "confirm").await?;
    let (_, change) = events.event().await?;
    assert_eq!(statuses(&change), ["B1 BOOKED", "B2 BOOKED"]);
    turn(caller, id, "release").await?;
    let (last, change) = events.event().await?;
    assert_eq!(statuses(&change), ["B1 AVAILABLE", "B2 AVAILABLE"]);

    // A returning client that missed nothing is not sent everything again.
    drop(events);
    let mut events = Events::open(caller, Some(last)).await?;
    assert!(events.block().await?.starts_with(':'));
    hold_seats(caller, &["A1"]).await?;
    assert_eq!(statuses(&events.event().await?.1), ["A1 RESERVED"]);

    // One that missed something is.
    let mut events = Events::open(caller, Some(first)).await?;
    let (_, all) = events.event().await?;
    assert_eq!(
        (all["complete"].clone(), statuses(&all).len()),
        (json!(true), 30)
    );
    Ok(())
}

#[tokio::test]
async fn a_stream_hears_of_another_replica() -> anyhow::Result<()> {
    let prefix = test_stack::Servers::shared().await?.unique_key_prefix();
    let service =
        TestService::start_with(|settings| settings.redis.key_prefix.clone_from(&prefix)).await?;
    let other = service.replica(&prefix).await?;
    let mut events = Events::open(&service.caller, None).await?;
    events.event().await?;
    hold_seats(&other.caller, &["C3"]).await?;
    assert_eq!(statuses(&events.event().await?.1), ["C3 RESERVED"]);
    let free = || async {
        service
            .caller
            .free_seats(FL123)
            .await
            .is_ok_and(|free| free == 29)
    };
    wait_until("the other replica's sale is seen", SOON, async || {
        free().await
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn an_expired_hold_frees_its_seats_on_the_stream() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_millis(700);
    let mut events = Events::open(caller, None).await?;
    events.event().await?;
    let legs = json!([{"flight_id": FL123, "seats": ["A5"]}]);
    let body = json!({"id": Uuid::new_v4(), "owner": "bob", "legs": legs, "expires_at": soon});
    assert_eq!(hold(caller, &body).await?.status, 201);
    assert_eq!(statuses(&events.event().await?.1), ["A5 RESERVED"]);
    assert_eq!(statuses(&events.event().await?.1), ["A5 AVAILABLE"]);
    Ok(())
}
