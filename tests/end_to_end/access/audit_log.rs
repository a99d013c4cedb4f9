//! The audit log: every change by staff is logged before it is done, with its request and outcome.

use anyhow::ensure;
use local_servers::service::Service;
use reqwest::Method;
use serde_json::{Value, json};
use tokens::Role;
use uuid::Uuid;

use super::world::{FL123, World};
use crate::databases::DAY;
use crate::services::AI101;
use test_stack::caller::Caller;

const ALICE: &str = "7";

/// The newest actions of a service, newest first.
async fn newest(admin: &Caller, count: usize) -> anyhow::Result<Vec<Value>> {
    let path = format!("/api/admin/actions?limit={count}");
    let listed = admin.get(&path).await?;
    ensure!(listed.status == 200, "{listed:?}");
    Ok(listed.body["data"].as_array().cloned().unwrap_or_default())
}

#[tokio::test]
async fn admin_actions_are_logged() -> anyhow::Result<()> {
    let world = World::start().await?;
    let admin = &world.services.bookings;
    let cancelled = admin
        .post("/api/admin/flights/9/cancel", &Value::Null)
        .await?;
    ensure!(cancelled.status == 200, "{cancelled:?}");
    let request_id = cancelled.header("x-request-id").unwrap_or_default();
    let actions = admin.get("/api/admin/actions?limit=1").await?;
    let action = &actions.body["data"][0];
    ensure!(
        action["actor"] == "ada" && action["role"] == "admin",
        "{action}"
    );
    ensure!(action["action"] == "flight.cancel", "{action}");
    ensure!(
        action["target"] == "/api/admin/flights/9/cancel",
        "{action}"
    );
    ensure!(action["request_id"] == request_id, "{action}");
    ensure!(
        action["outcome"] == "done" && action["status"] == 200,
        "{action}"
    );
    ensure!(action["details"] == json!({"ids": {"id": "9"}}), "{action}");

    // flight-service logs what it is asked on the admin's behalf, under the same request id.
    let actions = world.services.flights.get("/api/admin/actions").await?;
    let actions = actions.body["data"].as_array().cloned().unwrap_or_default();
    let names: Vec<&Value> = actions
        .iter()
        .filter(|action| action["request_id"] == request_id)
        .map(|action| &action["action"])
        .collect();
    ensure!(names == ["flight.cancel", "flight.change"], "{names:?}");
    ensure!(actions[0]["actor"] == "booking-service", "{actions:?}");

    // An agent's action for a customer is logged, and the customer's own is not.
    let booking = json!({"user_id": 7, "flight_id": AI101, "seats": 1, "date": DAY});
    let own = world.customer(ALICE)?;
    let first = own.post("/api/bookings", &booking).await?;
    let agent = world.tokens.good("agnes", Role::Agent)?;
    let agent = world.services.bookings.bearing(&agent);
    let path = format!("/api/bookings/{}/cancel", first.body["booking_id"]);
    ensure!(agent.put(&path, &Value::Null).await?.status == 200);
    let actions = admin.get("/api/admin/actions?limit=2").await?;
    let [latest, before] = [&actions.body["data"][0], &actions.body["data"][1]];
    ensure!(
        latest["actor"] == "agnes" && latest["action"] == "booking.cancel",
        "{latest}"
    );
    ensure!(latest["target"] == path, "{latest}");
    ensure!(before["action"] == "flight.cancel", "{before}");

    let sql = crate::sql::connect(&world.services.databases.bookings).await?;
    for statement in [
        "UPDATE audit_log SET actor = 'nobody'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log CASCADE",
        "UPDATE audit_log_outcomes SET status = 200",
        "DELETE FROM audit_log_outcomes",
        "TRUNCATE audit_log_outcomes",
    ] {
        ensure!(sql.batch_execute(statement).await.is_err(), "{statement}");
    }
    Ok(())
}

