//! The web pages follow the API's roles and ownership, by the session, whose role is the user's current one.

use anyhow::{Context as _, ensure};
use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use test_stack::wait_until;

use super::world::{FL123, World};
use crate::databases::DAY;
use crate::events::id_in;
use crate::services::AI101;
use test_stack::caller::{Caller, SOON};

const PASSWORD: &str = "correct horse";

/// Sent as form field and as cookie (double-submit token).
const FORM_TOKEN: &str = "5f0c3e0a-9a43-4d0e-8d8c-3b8f4a1b7c11";

/// A user's browser.
struct Browser {
    http: reqwest::Client,
    base: Caller,
    /// Of the session and the form token.
    cookies: String,
    user: String,
}

impl Browser {
    /// Signs a user up and logs them in.
    async fn of(world: &World, name: &str) -> anyhow::Result<Self> {
        let base = world.services.bookings.clone();
        let email = format!("{name}@example.org");
        let user = json!({"name": name, "email": email, "password": PASSWORD});
        let http = reqwest::Client::builder().redirect(Policy::none());
        let http = http.timeout(SOON).build()?;
        let made = http.post(base.url("/api/v1/users")).json(&user);
        let made: Value = made.send().await?.json().await?;
        let login = json!({"email": email, "password": PASSWORD});
        let session = base.post("/api/v1/sessions", &login).await?;
        let cookie = session.header("set-cookie").context("no cookie")?;
        let cookie = cookie.split(';').next().unwrap_or_default();
        Ok(Self {
            http,
            base,
            cookies: format!("{cookie}; __Host-holdfast_form_token={FORM_TOKEN}"),
            user: made["id"].as_str().context("no user")?.to_owned(),
        })
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, self.base.url(path));
        request
            .header(COOKIE, &self.cookies)
            .header(ACCEPT, "text/html")
    }

    async fn look(&self, path: &str) -> anyhow::Result<(u16, String)> {
        let answer = self.request(Method::GET, path).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    async fn send(&self, path: &str, form: &str) -> anyhow::Result<Response> {
        let request = self
            .request(Method::POST, path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(format!("form_token={FORM_TOKEN}&{form}"));
        Ok(request.send().await?)
    }

    /// The role in their API token.
    async fn role_of_token(&self, world: &World) -> anyhow::Result<String> {
        let request = self.request(Method::GET, "/api/v1/sessions/current");
        let session: Value = request.send().await?.json().await?;
        let token = session["access_token"].as_str().context("no token")?;
        let listed = world.services.bookings.bearing(token);
        let role = match listed.get("/api/v1/users?limit=1").await?.status {
            200 => match listed.get("/api/admin/actions").await?.status {
                200 => "admin",
                _ => "agent",
            },
            _ => "customer",
        };
        Ok(role.to_owned())
    }

    /// Has an admin change their role.
    async fn is_made(&self, world: &World, role: &str) -> anyhow::Result<()> {
        let path = format!("/api/v1/users/{}", self.user);
        let given = json!({"role": role});
        let given = world.services.bookings.put(&path, &given).await?;
        ensure!(
            given.status == 200 && given.body["role"] == role,
            "{given:?}"
        );
        Ok(())
    }
}

/// The dead letter of a payment that kept failing.
async fn dead_letter(world: &World, user: &str) -> anyhow::Result<String> {
    let admin = &world.services.bookings;
    let event = json!({"name": "Gala", "description": "", "date_time": "2040-01-01T20:00:00Z",
        "total_tickets": 10, "ticket_price": 75.5});
    let event = admin.make("/api/v1/events", &event).await?;
    world.services.mock(json!({"failure_rate": 1.0})).await?;
    let tickets = json!({"user_id": user, "event_id": event, "quantity": 1});
    let tickets = admin.post("/api/v1/bookings", &tickets).await?;
    let booking = id_in(&tickets)?;
    let letters = "/api/v1/payments/dead-letters";
    wait_until("the payment is a dead letter", SOON, async || {
        let listed = admin.get(letters).await;
        listed.is_ok_and(|listed| listed.body["data"][0]["booking_id"] == booking)
    })
    .await?;
    world.services.mock(json!({"failure_rate": 0.0})).await?;
    let listed = admin.get(letters).await?;
    let id = listed.body["data"][0]["id"].as_str();
    id.map(str::to_owned).context("no id")
}

#[tokio::test]
async fn operations_pages_are_for_current_staff() -> anyhow::Result<()> {
    let world = World::start().await?;
    let visitor = Browser::of(&world, "asha").await?;
    let letter = dead_letter(&world, &visitor.user).await?;
    let pages = [
        "/operations",
        "/operations/figures",
        "/operations/proof",
        "/operations/dead-letters",
        "/operations/bookings?find=1",
    ];
    let requeue = format!("/operations/dead-letters/{letter}/requeue");

    // A visitor without a session is sent to the login page.
    let asked = visitor.http.get(visitor.base.url("/operations"));
    let asked = asked.send().await?;
    ensure!(asked.status() == 303, "{}", asked.status());
    ensure!(
        asked.headers()[LOCATION] == "/log-in?back=%2Foperations",
        "{asked:?}"
    );

    // A sign-up never makes staff.
    for path in pages {
        let (status, text) = visitor.look(path).await?;
        ensure!(status == 403 && text.contains("<h1>"), "{path}: {status}");
    }
    ensure!(visitor.send(&requeue, "").await?.status() == 403);
    ensure!(visitor.role_of_token(&world).await? == "customer");
    let (_, start) = visitor.look("/").await?;
    ensure!(!start.contains("/operations"), "a link to nowhere");

    for role in ["agent", "admin"] {
        visitor.is_made(&world, role).await?;
        for path in pages {
            let (status, _) = visitor.look(path).await?;
            ensure!(status == 200, "{role} {path}: {status}");
        }
        let (_, start) = visitor.look("/").await?;
        ensure!(start.contains("/operations") && start.to_lowercase().contains(role));
        ensure!(visitor.role_of_token(&world).await? == role);
    }
    let requeued = visitor.send(&requeue, "").await?;
    ensure!(requeued.status() == 303, "{}", requeued.status());
    let actions = "/api/admin/actions?limit=1";
    let action = world.services.bookings.get(actions).await?;
    let action = &action.body["data"][0];
    ensure!(action["action"] == "payment.requeue", "{action}");
    ensure!(action["actor"] == visitor.user, "{action}");
    ensure!(
        action["target"] == format!("/api/v1/payments/dead-letters/{letter}/requeue"),
        "{action}"
    );

    visitor.is_made(&world, "customer").await?;
    for path in pages {
        let (status, _) = visitor.look(path).await?;
        ensure!(status == 403, "{path}: {status}");
    }
    ensure!(visitor.send(&requeue, "").await?.status() == 403);
    ensure!(visitor.role_of_token(&world).await? == "customer");
    Ok(())
}

#[tokio::test]
async fn only_admins_change_roles_and_staff() -> anyhow::Result<()> {
    let world = World::start().await?;
    let visitor = Browser::of(&world, "asha").await?;
    let path = format!("/api/v1/users/{}", visitor.user);
    let own = world.customer(&visitor.user)?;
    let agent = world.tokens.good("agnes", tokens::Role::Agent)?;
    let agent = world.services.bookings.bearing(&agent);
    let give = json!({"role": "admin"});
    for caller in [&own, &agent] {
        ensure!(caller.put(&path, &give).await?.summary() == "403 forbidden");
    }
    let unknown = json!({"role": "service"});
    let unknown = world.services.bookings.put(&path, &unknown).await?;
    ensure!(unknown.invalid() == "400 /role", "{unknown:?}");
    let user = world.services.bookings.get(&path).await?;
    ensure!(user.body["role"] == "customer", "{user:?}");

    // Otherwise an agent could set a customer's password, and would be an admin once the customer is made
    // one.
    let password = json!({"new_password": "battery staple"});
    let refused = agent.put(&format!("{path}/password"), &password).await?;
    ensure!(refused.summary() == "403 forbidden", "{refused:?}");

    visitor.is_made(&world, "admin").await?;
    let actions = world
        .services
        .bookings
        .get("/api/admin/actions?limit=2")
        .await?;
    ensure!(
        actions.body["data"][0]["action"] == "user.make_admin",
        "{actions:?}"
    );
    ensure!(actions.body["data"][0]["actor"] == "ada" && actions.body["data"][0]["target"] == path);
    let refused = agent.put(&format!("{path}/password"), &password).await?;
    ensure!(refused.summary() == "403 forbidden", "{refused:?}");
    let refused = agent
        .put(&path, &json!({"email": "agnes@example.org"}))
        .await?;
    ensure!(refused.summary() == "403 forbidden", "{refused:?}");
    ensure!(agent.delete(&path).await?.summary() == "403 forbidden");
    // Staff, too, need their current password in their own session.
    let mine = world.tokens.good(&visitor.user, tokens::Role::Admin)?;
    let mine = world.services.bookings.bearing(&mine);
    let refused = mine.put(&format!("{path}/password"), &password).await?;
    ensure!(refused.invalid() == "400 /current_password", "{refused:?}");
    ensure!(mine.put(&path, &json!({"name": "Asha Rao"})).await?.status == 200);
    Ok(())
}

#[tokio::test]
async fn only_its_owner_sees_the_seats_of_an_order_marked() -> anyhow::Result<()> {
    let world = World::start().await?;
    let owner = Browser::of(&world, "asha").await?;
    let other = Browser::of(&world, "ben").await?;
    let order = json!({"userId": owner.user, "seats": ["A1"]});
    let path = format!("/api/flights/{FL123}/orders");
    let order = world.customer(&owner.user)?.post(&path, &order).await?;
    let order = order.body["orderId"].as_str().context("no order")?;
    let flight = format!("/api/flights/{FL123}");
    let flight = world.services.flights.get(&flight).await?;
    let id = flight.body["id"].to_string();

    let (status, text) = other.look(&format!("/orders/{order}")).await?;
    let (unknown, missing) = other
        .look("/orders/00000000-0000-4000-8000-000000000000")
        .await?;
    ensure!(status == 404 && unknown == 404);
    ensure!(
        lead(&text) == lead(&missing),
        "the page reveals that the booking exists"
    );

    let live = format!("/flights/{id}/live?order={order}");
    let (status, _) = other.look(&live).await?;
    ensure!(status == 404, "{status}");
    let mut events = owner.request(Method::GET, &live).send().await?;
    ensure!(events.status() == 200, "{}", events.status());
    let mut bytes = Vec::new();
    let text = loop {
        bytes.extend(events.chunk().await?.context("the stream ended")?);
        let text = String::from_utf8_lossy(&bytes);
        if text.contains("event: seats") && text.ends_with("\n\n") {
            break text;
        }
    };
    ensure!(text.contains("class=\"seat mine\""), "{text}");
    ensure!(!text.contains(order), "the order is told");
    Ok(())
}

/// The message of a problem page.
fn lead(text: &str) -> Option<&str> {
    let lead = text.split("<p class=\"lead\">").nth(1)?;
    lead.split("</p>").next()
}

#[tokio::test]
async fn pages_cancel_under_the_rules_of_the_api() -> anyhow::Result<()> {
    let world = World::start().await?;
    let visitor = Browser::of(&world, "asha").await?;
    let owner = world.customer("7")?;
    let booking = json!({"user_id": 7, "flight_id": AI101, "seats": 1, "date": DAY});
    let booking = owner.book(&booking).await?;
    let booking = booking.body["booking_id"].to_string();
    let order = json!({"userId": "7", "seats": ["A1"]});
    let path = format!("/api/flights/{FL123}/orders");
    let order = owner.post(&path, &order).await?;
    let order = order.body["orderId"].as_str().context("no order")?;
    let sql = crate::sql::connect(&world.services.databases.bookings).await?;
    let number = format!("SELECT id FROM bookings WHERE hold_id = '{order}'");
    let number: i64 = sql.query_one(&number, &[]).await?.try_get(0)?;
    let cancel = |id: &str| format!("/bookings/{id}/cancel");

    // Others' bookings are answered like unknown ones, of every kind.
    for id in [booking.as_str(), &number.to_string(), "999999"] {
        let (status, text) = visitor.look(&format!("/bookings/{id}")).await?;
        let expected = format!("There is no booking {id}.");
        ensure!(status == 404 && lead(&text) == Some(&expected), "{text}");
        let refused = visitor.send(&cancel(id), "").await?;
        ensure!(refused.status() == 404, "{id}: {}", refused.status());
        ensure!(lead(&refused.text().await?) == Some(&expected), "{id}");
    }
    visitor.is_made(&world, "agent").await?;
    // Orders have another page.
    let refused = visitor.send(&cancel(&number.to_string()), "").await?;
    ensure!(refused.status() == 404, "{}", refused.status());
    let cancelled = visitor.send(&cancel(&booking), "").await?;
    ensure!(cancelled.status() == 303, "{}", cancelled.status());
    let booking = owner.get(&format!("/api/bookings/{booking}")).await?;
    ensure!(booking.body["status"] == "cancelled", "{booking:?}");
    Ok(())
}

#[tokio::test]
async fn streams_end_with_their_session() -> anyhow::Result<()> {
    let world = World::start().await?;
    let asha = Browser::of(&world, "asha").await?;
    let ben = Browser::of(&world, "ben").await?;
    let watch = async |who: &Browser| {
        let stream = who.request(Method::GET, "/flights/17/live").send().await?;
        let mut stream = stream.error_for_status()?;
        stream.chunk().await?.context("the stream has no event")?;
        anyhow::Ok(stream)
    };
    let (mut first, mut second) = (watch(&asha).await?, watch(&ben).await?);
    let out = asha.request(Method::DELETE, "/api/v1/sessions/current");
    assert_eq!(out.send().await?.status().as_u16(), 204);
    let end = async {
        while first.chunk().await?.is_some() {}
        anyhow::Ok(())
    };
    tokio::time::timeout(SOON, end).await??;
    // A new role ends the session's streams; the others continue until then.
    ben.is_made(&world, "agent").await?;
    let end = async {
        while second.chunk().await?.is_some() {}
        anyhow::Ok(())
    };
    tokio::time::timeout(SOON, end).await??;
    Ok(())
}
