//! Every call that creates or charges, under an Idempotency-Key: the key is bound to the whole request, and a
//! replay gets the first answer, whatever happened since.

use anyhow::{Context as _, ensure};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use service_core::idempotency::RequestKey;

use crate::databases::DAY;
use crate::events::id_in;
use crate::invariants::check_invariants;
use crate::ordering::FLIGHT;
use crate::services::{AI101, Services, booking_of};
use crate::sql::{connect, count};
use test_stack::caller::{Answer, Caller};

/// A call, a body, and another body.
struct Call {
    service: Caller,
    path: String,
    other_path: Option<String>,
    body: Value,
    other_body: Value,
}

fn flight(number: &str) -> Value {
    json!({"flight_number": number, "source": "DEL", "destination": "BOM", "total_seats": 30,
        "departure_time": "2031-02-15T06:00:00Z", "arrival_time": "2031-02-15T08:00:00Z",
        "price": 100, "currency": "INR"})
}

fn purchase(option: &str, quantity: i64) -> Value {
    json!({"data": {"type": "purchases", "attributes": {"quantity": quantity}, "relationships": {
        "ticket_option": {"data": {"type": "ticket_options", "id": option}},
        "user": {"data": {"type": "users", "id": "7"}},
    }}})
}

fn option(allocation: i64) -> Value {
    json!({"data": {"type": "ticket_options",
        "attributes": {"name": "Standing", "description": "", "allocation": allocation}}})
}

fn charge(amount: i64) -> Value {
    json!({"booking_id": 1, "amount": amount, "user_id": 1, "payment_type": "upi"})
}

async fn calls(services: &Services) -> anyhow::Result<Vec<Call>> {
    let (bookings, flights, payments) = (&services.bookings, &services.flights, &services.payments);
    let show = services.show(10).await?;
    let ticket_option = bookings.make("/ticket_options", &option(10)).await?;
    let orders = [
        services.order("alice", &["A1"]).await?,
        services.order("bob", &["A2"]).await?,
    ];
    let mut charges = Vec::new();
    for _ in 0..2 {
        let made = payments.post("/api/payments/process", &charge(10)).await?;
        charges.push(
            made.body["payment_id"]
                .as_str()
                .context("no charge")?
                .to_owned(),
        );
    }
    let event = |name: &str| {
        json!({"name": name, "description": "", "date_time": "2031-07-10T19:30:00Z",
            "total_tickets": 5, "ticket_price": 10})
    };
    let user = |name: &str| json!({"name": name, "email": format!("{name}@example.org")});
    let voucher = |code: &str| json!({"code": code, "percent_off": 25, "max_uses": 3});
    let tickets =
        |quantity: i64| json!({"user_id": show.user, "event_id": show.event, "quantity": quantity});
    let seats = |seats: i64| json!({"flight_id": AI101, "seats": seats, "date": DAY});
    let call = |service: &Caller, path: &str, body: Value, other_body: Value| Call {
        service: service.clone(),
        path: path.to_owned(),
        other_path: None,
        body,
        other_body,
    };
    let simple = |seats: i64| json!({"flight_id": AI101, "customer_id": 7, "seats": seats});
    let order = |seat: &str| json!({"userId": "carol", "seats": [seat]});
    let code = |code: &str| json!({"paymentCode": code});
    let amount = |amount: i64| json!({"amount": amount});
    let mut calls = vec![
        call(
            bookings,
            "/api/bookings",
            booking_of(AI101, 1),
            booking_of(AI101, 2),
        ),
        call(bookings, "/api/orders", simple(1), simple(2)),
        call(bookings, "/api/v1/events", event("Gala"), event("Ball")),
        call(bookings, "/api/v1/users", user("carol"), user("dave")),
        call(
            bookings,
            "/api/v1/vouchers",
            voucher("SPRING"),
            voucher("SUMMER"),
        ),
        call(bookings, "/api/v1/bookings", tickets(1), tickets(2)),
        call(bookings, "/ticket_options", option(5), option(6)),
        call(
            bookings,
            "/purchases",
            purchase(&ticket_option, 1),
            purchase(&ticket_option, 2),
        ),
        call(flights, "/api/flights", flight("AI901"), flight("AI902")),
        call(flights, "/api/flights/seats/decrement", seats(2), seats(1)),
        call(flights, "/api/flights/seats/increment", seats(1), seats(2)),
        call(payments, "/api/payments/process", charge(20), charge(21)),
        call(
            payments,
            "/api/payments/simulate/success",
            charge(20),
            charge(21),
        ),
        call(
            payments,
            "/api/payments/simulate/failure",
            charge(20),
            charge(21),
        ),
        call(
            payments,
            "/api/payments/simulate/timeout",
            charge(20),
            charge(21),
        ),
    ];
    let with_path = |service: &Caller, paths: [String; 2], bodies: [Value; 2]| {
        let ([path, other_path], [body, other_body]) = (paths, bodies);
        Call {
            service: service.clone(),
            path,
            other_path: Some(other_path),
            body,
            other_body,
        }
    };
    let of_orders = [0, 1].map(|index: usize| format!("/api/orders/{}/payment", orders[index].id));
    let of_charges = [0, 1].map(|index: usize| format!("/api/payments/{}/refunds", charges[index]));
    calls.extend([
        with_path(
            bookings,
            [FLIGHT, "1"].map(|flight| format!("/api/flights/{flight}/orders")),
            [order("B1"), order("B2")],
        ),
        with_path(bookings, of_orders, [code("12345"), code("54321")]),
        with_path(payments, of_charges, [amount(1), amount(2)]),
    ]);
    Ok(calls)
}

