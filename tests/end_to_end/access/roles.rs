//! A token grants no more than its bearer's current role: former staff can't return with an old token.

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tokens::Role;

use super::world::World;
use test_stack::caller::Caller;

const USERS: &str = "/api/v1/users";
const PASSWORD: &str = "correct horse";

/// A new user with this role, and a token that names it.
async fn staff(world: &World, name: &str, role: Role) -> anyhow::Result<(String, Caller)> {
    let admin = &world.services.bookings;
    let email = format!("{name}@example.org");
    let user = json!({"name": name, "email": email, "password": PASSWORD});
    let id = admin.make(USERS, &user).await?;
    let given = json!({"role": role.as_str()});
    let given = admin.put(&format!("{USERS}/{id}"), &given).await?;
    ensure!(given.status == 200, "{given:?}");
    let login = json!({"email": email, "password": PASSWORD});
    let session = admin.post("/api/v1/sessions", &login).await?;
    let token = session.body["access_token"].as_str().context("no token")?;
    let own = admin.bearing(token);
    ensure!(own.get(&format!("{USERS}?limit=1")).await?.status == 200);
    Ok((id, own))
}

#[tokio::test]
async fn former_admins_cannot_regain_their_role() -> anyhow::Result<()> {
    let world = World::start().await?;
    let admin = &world.services.bookings;
    let accomplice = json!({"name": "Cleo", "email": "cleo@example.org"});
    let accomplice = admin.make(USERS, &accomplice).await?;
    for former in ["demoted", "deleted"] {
        let (id, old) = staff(&world, former, Role::Admin).await?;
        let path = format!("{USERS}/{id}");
        let ended = match former {
            "demoted" => admin.put(&path, &json!({"role": "customer"})).await?,
            _ => admin.delete(&path).await?,
        };
        ensure!(matches!(ended.status, 200 | 204), "{ended:?}");
        let refused = if former == "demoted" { 403 } else { 401 };
        let other = format!("{USERS}/{accomplice}");
        let password = json!({"new_password": "battery staple"});
        for (method, path, body) in [
            (Method::PUT, path.clone(), json!({"role": "admin"})),
            (Method::PUT, other.clone(), json!({"role": "admin"})),
            (Method::PUT, format!("{other}/password"), password),
            (
                Method::POST,
                USERS.to_owned(),
                json!({"name": "X", "email": "x@example.org"}),
            ),
            (
                Method::POST,
                "/api/admin/flights/9/cancel".to_owned(),
                Value::Null,
            ),
            (Method::GET, "/api/admin/actions".to_owned(), Value::Null),
            (Method::GET, USERS.to_owned(), Value::Null),
        ] {
            let answer = old
                .send(old.request(method.clone(), &path).json(&body))
                .await?;
            // Another's resource is not found for a customer.
            let expected = if former == "demoted" && path.starts_with(&other) {
                404
            } else {
                refused
            };
            ensure!(
                answer.status == expected,
                "{former} {method} {path}: {answer:?}"
            );
        }
        ensure!(old.delete(&other).await?.status != 204);
    }
    let shown = admin.get(&format!("{USERS}/{accomplice}")).await?;
    ensure!(shown.body["role"] == "customer", "{shown:?}");
    Ok(())
}

#[tokio::test]
async fn a_demoted_admin_has_only_the_current_role() -> anyhow::Result<()> {
    let world = World::start().await?;
    let admin = &world.services.bookings;
    let (id, old) = staff(&world, "asha", Role::Admin).await?;
    let agent = json!({"role": "agent"});
    ensure!(admin.put(&format!("{USERS}/{id}"), &agent).await?.status == 200);
    ensure!(old.get(USERS).await?.status == 200);
    ensure!(old.get("/api/admin/actions").await?.status == 403);
    Ok(())
}

#[tokio::test]
async fn nobody_changes_their_own_role() -> anyhow::Result<()> {
    let world = World::start().await?;
    let (id, asha) = staff(&world, "asha", Role::Admin).await?;
    let (other, _) = staff(&world, "ben", Role::Agent).await?;
    let own = format!("{USERS}/{id}");
    for role in ["customer", "agent"] {
        let refused = asha.put(&own, &json!({"role": role})).await?;
        ensure!(refused.summary() == "403 forbidden", "{refused:?}");
    }
    // Writing the current role is no change.
    let same = json!({"name": "Asha Rao", "role": "admin"});
    ensure!(asha.put(&own, &same).await?.status == 200);
    let other = format!("{USERS}/{other}");
    ensure!(asha.put(&other, &json!({"role": "customer"})).await?.status == 200);
    Ok(())
}
