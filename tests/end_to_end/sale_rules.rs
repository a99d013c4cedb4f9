//! Rules for customers that don't bind staff: the cancellation cutoff, and the limits of unpaid orders.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use booking_service::settings::CustomerSettings;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use test_stack::{wait_for, wait_until};
use tokens::Role;

use crate::access::world::World;
use crate::events::id_in;
use crate::gated::Gated;
use crate::ordering::FLIGHT;
use crate::replicas::Replica;
use crate::services::Services;
use test_stack::caller::{Answer, Caller, SOON};

const HOUR: Duration = Duration::from_secs(3600);

fn text(value: &Value) -> anyhow::Result<String> {
    let text = value.as_str().map(str::to_owned);
    text.with_context(|| format!("not a text: {value}"))
}

/// Creates a flight that departs in so many minutes; returns its id and date.
async fn flight(world: &World, number: &str, minutes: i64) -> anyhow::Result<(i64, String)> {
    let departs = Timestamp::now() + SignedDuration::from_mins(minutes);
    let departs = Timestamp::from_second(departs.as_second())?;
    let flight = json!({"flight_number": number, "source": "DEL", "destination": "BOM",
        "departure_time": departs, "arrival_time": departs + SignedDuration::from_hours(2),
        "total_seats": 10, "price": 100, "currency": "INR", "seat_map": "rows A-A, seats 1-10"});
    let added = world.services.flights.post("/api/flights", &flight).await?;
    let id = added.body["id"].as_i64().context("no id")?;
    wait_until("the schedule has it", SOON, async || {
        let path = format!("/api/flights/{id}/seats");
        let seats = world.services.bookings.get(&path).await;
        seats.is_ok_and(|seats| seats.status == 200)
    })
    .await?;
    let date = text(&added.body["departure_local"])?;
    Ok((id, date.chars().take(10).collect()))
}

async fn cancel(caller: &Caller, method: Method, path: &str) -> anyhow::Result<Answer> {
    caller.send(caller.request(method, path)).await
}

/// A confirmed booking of some kind: how it is cancelled, and the refusal after the cutoff.
struct Had {
    method: Method,
    path: String,
    too_late: &'static str,
}

/// A booking, an order and tickets of the user, all of a flight or event that starts in so many minutes.
async fn haves(world: &World, user: &str, number: &str, minutes: i64) -> anyhow::Result<[Had; 3]> {
    let admin = &world.services.bookings;
    let (id, date) = flight(world, number, minutes).await?;
    let booked = admin
        .book(&json!({"user_id": 7, "flight_id": id, "seats": 1, "date": date}))
        .await?;
    assert_eq!(booked.summary(), "200 -", "{booked:?}");
    let order = json!({"userId": "7", "seats": ["A5"]});
    let path = format!("/api/flights/{id}/orders");
    let order = text(&admin.post(&path, &order).await?.body["orderId"])?;
    let order = format!("/api/orders/{order}");
    let code = json!({"paymentCode": "12345"});
    admin.post(&format!("{order}/payment"), &code).await?;
    let starts_at = Timestamp::now() + SignedDuration::from_mins(minutes);
    let event = json!({"name": "Gala", "description": "", "date_time": starts_at,
        "total_tickets": 100, "ticket_price": 75.5});
    let event = admin.post("/api/v1/events", &event).await?;
    let tickets = json!({"user_id": user, "event_id": event.body["id"], "quantity": 1});
    let tickets = admin.post("/api/v1/bookings", &tickets).await?;
    let tickets = format!("/api/v1/bookings/{}", id_in(&tickets)?);
    for path in [&order, &tickets] {
        wait_for("it is paid", SOON, async || {
            let seen = admin.get(path).await?;
            ensure!(seen.body["status"] == "CONFIRMED", "{seen:?}");
            Ok(())
        })
        .await?;
    }
    let booking = &booked.body["booking_id"];
    Ok([
        Had {
            method: Method::PUT,
            path: format!("/api/bookings/{booking}/cancel"),
            too_late: "400 past_cutoff",
        },
        Had {
            method: Method::DELETE,
            path: order,
            too_late: "409 past_cutoff",
        },
        Had {
            method: Method::PUT,
            path: format!("{tickets}/cancel"),
            too_late: "409 past_cutoff",
        },
    ])
}

