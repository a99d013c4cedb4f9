//! Event streams: their limits, their ends, and that watchers of a flight share one upstream stream.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use service_core::settings::AuthMode;
use test_stack::wait_until;
use tokens::sign::Grant;
use tokens::{Role, Signer};
use uuid::Uuid;

use crate::replicas::Replica;
use crate::services::Services;
use test_stack::caller::{Answer, SOON};

const FLIGHT: i64 = 17;
const STREAM: &str = "/api/flights/17/seats/stream";

fn token_of(subject: &str, role: Role, lifetime: Duration) -> anyhow::Result<String> {
    let grant = Grant {
        issuer: "holdfast",
        audience: "holdfast",
        subject,
        role,
        lifetime,
    };
    let signer = Signer::from_secret("s".repeat(32).as_bytes())?;
    Ok(signer.sign(&grant, Timestamp::now())?)
}

/// A stream's next chunk; `None` at its end.
async fn next(stream: &mut Response) -> anyhow::Result<Option<String>> {
    let piece = tokio::time::timeout(SOON, stream.chunk()).await??;
    Ok(piece.map(|piece| String::from_utf8_lossy(&piece).into_owned()))
}

/// Reads a stream to its end.
async fn ends(stream: &mut Response) -> anyhow::Result<()> {
    while next(stream).await?.is_some() {}
    Ok(())
}

#[tokio::test]
async fn streams_per_client_and_address_are_limited() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let replica = Replica::of_flights(&services, |settings| {
        settings.auth.mode = AuthMode::Required;
        settings.auth.secret = Some("s".repeat(32).into());
        settings.streams.per_client = 2;
        settings.streams.per_address = 3;
    })
    .await?;
    let mut open = Vec::new();
    let mut watch = async |subject: &str, role: Role| {
        let caller = replica.caller.bearing(&token_of(subject, role, SOON)?);
        let answer = caller.request(Method::GET, STREAM).send().await?;
        if answer.status().as_u16() == 200 {
            open.push(answer);
            return anyhow::Ok("200 -".to_owned());
        }
        ensure!(answer.headers().contains_key("retry-after"), "{answer:?}");
        Ok(Answer::of(answer).await?.summary())
    };
    for (subject, expected) in [
        ("asha", "200 -"),
        ("asha", "200 -"),
        ("asha", "429 too_many_streams"),
        ("ben", "200 -"),
        ("ben", "429 too_many_streams"),
    ] {
        assert_eq!(watch(subject, Role::Agent).await?, expected, "{subject}");
    }
    // Services watch for many clients, and other addresses have their own limit.
    assert_eq!(watch("booking-service", Role::Service).await?, "200 -");
    let elsewhere = Client::builder().local_address("127.0.0.2".parse::<std::net::IpAddr>().ok());
    let elsewhere = elsewhere
        .build()?
        .get(replica.caller.url(STREAM))
        .send()
        .await?;
    assert_eq!(elsewhere.status().as_u16(), 200);
    // A client at its limit of streams still has its other requests answered.
    assert_eq!(replica.caller.get("/api/flights/1").await?.status, 200);
    replica.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_stream_ends_with_its_token_or_its_time() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let with = async |lifetime| {
        Replica::of_flights(&services, |settings| {
            settings.auth.mode = AuthMode::Required;
            settings.auth.secret = Some("s".repeat(32).into());
            settings.auth.clock_skew = Duration::ZERO;
            settings.streams.lifetime = lifetime;
        })
        .await
    };
    let brief = with(Duration::from_millis(300)).await?;
    let mut stream = brief.caller.request(Method::GET, STREAM).send().await?;
    ensure!(next(&mut stream).await?.is_some());
    ends(&mut stream).await?;
    let long = with(Duration::from_secs(3600)).await?;
    let token = token_of("ada", Role::Admin, Duration::from_secs(2))?;
    let admin = long.caller.bearing(&token);
    let mut stream = admin.request(Method::GET, STREAM).send().await?;
    ensure!(next(&mut stream).await?.is_some());
    ends(&mut stream).await?;
    brief.stop().await?;
    long.stop().await?;
    Ok(())
}

/// flight-service allows this address one stream: all of booking-service's clients share it.
#[tokio::test]
async fn watchers_of_a_flight_share_one_stream() -> anyhow::Result<()> {
    let services =
        Services::start_with(|settings| settings.flights.streams.per_address = 1).await?;
    let mut streams = Vec::new();
    for path in [STREAM, STREAM, STREAM] {
        let stream = services.bookings.request(Method::GET, path).send().await?;
        streams.push(stream.error_for_status()?);
    }
    let mut versions = Vec::new();
    for stream in &mut streams {
        let first = event(stream).await?;
        assert_eq!(first["complete"], true);
        assert_eq!(first["seats"].as_array().map(Vec::len), Some(30));
        versions.push(first["version"].clone());
    }
    let order = json!({"userId": "alice", "seats": ["B1", "B2"]});
    let path = format!("/api/flights/{FLIGHT}/orders");
    let order = services.bookings.post(&path, &order).await?;
    assert_eq!(order.status, 201, "{order:?}");
    for stream in &mut streams {
        let change = event(stream).await?;
        assert_eq!(change["complete"], false);
        assert_eq!(change["seats"].as_array().map(Vec::len), Some(2));
        versions.push(change["version"].clone());
    }
    assert_eq!(versions[0], versions[2]);
    // A client that reconnects with its version gets the changes since; a new one gets all seats.
    let back = services.bookings.request(Method::GET, STREAM);
    let back = back.header("last-event-id", versions[5].to_string());
    let mut back = back.send().await?.error_for_status()?;
    ensure!(
        next(&mut back)
            .await?
            .is_some_and(|text| text.contains("nothing was missed"))
    );
    let mut late = services
        .bookings
        .request(Method::GET, STREAM)
        .send()
        .await?;
    let all = event(&mut late).await?;
    assert_eq!(
        (&all["complete"], &all["version"]),
        (&json!(true), &versions[5])
    );
    assert_eq!(all["seats"][10]["status"], "RESERVED");
    let id = order.body["orderId"].as_str().context("no order")?;
    let ended = services
        .bookings
        .delete(&format!("/api/orders/{id}"))
        .await?;
    assert_eq!(ended.status, 200);
    for stream in streams.iter_mut().chain([&mut back, &mut late]) {
        let change = event(stream).await?;
        assert_eq!(change["complete"], false, "{change}");
    }
    // Another flight is refused, until nobody watches the first.
    let unknown = format!("/api/flights/{}/seats/stream", Uuid::nil());
    let refused = services.bookings.get(&unknown).await?;
    assert_eq!(refused.summary(), "503 unavailable");
    drop((streams, back, late));
    wait_until("there is room for another flight", SOON, async || {
        let answer = services.bookings.get(&unknown).await;
        answer.is_ok_and(|answer| answer.summary() == "404 unknown_flight")
    })
    .await?;
    Ok(())
}

/// The data of the next event.
async fn event(stream: &mut Response) -> anyhow::Result<Value> {
    let mut text = String::new();
    loop {
        if let Some((event, _)) = text.split_once("\n\n") {
            let data = event.lines().find_map(|line| line.strip_prefix("data: "));
            if let Some(data) = data {
                return Ok(serde_json::from_str(data)?);
            }
            text.clear();
        }
        text += &next(stream).await?.context("the stream ended")?;
    }
}