#[tokio::test]
async fn admin_actions_on_seats_and_money_are_logged() -> anyhow::Result<()> {
    let world = World::start().await?;
    let caller = world.tokens.good("booking-service", Role::Service)?;
    let seats = json!({"flight_id": AI101, "seats": 1, "date": DAY});
    let hold = Uuid::new_v4();
    let leg = json!({"flight_id": FL123, "units": 1, "seats": ["A1"]});
    let held =
        json!({"id": hold, "owner": ALICE, "legs": [leg], "expires_at": "2040-01-01T00:00:00Z"});
    let charge = json!({"booking_id": 1, "amount": 100, "user_id": 1, "payment_type": "upi"});
    let key = json!({"key": "never-used"});
    let nothing = Value::Null;
    let holds = json!({"members": [{"call": {"pin": {"id": hold}}}]});
    let charges = json!({"members": [{"call": {"key": "batched", "charge": charge}}]});
    let of_hold = |what: &str| format!("/api/holds/{hold}/{what}");
    let calls = [
        (
            Service::Flight,
            "seats.decrement",
            "/api/flights/seats/decrement".to_owned(),
            &seats,
        ),
        (
            Service::Flight,
            "seats.increment",
            "/api/flights/seats/increment".to_owned(),
            &seats,
        ),
        (Service::Flight, "hold.add", "/api/holds".to_owned(), &held),
        (Service::Flight, "hold.pin", of_hold("pin"), &nothing),
        (
            Service::Flight,
            "hold.batch",
            "/api/holds/batch".to_owned(),
            &holds,
        ),
        (
            Service::Flight,
            "hold.confirm",
            of_hold("confirm"),
            &nothing,
        ),
        (
            Service::Flight,
            "hold.release",
            of_hold("release"),
            &nothing,
        ),
        (
            Service::Payment,
            "charge.add",
            "/api/payments/process".to_owned(),
            &charge,
        ),
        (
            Service::Payment,
            "charge.batch",
            "/api/payments/process/batch".to_owned(),
            &charges,
        ),
        (
            Service::Payment,
            "charge.close",
            "/api/payments/close".to_owned(),
            &key,
        ),
        (
            Service::Payment,
            "charge.simulate",
            "/api/payments/simulate/success".to_owned(),
            &charge,
        ),
    ];
    for (service, name, path, body) in &calls {
        let admin = world.caller(*service);
        let before = newest(admin, 1).await?;
        // Day by day the services do it among themselves.
        let daily = admin.bearing(&caller);
        let daily = daily.request(Method::POST, path).json(body).send().await?;
        ensure!(
            newest(admin, 1).await? == before,
            "{name}: {}",
            daily.status()
        );
        let done = admin.post(path, body).await?;
        let action = &newest(admin, 1).await?[0];
        ensure!(
            action["action"] == *name && action["actor"] == "ada",
            "{name}: {action}"
        );
        ensure!(action["status"] == done.status, "{name}: {action}");
    }
    Ok(())
}

#[tokio::test]
async fn a_log_entry_has_its_request_and_outcome() -> anyhow::Result<()> {
    let world = World::start().await?;
    let admin = &world.services.bookings;
    let event = json!({"name": "Gala", "description": "", "date_time": "2040-01-01T20:00:00Z",
        "total_tickets": 100, "ticket_price": 75.5});
    let made = admin.post("/api/v1/events", &event).await?;
    let action = &newest(admin, 1).await?[0];
    ensure!(
        action["outcome"] == "done" && action["status"] == 201,
        "{action}"
    );
    let path = format!(
        "/api/v1/events/{}",
        made.body["id"].as_str().unwrap_or_default()
    );
    ensure!(action["target"] == path, "{action}");
    ensure!(action["details"]["body"] == event, "{action}");

    let unknown = format!("/api/v1/events/{}", Uuid::nil());
    ensure!(admin.put(&unknown, &event).await?.status == 404);
    let action = &newest(admin, 1).await?[0];
    ensure!(
        action["outcome"] == "refused" && action["status"] == 404,
        "{action}"
    );
    ensure!(action["target"] == unknown, "{action}");

    // Secrets and personal data are not logged, because rows can't be erased; nor does a NUL prevent logging.
    let user = json!({"name": "Asha Rao", "email": "asha@example.org", "password": "correct horse",
        "note": "a\u{0}b"});
    ensure!(admin.post("/api/v1/users", &user).await?.status == 400);
    let action = &newest(admin, 1).await?[0];
    ensure!(action["details"]["body"]["note"] == "ab", "{action}");
    for secret in ["Asha", "example.org", "correct horse"] {
        ensure!(!action.to_string().contains(secret), "{secret}: {action}");
    }

    // The client chooses the request id; the server adds its own.
    for _ in 0..2 {
        let request = admin
            .request(Method::DELETE, &unknown)
            .header("x-request-id", "mine");
        ensure!(admin.send(request).await?.status == 404);
    }
    let actions = newest(admin, 2).await?;
    ensure!(
        actions.iter().all(|action| action["request_id"] == "mine"),
        "{actions:?}"
    );
    let own = |action: &Value| {
        action["server_request_id"]
            .as_str()
            .and_then(|id| id.parse::<Uuid>().ok())
    };
    ensure!(
        own(&actions[0]).is_some() && own(&actions[0]) != own(&actions[1]),
        "{actions:?}"
    );
    Ok(())
}