/// The same JSON in other bytes: reversed field order, added spaces, and no null fields.
fn respelled(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .rev()
                .map(|(name, value)| format!(" {} : {} ", json!(name), respelled(value)))
                .collect();
            format!("{{{}}}", fields.join(",\n"))
        }
        plain => plain.to_string(),
    }
}

impl Call {
    async fn ask(&self, key: &str) -> anyhow::Result<Answer> {
        self.service.post_keyed(&self.path, key, &self.body).await
    }

    async fn ask_twice_keyed(&self) -> anyhow::Result<Answer> {
        let request = self.service.request(Method::POST, &self.path);
        let request = request
            .header("idempotency-key", "k")
            .header("idempotency-key", "k");
        self.service.send(request.json(&self.body)).await
    }

    async fn ask_respelled(&self, key: &str) -> anyhow::Result<Answer> {
        let request = self.service.request(Method::POST, &self.path);
        let request = request.header(CONTENT_TYPE, "application/json");
        let request = request.header("idempotency-key", key);
        self.service.send(request.body(respelled(&self.body))).await
    }
}

/// Status and code, in JSON:API too.
fn code_of(answer: &Answer) -> String {
    let code = [&answer.body["code"], &answer.body["errors"][0]["code"]];
    let code = code.into_iter().find_map(Value::as_str);
    format!("{} {}", answer.status, code.unwrap_or("-"))
}

#[tokio::test]
async fn a_key_is_bound_to_the_whole_request() -> anyhow::Result<()> {
    let services = Services::start().await?;
    for (index, call) in calls(&services).await?.into_iter().enumerate() {
        let (path, key) = (&call.path, format!("key {index}"));
        let twice = call.ask_twice_keyed().await?;
        assert_eq!(code_of(&twice), "400 invalid_idempotency_key", "{path}");
        let first = call.ask(&key).await?;
        assert!(!first.is_replayed(), "{path}: {}", first.text);
        assert!(
            matches!(first.status, 200 | 201 | 408),
            "{path}: {}",
            first.text
        );
        for again in [call.ask(&key).await?, call.ask_respelled(&key).await?] {
            assert_eq!(
                (again.status, &again.text),
                (first.status, &first.text),
                "{path}"
            );
            assert!(again.is_replayed(), "{path}");
            assert_eq!(again.header("location"), first.header("location"), "{path}");
        }
        let service = &call.service;
        let mut others = vec![service.post_keyed(path, &key, &call.other_body).await?];
        if let Some(other) = &call.other_path {
            others.push(service.post_keyed(other, &key, &call.body).await?);
        }
        for other in others {
            assert_eq!(
                code_of(&other),
                "422 idempotency_key_reused",
                "{path}: {}",
                other.text
            );
        }
        // An unknown query is refused, or makes another request.
        let asked = service
            .post_keyed(&format!("{path}?a=1"), &key, &call.body)
            .await?;
        assert!(matches!(asked.status, 400 | 422), "{path}: {}", asked.text);
    }
    Ok(())
}

