//! Users: create, look up, change, delete.

use serde_json::json;

use crate::support::TestService;
use crate::support::tidy;

const NOBODY: &str = "/api/v1/users/00000000-0000-0000-0000-000000000000";

#[tokio::test]
async fn a_user_lives() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let body = json!({"name": "Asha Rao", "email": "Asha@Example.org"});
    let made = caller.post("/api/v1/users", &body).await?;
    assert_eq!(made.status, 201);
    insta::assert_json_snapshot!(tidy(&made), @r#"
    {
      "created_at": "[time]",
      "email": "Asha@Example.org",
      "id": "[id]",
      "name": "Asha Rao",
      "role": "customer",
      "updated_at": "[time]"
    }
    "#);
    let path = made.header("location").unwrap_or_default().to_owned();
    assert_eq!(caller.get(&path).await?.body, made.body);
    let change = json!({"name": "Asha R."});
    let changed = caller.put(&path, &change).await?;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.body["name"], "Asha R.");
    assert_eq!(changed.body["email"], "Asha@Example.org");
    let gone = caller.delete(&path).await?;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert_eq!(caller.get(&path).await?.summary(), "404 unknown_user");
    assert_eq!(caller.delete(&path).await?.summary(), "404 unknown_user");
    Ok(())
}

#[tokio::test]
async fn an_address_belongs_to_one_user_however_it_is_written() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let user = |email: &str| json!({"name": "Somebody", "email": email});
    caller
        .make("/api/v1/users", &user("asha@example.org"))
        .await?;
    let ben = caller
        .make("/api/v1/users", &user("ben@example.org"))
        .await?;
    for email in ["asha@example.org", "ASHA@example.ORG"] {
        let taken = caller.post("/api/v1/users", &user(email)).await?;
        assert_eq!(taken.summary(), "409 email_taken");
        let taken = caller
            .put(&format!("/api/v1/users/{ben}"), &json!({"email": email}))
            .await?;
        assert_eq!(taken.summary(), "409 email_taken");
    }
    let own = json!({"email": "BEN@example.org"});
    let own = caller.put(&format!("/api/v1/users/{ben}"), &own).await?;
    assert_eq!(own.status, 200);
    Ok(())
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    for (body, refused) in [
        (json!({"name": "", "email": "a@example.org"}), "400 /name"),
        (json!({"name": "A", "email": "example.org"}), "400 /email"),
        (json!({"name": "A", "email": 7}), "400 /email"),
        (json!({"name": "A"}), "400 /email"),
        (json!({"email": "a@example.org"}), "400 /name"),
    ] {
        assert_eq!(
            caller.post("/api/v1/users", &body).await?.invalid(),
            refused
        );
    }
    let malformed = caller.post_text("/api/v1/users", "{").await?;
    assert_eq!(malformed.summary(), "400 malformed");
    assert_eq!(caller.get(NOBODY).await?.summary(), "404 unknown_user");
    assert_eq!(caller.delete(NOBODY).await?.summary(), "404 unknown_user");
    let unknown = caller.put(NOBODY, &json!({"name": "A"})).await?;
    assert_eq!(unknown.summary(), "404 unknown_user");
    assert_eq!(caller.get("/api/v1/users/7").await?.status, 404);
    let method = caller.delete("/api/v1/users").await?;
    assert_eq!(method.summary(), "405 method_not_allowed");
    Ok(())
}

#[tokio::test]
async fn a_user_with_live_bookings_stays() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let sql = service.sql().await?;
    for (channel, flight) in [
        ("event", "NULL"),
        ("seats", "'1'"),
        ("count", "'1'"),
        ("simple", "'1'"),
    ] {
        let user = json!({"name": "Asha", "email": "asha@example.org"});
        let id = caller.make("/api/v1/users", &user).await?;
        let booking = format!(
            "INSERT INTO bookings (channel, user_ref, flight_ref, payment_type, state, public_status, hold_id,
                                   request_digest, deadline_at, next_step_at)
             VALUES ('{channel}', '{id}', {flight}, 'upi', 'pending', 'pending', gen_random_uuid(), '',
                     now() + interval '1 hour', now() + interval '1 hour')"
        );
        sql.batch_execute(&booking).await?;
        let path = format!("/api/v1/users/{id}");
        let refused = caller.delete(&path).await?;
        assert_eq!(refused.summary(), "409 user_has_bookings", "{channel}");
        sql.batch_execute(
            "UPDATE bookings SET state = 'expired', public_status = 'expired', next_step_at = NULL",
        )
        .await?;
        assert_eq!(caller.delete(&path).await?.status, 204, "{channel}");
    }
    Ok(())
}

#[tokio::test]
async fn an_address_is_one_in_all_its_forms() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let add = async |email: &str| {
        let body = json!({"name": "Asha", "email": email});
        caller.post("/api/v1/users", &body).await
    };
    for email in [
        "émile@example.org",
        "asha@example.org",
        "nikos@bücher.example",
    ] {
        let made = add(email).await?;
        assert_eq!((made.status, &made.body["email"]), (201, &json!(email)));
    }
    for email in [
        "ÉMILE@example.org",
        "e\u{301}mile@example.org",
        "asha@ｅｘａｍｐｌｅ.org",
        "ａｓｈａ@example.org",
        "\"asha\"@example.org",
        "Asha@EXAMPLE.org",
        "nikos@xn--bcher-kva.example",
    ] {
        let refused = add(email).await?;
        assert_eq!(refused.summary(), "409 email_taken", "{email}");
    }
    for email in [
        "аsha@example.org",
        "asha@exаmple.org",
        "as\u{200B}ha@example.org",
    ] {
        let refused = add(email).await?;
        assert_eq!(refused.invalid(), "400 /email", "{email}");
    }
    // A changed address still belongs to one user.
    let other = caller
        .make(
            "/api/v1/users",
            &json!({"name": "Ben", "email": "ben@example.org"}),
        )
        .await?;
    let path = format!("/api/v1/users/{other}");
    let refused = caller
        .put(&path, &json!({"email": "\"ASHA\"@example.org"}))
        .await?;
    assert_eq!(refused.summary(), "409 email_taken");
    let changed = caller
        .put(&path, &json!({"email": "Bén@example.org"}))
        .await?;
    assert_eq!(changed.body["email"], "Bén@example.org");
    assert_eq!(add("BÉN@example.org").await?.summary(), "409 email_taken");
    Ok(())
}
