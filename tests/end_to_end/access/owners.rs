//! Ownership: naming another customer is refused, another's resources are not found, and only the owner and
//! staff see who has a seat.

use anyhow::{Context as _, ensure};
use local_servers::service::Service;
use reqwest::Method;
use serde_json::{Value, json};
use test_stack::Servers;
use tokens::Role;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::world::{FL123, World, purchase_of};
use crate::databases::DAY;
use crate::services::AI101;
use test_stack::caller::SOON;

const ALICE: &str = "7";
const BOB: &str = "8";

#[tokio::test]
async fn nobody_acts_in_another_users_name() -> anyhow::Result<()> {
    let world = World::start().await?;
    let option = json!({"data": {"type": "ticket_options",
        "attributes": {"name": "Standing", "allocation": 100}}});
    let bookings = &world.services.bookings;
    let option = bookings.make("/ticket_options", &option).await?;
    let orders = format!("/api/flights/{FL123}/orders");
    let bob = world.customer(BOB)?;
    let agent = world.tokens.good("agnes", Role::Agent)?;
    let agent = world.services.bookings.bearing(&agent);
    for (path, body) in [
        (
            "/api/bookings",
            json!({"user_id": 7, "flight_id": AI101, "seats": 1, "date": DAY}),
        ),
        (
            "/api/orders",
            json!({"flight_id": AI101, "customer_id": 7, "seats": 1}),
        ),
        (&orders, json!({"userId": ALICE, "seats": ["A1"]})),
        ("/purchases", purchase_of(&option, ALICE)),
    ] {
        let refused = bob.request(Method::POST, path).json(&body).send().await?;
        ensure!(refused.status() == 403, "{path}: {}", refused.status());
        let granted = agent.request(Method::POST, path).json(&body).send().await?;
        ensure!(
            granted.status().is_success(),
            "{path}: {}",
            granted.status()
        );
    }
    Ok(())
}

/// All commands that Redis receives meanwhile.
struct Overheard {
    address: String,
    heard: BufReader<TcpStream>,
}

impl Overheard {
    async fn at(redis_url: &str) -> anyhow::Result<Self> {
        let address = redis_url.trim_start_matches("redis://").to_owned();
        let mut stream = TcpStream::connect(&address).await?;
        stream.write_all(b"MONITOR\r\n").await?;
        let mut heard = BufReader::new(stream);
        let mut line = String::new();
        heard.read_line(&mut line).await?;
        ensure!(line == "+OK\r\n", "{line}");
        Ok(Self { address, heard })
    }

    /// Everything received so far.
    async fn until_now(mut self) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(&self.address).await?;
        stream.write_all(b"PING that-was-all\r\n").await?;
        let mut text = String::new();
        while !text.contains("that-was-all") {
            let read = tokio::time::timeout(SOON, self.heard.read_line(&mut text));
            ensure!(read.await?? > 0, "Redis hung up");
        }
        Ok(text)
    }
}

#[tokio::test]
async fn order_ownership_comes_from_its_row_and_never_reaches_redis() -> anyhow::Result<()> {
    let world = World::start().await?;
    let redis = &world.services.settings.bookings.redis;
    let overheard = Overheard::at(Servers::shared().await?.redis_url()).await?;
    let travelers = json!([{"given_name": "Alicia", "family_name": "Quispe-Mamani",
        "born_on": "1990-02-03", "document": "XP7719385"}]);
    let order = json!({"userId": ALICE, "seats": ["A1"], "travelers": travelers});
    let path = format!("/api/flights/{FL123}/orders");
    let (alice, bob) = (world.customer(ALICE)?, world.customer(BOB)?);
    let order = alice.post(&path, &order).await?;
    ensure!(order.status == 201, "{order:?}");
    let id = order.body["orderId"].as_str().context("no order")?;
    let path = format!("/api/orders/{id}");
    for _ in 0..3 {
        let shown = alice.get(&path).await?;
        ensure!(shown.body["travelers"] == travelers, "{shown:?}");
    }
    let said = overheard.until_now().await?;
    ensure!(said.contains(&redis.key_prefix), "Redis was not asked");
    for personal in ["Quispe", "XP7719385", "1990-02-03"] {
        ensure!(!said.contains(personal), "{personal}");
    }

    // The row is another's now: nothing that was kept elsewhere lets the first one in.
    let sql = crate::sql::connect(&world.services.databases.bookings).await?;
    let given = "UPDATE bookings SET user_ref = $1 WHERE hold_id::text = $2";
    ensure!(sql.execute(given, &[&BOB, &id]).await? == 1);
    let payment = json!({"paymentCode": "12345"});
    ensure!(alice.get(&path).await?.status == 404);
    let paid = alice.post(&format!("{path}/payment"), &payment).await?;
    ensure!(paid.status == 404, "{paid:?}");
    ensure!(alice.delete(&path).await?.status == 404);
    ensure!(bob.get(&path).await?.status == 200);
    ensure!(bob.delete(&path).await?.status == 200);
    Ok(())
}