#[tokio::test]
async fn customers_cancel_until_the_cutoff_and_staff_at_any_time() -> anyhow::Result<()> {
    let world = World::start_with(|settings| {
        settings.bookings.sales.close_before_event = None;
        settings.bookings.customers.cancel_before_departure = Some(HOUR);
        settings.bookings.customers.cancel_before_event = Some(HOUR);
    })
    .await?;
    let user = json!({"name": "Asha", "email": "asha@example.org"});
    let user = world.services.bookings.post("/api/v1/users", &user).await?;
    let user = text(&user.body["id"])?;
    let agent = world.tokens.good("agnes", Role::Agent)?;
    let agent = world.services.bookings.bearing(&agent);
    let owners = [
        world.customer("7")?,
        world.customer("7")?,
        world.customer(&user)?,
    ];
    for (late, owner) in haves(&world, &user, "ZZ30", 30).await?.iter().zip(&owners) {
        let refused = cancel(owner, late.method.clone(), &late.path).await?;
        assert_eq!(refused.summary(), late.too_late, "{refused:?}");
        let granted = cancel(&agent, late.method.clone(), &late.path).await?;
        assert_eq!(granted.status, 200, "{granted:?}");
    }
    for (early, owner) in haves(&world, &user, "ZZ90", 90).await?.iter().zip(&owners) {
        let granted = cancel(owner, early.method.clone(), &early.path).await?;
        assert_eq!(granted.status, 200, "{granted:?}");
    }
    Ok(())
}

/// An open service can't tell staff: its pages follow the customers' rules.
#[tokio::test]
async fn pages_show_the_cancellation_cutoff() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        settings.bookings.customers.cancel_before_departure = Some(HOUR);
    })
    .await?;
    // The demo's flights departed long ago.
    let body = json!({"user_id": 7, "flight_id": 1, "seats": 1, "date": "2024-02-15"});
    let booked = services.bookings.book(&body).await?;
    let page = format!("/bookings/{}", booked.body["booking_id"]);
    let shown = services.bookings.get(&page).await?;
    assert!(
        shown.text.contains("It could be cancelled until"),
        "{}",
        shown.text
    );
    assert!(!shown.text.contains("Cancel the booking"), "{}", shown.text);
    let order = services.order("guest", &["A1"]).await?;
    let page = format!("/orders/{}", order.id);
    // An unpaid order can be cancelled at any time.
    let shown = services.bookings.get(&page).await?;
    assert!(shown.text.contains("Give up the seats"), "{}", shown.text);
    services.pay(&order, "12345").await?;
    services.wait_for_status(&order, "CONFIRMED").await?;
    let shown = services.bookings.get(&page).await?;
    assert!(
        shown.text.contains("It could be cancelled until"),
        "{}",
        shown.text
    );
    assert!(!shown.text.contains("Cancel the booking"), "{}", shown.text);
    assert_eq!(services.give_up(&order).await?.summary(), "409 past_cutoff");
    Ok(())
}

async fn order(caller: &Caller, user: &str, seat: &str) -> anyhow::Result<Answer> {
    let body = json!({"userId": user, "seats": [seat]});
    let path = format!("/api/flights/{FLIGHT}/orders");
    caller.post(&path, &body).await
}

/// The number of granted requests, and the refusals of the others.
fn tally(
    answers: Vec<anyhow::Result<Answer>>,
    granted: u16,
) -> anyhow::Result<(usize, Vec<String>)> {
    let answers: Vec<Answer> = answers.into_iter().collect::<Result<_, _>>()?;
    let (good, bad): (Vec<_>, Vec<_>) = answers
        .into_iter()
        .partition(|answer| answer.status == granted);
    let mut refusals: Vec<String> = bad.iter().map(Answer::summary).collect();
    refusals.sort();
    refusals.dedup();
    Ok((good.len(), refusals))
}

const UNPAID: &str = "409 too_many_unpaid_orders";