#[tokio::test]
async fn a_replay_repeats_the_first_answer() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let bookings = &services.bookings;
    let booked = bookings.book_keyed("k", &booking_of(AI101, 2)).await?;
    assert_eq!(booked.status, 200);
    let id = booked.body["booking_id"]
        .as_i64()
        .context("no booking_id")?;
    assert_eq!(bookings.cancel(id).await?.status, 200);
    let again = bookings.book_keyed("k", &booking_of(AI101, 2)).await?;
    assert_eq!((again.status, &again.text), (200, &booked.text));
    assert!(again.is_replayed());
    assert_eq!(bookings.look(id).await?.body["status"], "cancelled");

    // An order that was since changed, paid and cancelled.
    let path = format!("/api/flights/{FLIGHT}/orders");
    let body = json!({"userId": "alice", "seats": ["A1"]});
    let made = bookings.post_keyed(&path, "k", &body).await?;
    assert_eq!(made.body["status"], "SEATS_RESERVED");
    let order = crate::ordering::Order {
        id: made.body["orderId"]
            .as_str()
            .context("no orderId")?
            .to_owned(),
        made: made.clone(),
    };
    assert_eq!(services.change(&order, &["B1"]).await?.status, 200);
    let payment = format!("/api/orders/{}/payment", order.id);
    let code = json!({"paymentCode": "12345"});
    let paid = bookings.post_keyed(&payment, "k", &code).await?;
    services.wait_for_status(&order, "CONFIRMED").await?;
    assert_eq!(services.give_up(&order).await?.status, 200);
    for (path, body, first) in [(&path, &body, &made), (&payment, &code, &paid)] {
        let again = bookings.post_keyed(path, "k", body).await?;
        assert_eq!((again.status, &again.text), (first.status, &first.text));
        assert!(again.is_replayed());
    }
    Ok(())
}

#[tokio::test]
async fn a_replay_ignores_later_changes_and_deletions() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let (bookings, flights) = (&services.bookings, &services.flights);
    let show = services.show(10).await?;
    let event = json!({"name": "Gala", "description": "", "date_time": "2031-07-10T19:30:00Z",
        "total_tickets": 5, "ticket_price": 10});
    let user = json!({"name": "carol", "email": "carol@example.org"});
    let signed_up =
        json!({"name": "dave", "email": "dave@example.org", "password": "correct horse"});
    let voucher = json!({"code": "SPRING", "percent_off": 25, "max_uses": 3});
    let tickets =
        json!({"user_id": show.user, "event_id": show.event, "quantity": 1, "voucher": "SPRING"});
    let plain = json!({"flight_id": AI101, "customer_id": 7, "seats": 1});
    let flight = flight("AI901");
    let calls = [
        (bookings, "/api/v1/events", &event),
        (bookings, "/api/v1/users", &user),
        (bookings, "/api/v1/users", &signed_up),
        (bookings, "/api/v1/vouchers", &voucher),
        (bookings, "/api/v1/bookings", &tickets),
        (bookings, "/api/orders", &plain),
        (flights, "/api/flights", &flight),
    ];
    let mut firsts = Vec::new();
    for (index, (service, path, body)) in calls.iter().enumerate() {
        let first = service.post_keyed(path, &format!("k{index}"), body).await?;
        ensure!(first.status == 201, "{path}: {}", first.text);
        firsts.push(first);
    }
    let remove = async |service: &Caller, path: String| {
        let request = service.request(Method::DELETE, &path);
        service.send(request).await.map(|answer| answer.status)
    };
    // Since then the event was changed and deleted, both users deleted, the flight's price raised, and
    // everything paid or cancelled.
    let event_path = format!("/api/v1/events/{}", id_in(&firsts[0])?);
    let changed = bookings.put(&event_path, &json!({"name": "Ball"})).await?;
    assert_eq!(changed.status, 200);
    assert_eq!(remove(bookings, event_path).await?, 204);
    for user in [1, 2] {
        let path = format!("/api/v1/users/{}", id_in(&firsts[user])?);
        assert_eq!(remove(bookings, path).await?, 204);
    }
    services
        .tickets_are(&id_in(&firsts[4])?, "CONFIRMED")
        .await?;
    let flight_path = format!("/api/flights/{}", firsts[6].body["id"]);
    let request = flights.request(Method::PATCH, &flight_path);
    let dearer = flights.send(request.json(&json!({"price": 999}))).await?;
    assert_eq!(dearer.status, 200);
    let reset = format!("/api/admin/flights/{AI101}/reset");
    assert_eq!(bookings.post(&reset, &json!({})).await?.status, 200);

    for (index, ((service, path, body), first)) in calls.iter().zip(&firsts).enumerate() {
        let again = service.post_keyed(path, &format!("k{index}"), body).await?;
        assert_eq!((again.status, &again.text), (201, &first.text), "{path}");
        assert!(again.is_replayed(), "{path}");
    }
    let users = "SELECT count(*) FROM users WHERE name IN ('carol', 'dave')";
    assert_eq!(count(&services.databases.bookings, users).await?, 0);
    // The password is part of the request.
    let mut other = signed_up.clone();
    other["password"] = json!("another horse");
    let other = bookings.post_keyed("/api/v1/users", "k2", &other).await?;
    assert_eq!(other.summary(), "422 idempotency_key_reused");
    Ok(())
}

