//! Users' changes to their own account: they need the password, and leak nothing about other accounts.

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tokens::Role;

use super::world::{FL123, World};
use test_stack::caller::{Answer, Caller};

const USERS: &str = "/api/v1/users";
const PASSWORD: &str = "correct horse";

/// A new user, and their token.
async fn signed_up(world: &World, name: &str) -> anyhow::Result<(String, Caller)> {
    let email = format!("{name}@example.org");
    let user = json!({"name": name, "email": email, "password": PASSWORD});
    let id = world.services.bookings.make(USERS, &user).await?;
    let own = world.customer(&id)?;
    Ok((format!("{USERS}/{id}"), own))
}

async fn delete(caller: &Caller, path: &str, body: &Value) -> anyhow::Result<Answer> {
    caller
        .send(caller.request(Method::DELETE, path).json(body))
        .await
}

#[tokio::test]
async fn changing_the_address_or_deleting_the_account_needs_the_password() -> anyhow::Result<()> {
    let world = World::start().await?;
    let (path, asha) = signed_up(&world, "asha").await?;
    let change =
        |password: Option<&str>| json!({"email": "new@example.org", "current_password": password});
    ensure!(asha.put(&path, &change(None)).await?.invalid() == "400 /current_password");
    let wrong = asha.put(&path, &change(Some("wrong password"))).await?;
    ensure!(wrong.summary() == "401 wrong_credentials", "{wrong:?}");
    ensure!(asha.get(&path).await?.body["email"] == "asha@example.org");
    // An unchanged address or another name needs no password.
    let same = json!({"name": "Asha Rao", "email": "asha@example.org"});
    ensure!(asha.put(&path, &same).await?.status == 200);
    let changed = asha.put(&path, &change(Some(PASSWORD))).await?;
    ensure!(
        changed.status == 200 && changed.body["email"] == "new@example.org",
        "{changed:?}"
    );

    ensure!(asha.delete(&path).await?.invalid() == "400 /current_password");
    let wrong = json!({"current_password": "wrong password"});
    ensure!(delete(&asha, &path, &wrong).await?.summary() == "401 wrong_credentials");
    let right = json!({"current_password": PASSWORD});
    ensure!(delete(&asha, &path, &right).await?.status == 204);

    // Staff need no password for others.
    let (path, _) = signed_up(&world, "ben").await?;
    let agent = world.tokens.good("agnes", Role::Agent)?;
    let agent = world.services.bookings.bearing(&agent);
    ensure!(
        agent
            .put(&path, &json!({"email": "b@example.org"}))
            .await?
            .status
            == 200
    );
    ensure!(agent.delete(&path).await?.status == 204);
    Ok(())
}

#[tokio::test]
async fn accounts_and_passwords_cannot_be_enumerated() -> anyhow::Result<()> {
    let world = World::start().await?;
    let (path, asha) = signed_up(&world, "asha").await?;
    signed_up(&world, "ben").await?;
    let change = |email: &str| json!({"email": email, "current_password": PASSWORD});
    for _ in 0..10 {
        let taken = asha.put(&path, &change("ben@example.org")).await?;
        ensure!(taken.summary() == "409 email_taken", "{taken:?}");
    }
    for email in ["ben@example.org", "free@example.org"] {
        let refused = asha.put(&path, &change(email)).await?;
        ensure!(refused.summary() == "429 too_many_requests", "{refused:?}");
    }
    let wrong = json!({"current_password": "wrong password"});
    for _ in 0..10 {
        ensure!(delete(&asha, &path, &wrong).await?.status == 401);
    }
    let right = json!({"current_password": PASSWORD});
    ensure!(delete(&asha, &path, &right).await?.summary() == "429 too_many_requests");
    // The owner can still log in.
    let login = json!({"email": "asha@example.org", "password": PASSWORD});
    ensure!(asha.post("/api/v1/sessions", &login).await?.status == 201);
    Ok(())
}

#[tokio::test]
async fn traveler_documents_are_deleted_with_their_user() -> anyhow::Result<()> {
    let world = World::start().await?;
    let (path, asha) = signed_up(&world, "asha").await?;
    let user = path.rsplit('/').next().context("no id")?;
    let travelers = json!([{"given_name": "Alicia", "family_name": "Quispe",
        "born_on": "1990-02-03", "document": "XP7719385"}]);
    let order = json!({"userId": user, "seats": ["A1"], "travelers": travelers});
    let order = asha
        .post(&format!("/api/flights/{FL123}/orders"), &order)
        .await?;
    let id = order.body["orderId"].as_str().context("no order")?;
    ensure!(asha.delete(&format!("/api/orders/{id}")).await?.status == 200);
    let right = json!({"current_password": PASSWORD});
    ensure!(delete(&asha, &path, &right).await?.status == 204);
    let kept = world
        .services
        .bookings
        .get(&format!("/api/orders/{id}"))
        .await?;
    let name_alone = json!([{"given_name": "Alicia", "family_name": "Quispe"}]);
    ensure!(kept.body["travelers"] == name_alone, "{kept:?}");
    Ok(())
}

#[tokio::test]
async fn vouchers_cannot_be_enumerated() -> anyhow::Result<()> {
    let world = World::start().await?;
    let admin = &world.services.bookings;
    let event = json!({"name": "Gala", "description": "", "date_time": "2040-01-01T20:00:00Z",
        "total_tickets": 100, "ticket_price": 75.5});
    let (gala, other) = (
        admin.make("/api/v1/events", &event).await?,
        admin.make("/api/v1/events", &event).await?,
    );
    for (code, event) in [("OTHER", &other), ("GOOD", &gala), ("ONCE", &gala)] {
        let voucher = json!({"code": code, "percent_off": 10, "max_uses": 1, "event_id": event});
        admin.make("/api/v1/vouchers", &voucher).await?;
    }
    let (path, asha) = signed_up(&world, "asha").await?;
    let user = path.rsplit('/').next().context("no id")?;
    let tickets = |voucher: Option<&str>| json!({"user_id": user, "event_id": gala, "quantity": 1, "voucher": voucher});
    let book =
        async |caller: &Caller, voucher| caller.post("/api/v1/bookings", &tickets(voucher)).await;
    ensure!(book(&asha, Some("ONCE")).await?.status == 201);
    // Unknown, foreign and used-up vouchers are refused alike.
    let mut told = Vec::new();
    for code in ["NONE", "OTHER", "ONCE"] {
        let refused = book(&asha, Some(code)).await?;
        ensure!(
            refused.summary() == "404 unknown_voucher",
            "{code}: {refused:?}"
        );
        told.push(refused.body["detail"].clone());
    }
    ensure!(told[0] == told[1] && told[1] == told[2], "{told:?}");
    for _ in 3..10 {
        ensure!(book(&asha, Some("NONE")).await?.status == 404);
    }
    for code in ["NONE", "GOOD"] {
        let refused = book(&asha, Some(code)).await?;
        ensure!(
            refused.summary() == "429 too_many_requests",
            "{code}: {refused:?}"
        );
    }
    ensure!(book(&asha, None).await?.status == 201);
    // Staff are told the reason.
    ensure!(book(admin, Some("OTHER")).await?.summary() == "409 voucher_not_for_event");
    ensure!(book(admin, Some("ONCE")).await?.summary() == "409 voucher_used_up");
    Ok(())
}