#[tokio::test]
async fn concurrent_orders_keep_the_limit_per_user() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        settings.bookings.customers.unpaid_orders_per_user = 4;
        settings.bookings.customers.seats_per_order = 9;
    })
    .await?;
    let second = Replica::of_bookings(&services).await?;
    let callers = [&services.bookings, &second.caller];
    // As many seats as requests, so that none fails because of another.
    let flight = json!({"flight_number": "ZZ50", "source": "DEL", "destination": "BOM",
        "departure_time": "2040-01-01T08:00:00Z", "arrival_time": "2040-01-01T10:00:00Z",
        "total_seats": 50, "price": 100, "currency": "INR", "seat_map": "rows A-E, seats 1-10"});
    let flight = services.flights.post("/api/flights", &flight).await?;
    let path = format!("/api/flights/{}/orders", flight.body["id"]);
    let names = |rows: &[&str]| -> Vec<String> {
        let of_row = |row: &&str| (1..=10).map(|n| format!("{row}{n}")).collect::<Vec<_>>();
        rows.iter().flat_map(of_row).collect()
    };
    let crowd = names(&["A", "B", "C", "D", "E"]).into_iter().enumerate();
    let crowd = crowd.map(async |(n, seat)| {
        let body = json!({"userId": "alice", "seats": [seat]});
        callers[n % 2].post(&path, &body).await
    });
    let (count, refusals) = tally(join_all(crowd).await, 201)?;
    assert_eq!((count, refusals), (4, vec![UNPAID.to_owned()]));
    let free = services
        .free_seats(flight.body["id"].as_i64().context("no id")?)
        .await?;
    assert_eq!(free, 46);
    let names = names(&["A", "B", "C"]);

    // Other users are not affected, and a further order is granted once one is cancelled.
    assert_eq!(order(&services.bookings, "bob", "C10").await?.status, 201);
    let mut mine = Vec::new();
    for name in names.iter().take(29) {
        let made = order(&services.bookings, "carol", name).await?;
        if made.status == 201 && made.body["status"] == "SEATS_RESERVED" {
            mine.push(text(&made.body["orderId"])?);
        } else if made.status != 201 {
            assert_eq!(made.summary(), UNPAID);
            assert_eq!(mine.len(), 4, "{made:?}");
        }
    }
    let told = "you can have at most 4 unpaid orders: pay or give up one of them first";
    let refused = order(&second.caller, "carol", "C9").await?;
    assert_eq!(refused.body["detail"], told);
    let path = format!("/api/orders/{}", mine[0]);
    assert_eq!(
        cancel(&services.bookings, Method::DELETE, &path)
            .await?
            .status,
        200
    );
    assert_eq!(order(&second.caller, "carol", "C9").await?.status, 201);
    let path = format!("/api/orders/{}", mine[1]);
    let code = json!({"paymentCode": "12345"});
    services
        .bookings
        .post(&format!("{path}/payment"), &code)
        .await?;
    wait_until("it is paid", SOON, async || {
        let seen = services.bookings.get(&path).await;
        seen.is_ok_and(|seen| seen.body["status"] == "CONFIRMED")
    })
    .await?;
    assert_eq!(order(&services.bookings, "carol", "C8").await?.status, 201);
    assert_eq!(
        order(&services.bookings, "carol", "C7").await?.summary(),
        UNPAID
    );

    let ten: Vec<&str> = names.iter().take(10).map(String::as_str).collect();
    let path = format!("/api/flights/{FLIGHT}/orders");
    let many = json!({"userId": "dave", "seats": ten});
    let refused = services.bookings.post(&path, &many).await?;
    assert_eq!(refused.invalid(), "400 /seats");
    let counted = json!({"user_id": 9, "flight_id": 1, "seats": 10, "date": "2024-02-15"});
    assert_eq!(
        services.bookings.book(&counted).await?.invalid(),
        "400 /seats"
    );
    second.stop().await?;
    Ok(())
}

#[tokio::test]
async fn the_limit_per_address_covers_all_its_users() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        settings.bookings.customers.unpaid_orders_per_address = 6;
    })
    .await?;
    let users: Vec<(String, String)> = (1..=10)
        .flat_map(|n| {
            [
                (format!("u{n}"), format!("A{n}")),
                (format!("v{n}"), format!("B{n}")),
            ]
        })
        .collect();
    let crowd = users
        .iter()
        .map(|(user, seat)| order(&services.bookings, user, seat));
    let (count, refusals) = tally(join_all(crowd).await, 201)?;
    assert_eq!((count, refusals), (6, vec![UNPAID.to_owned()]));
    Ok(())
}

/// A key that made an order replays it, even at the limit.
#[tokio::test]
async fn a_replay_does_not_count_as_an_order() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        settings.bookings.customers.unpaid_orders_per_user = 2;
    })
    .await?;
    let path = format!("/api/flights/{FLIGHT}/orders");
    let body = json!({"userId": "alice", "seats": ["A1"]});
    let first = services.bookings.post_keyed(&path, "k", &body).await?;
    assert_eq!(first.status, 201);
    for _ in 0..3 {
        let again = services.bookings.post_keyed(&path, "k", &body).await?;
        assert_eq!(again.body["orderId"], first.body["orderId"], "{again:?}");
    }
    assert_eq!(order(&services.bookings, "alice", "A2").await?.status, 201);
    let again = services.bookings.post_keyed(&path, "k", &body).await?;
    assert_eq!(again.body["orderId"], first.body["orderId"], "{again:?}");
    assert_eq!(
        order(&services.bookings, "alice", "A3").await?.summary(),
        UNPAID
    );
    Ok(())
}