#[tokio::test]
async fn a_conflict_leaves_the_key_free() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let order = json!({"flight_id": AI101, "customer_id": 7, "seats": 130});
    let taken = json!({"flight_id": AI101, "customer_id": 8, "seats": 1});
    let taken = services.bookings.post("/api/orders", &taken).await?;
    assert_eq!(taken.status, 201);
    let refused = services
        .bookings
        .post_keyed("/api/orders", "k", &order)
        .await?;
    assert_eq!(refused.summary(), "409 sold_out");
    let reset = format!("/api/admin/flights/{AI101}/reset");
    assert_eq!(
        services.bookings.post(&reset, &json!({})).await?.status,
        200
    );
    let made = services
        .bookings
        .post_keyed("/api/orders", "k", &order)
        .await?;
    assert_eq!(
        (made.status, made.is_replayed()),
        (201, false),
        "{}",
        made.text
    );
    assert!(
        services
            .bookings
            .post_keyed("/api/orders", "k", &order)
            .await?
            .is_replayed()
    );
    Ok(())
}

/// After an asynchronous failover the last bookings may be lost, with their seats held and charged.
#[tokio::test]
async fn a_retry_of_a_lost_booking_pays_once() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let bookings = &services.bookings;
    let first = bookings.book_keyed("k", &booking_of(AI101, 2)).await?;
    assert_eq!(first.status, 200);
    let sql = connect(&services.databases.bookings).await?;
    sql.batch_execute("DELETE FROM booking_legs; DELETE FROM bookings")
        .await?;
    // Its remains are reversed.
    let again = bookings.book_keyed("k", &booking_of(AI101, 2)).await?;
    assert_eq!(again.summary(), "400 interrupted");
    let anew = bookings.book_keyed("k", &booking_of(AI101, 2)).await?;
    assert_eq!(
        (anew.status, anew.is_replayed()),
        (200, false),
        "{}",
        anew.text
    );
    check_invariants(&services.databases).await?;
    assert_eq!(services.free_seats(AI101).await?, 128);
    let kept = "SELECT count(*) FROM charges WHERE status = 'success' AND refunded_minor = 0";
    assert_eq!(count(&services.databases.payments, kept).await?, 1);

    // Lost tickets are lost with their hold: the existing charge pays for the new booking.
    let show = services.show(10).await?;
    let tickets = json!({"user_id": show.user, "event_id": show.event, "quantity": 2});
    let key = RequestKey {
        key: "POST /api/v1/bookings k".to_owned(),
        digest: [0; 32],
    };
    let lost = key.id().to_string();
    let charge = json!({"booking_id": lost, "reference": lost, "amount": 151, "currency": "USD",
        "user_id": show.user, "payment_type": "credit_card"});
    let payments = &services.payments;
    let process = "/api/payments/process";
    let charged = payments
        .post_keyed(process, &format!("booking {lost}/1"), &charge)
        .await?;
    assert_eq!(charged.status, 200);
    let booked = bookings
        .post_keyed("/api/v1/bookings", "k", &tickets)
        .await?;
    assert_eq!(id_in(&booked)?, lost);
    services.tickets_are(&lost, "CONFIRMED").await?;
    assert_eq!(count(&services.databases.payments, kept).await?, 2);
    Ok(())
}