#[tokio::test]
async fn only_its_owner_and_staff_see_who_has_a_seat() -> anyhow::Result<()> {
    let world = World::start().await?;
    let order = json!({"userId": ALICE, "seats": ["A1"]});
    let path = format!("/api/flights/{FL123}/orders");
    let order = world.customer(ALICE)?.post(&path, &order).await?;
    let id = order.body["orderId"].clone();
    let agent = world.tokens.good("agnes", Role::Agent)?;
    let path = format!("/api/flights/{FL123}/seats");
    let nothing = (Value::Null, Value::Null);
    let known = (id.clone(), json!(ALICE));
    for (name, service, token, told) in [
        ("nobody", Service::Booking, None, &nothing),
        (
            "bob",
            Service::Booking,
            Some(world.tokens.good(BOB, Role::Customer)?),
            &nothing,
        ),
        (
            "alice",
            Service::Booking,
            Some(world.tokens.good(ALICE, Role::Customer)?),
            &known,
        ),
        ("agent", Service::Booking, Some(agent.clone()), &known),
        ("nobody", Service::Flight, None, &nothing),
        (
            "alice",
            Service::Flight,
            Some(world.tokens.good(ALICE, Role::Customer)?),
            &nothing,
        ),
        ("agent", Service::Flight, Some(agent), &(id, Value::Null)),
    ] {
        let mut request = world.http.get(world.url(service, &path)).timeout(SOON);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let map: Value = request.send().await?.json().await?;
        let seat = &map["seats"][0];
        ensure!(
            seat["seatNumber"] == "A1" && seat["status"] == "RESERVED",
            "{seat}"
        );
        let shown = (seat["reservedBy"].clone(), seat["userId"].clone());
        ensure!(shown == *told, "{name} at {service:?}: {seat}");
    }
    for (token, told) in [
        (None, false),
        (Some(world.tokens.good(ALICE, Role::Customer)?), false),
        (Some(world.tokens.good("agnes", Role::Agent)?), true),
    ] {
        let url = world.url(Service::Booking, &format!("{path}/stream"));
        let mut request = world.http.get(url).timeout(SOON);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let mut events = request.send().await?;
        let mut text = Vec::new();
        while !text.ends_with(b"\n\n") {
            let more = events.chunk().await?;
            text.extend(more.context("the stream ended within its first event")?);
        }
        let text = String::from_utf8(text)?;
        ensure!(text.contains("RESERVED"), "{text}");
        ensure!(text.contains("reservedBy") == told, "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn idempotency_keys_belong_to_one_customer() -> anyhow::Result<()> {
    let world = World::start().await?;
    let mut ids = Vec::new();
    for (subject, number) in [(ALICE, 7), (BOB, 8), (ALICE, 7)] {
        let body = json!({"user_id": number, "flight_id": AI101, "seats": 1, "date": DAY});
        let answer = world.customer(subject)?.book_keyed("k", &body).await?;
        ensure!(answer.status == 200, "{answer:?}");
        ids.push(answer.body["booking_id"].clone());
    }
    ensure!(ids[0] != ids[1] && ids[0] == ids[2], "{ids:?}");
    Ok(())
}