#[tokio::test]
async fn unpaid_tickets_count_as_orders_do() -> anyhow::Result<()> {
    let provider = Gated::new();
    let services = Services::start_with(|settings| {
        settings.provider = Some(Arc::clone(&provider) as _);
        settings.bookings.customers.unpaid_orders_per_user = 4;
        settings.bookings.customers.seats_per_order = 9;
    })
    .await?;
    let show = services.show(100).await?;
    let crowd = (0..20).map(|_| services.book_tickets(&show, 1));
    let (count, refusals) = tally(join_all(crowd).await, 201)?;
    assert_eq!((count, refusals), (4, vec![UNPAID.to_owned()]));
    let refused = services.book_tickets(&show, 10).await?;
    assert_eq!(refused.invalid(), "400 /quantity");
    for _ in 0..5 {
        provider.let_through();
    }
    // Paid tickets don't count any more.
    wait_until("another one is had", SOON, async || {
        let booked = services.book_tickets(&show, 1).await;
        booked.is_ok_and(|booked| booked.status == 201)
    })
    .await?;
    wait_until("all are paid", SOON, async || {
        let sold = services.statistics(&show).await;
        sold.is_ok_and(|sold| sold[0] == 5.0)
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn seat_changes_extend_a_hold_only_up_to_a_limit() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        settings.bookings.bookings.hold_ttl = Duration::from_secs(600);
        settings.bookings.bookings.hold_ttl_max = Duration::from_secs(601);
    })
    .await?;
    let order = services.order("alice", &["A1", "A2"]).await?;
    let first = services.look_at(&order).await?;
    let made: Timestamp = text(&first["createdAt"])?.parse()?;
    // The same seats in another order are no change.
    let same = services.change(&order, &["A2", "A1"]).await?;
    assert_eq!(same.status, 200, "{same:?}");
    assert_eq!(
        services.look_at(&order).await?["expiresAt"],
        first["expiresAt"]
    );
    wait_until("some time has passed", SOON, async || {
        Timestamp::now() > made + SignedDuration::from_secs(2)
    })
    .await?;
    for seats in [["B1", "B2"], ["C1", "C2"]] {
        assert_eq!(services.change(&order, &seats).await?.status, 200);
        let seen = services.look_at(&order).await?;
        let expires: Timestamp = text(&seen["expiresAt"])?.parse()?;
        assert_eq!(expires, made + SignedDuration::from_secs(601));
    }
    services.give_up(&order).await?;
    Ok(())
}

#[tokio::test]
async fn purchases_without_payment_are_limited_for_customers() -> anyhow::Result<()> {
    let world = World::start_with(|settings| {
        settings.bookings.customers = CustomerSettings {
            buy_without_paying: true,
            unpaid_orders_per_user: 4,
            unpaid_orders_per_address: 5,
            seats_per_order: 9,
            ..CustomerSettings::FREE
        };
    })
    .await?;
    let option = json!({"data": {"type": "ticket_options",
        "attributes": {"name": "Standing", "allocation": 100}}});
    let option = world
        .services
        .bookings
        .make("/ticket_options", &option)
        .await?;
    let purchase = |user: &str, quantity: i64| {
        json!({"data": {"type": "purchases", "attributes": {"quantity": quantity},
            "relationships": {
                "ticket_option": {"data": {"type": "ticket_options", "id": option}},
                "user": {"data": {"type": "users", "id": user}}}}})
    };
    let customer = world.customer("7")?;
    let post = async |path: &str, body: Value| {
        let request = customer.request(Method::POST, path).json(&body);
        Answer::of(request.send().await?).await
    };
    let refused = post("/purchases", purchase("7", 10)).await?;
    assert_eq!(
        refused.refusal(),
        "400 invalid_purchase_quantity /data/attributes/quantity"
    );
    assert_eq!(post("/purchases", purchase("7", 9)).await?.status, 201);
    let simple = json!({"flight_id": 1, "customer_id": 7, "seats": 1});
    assert_eq!(post("/api/orders", simple.clone()).await?.status, 201);
    let crowd = (0..20).map(|_| post("/purchases", purchase("7", 1)));
    let (count, refusals) = tally(join_all(crowd).await, 201)?;
    assert_eq!(count, 2, "{refusals:?}");
    let refused = post("/api/orders", simple).await?;
    assert_eq!(refused.summary(), UNPAID);
    // Purchases that are never paid don't count against others at the address, and staff have no limit.
    let other = world.customer("8")?;
    let body = purchase("8", 1);
    let bought = other
        .request(Method::POST, "/purchases")
        .json(&body)
        .send()
        .await?;
    assert_eq!(bought.status(), 201);
    let admin = &world.services.bookings;
    let bought = admin
        .request(Method::POST, "/purchases")
        .json(&purchase("7", 20));
    assert_eq!(bought.send().await?.status(), 201);
    Ok(())
}
