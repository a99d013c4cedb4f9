//! Sign-up, log-in and log-out, protected against account enumeration and password throttle_enumeration.

use anyhow::Context as _;
use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::{Value, json};
use service_core::caller::Role;
use service_core::settings::AuthSettings;
use test_stack::wait_until;

use crate::support::TestService;
use booking_service::settings::Settings;
use test_stack::caller::{Answer, Caller, SOON};

const USERS: &str = "/api/v1/users";
const SESSIONS: &str = "/api/v1/sessions";
const CURRENT: &str = "/api/v1/sessions/current";
const PASSWORD: &str = "correct horse";

fn asha() -> Value {
    json!({"name": "Asha", "email": "Asha@Example.org", "password": PASSWORD})
}

fn credentials(email: &str, password: &str) -> Value {
    json!({"email": email, "password": password})
}

/// The cookie that a log-in sets, as a `Cookie` header.
fn cookie(answer: &Answer) -> anyhow::Result<String> {
    let cookie = answer.header("set-cookie").context("no cookie")?;
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}

async fn with_cookie(
    caller: &Caller,
    method: Method,
    path: &str,
    cookie: &str,
) -> anyhow::Result<Answer> {
    let request = caller.request(method, path).header(COOKIE, cookie);
    caller.send(request).await
}

#[tokio::test]
async fn a_user_signs_up_and_logs_in_and_out() -> anyhow::Result<()> {
    let key = tokens::sign::new_key()?;
    let mut auth = None;
    let service = TestService::start_with(|settings| {
        settings.auth.signing_key = Some(key.into());
        auth = Some(settings.auth.clone());
    })
    .await?;
    let auth: AuthSettings = auth.context("no settings")?;
    let caller = &service.caller;
    let made = caller.post(USERS, &asha()).await?;
    assert_eq!(made.status, 201, "{}", made.text);
    assert!(!made.text.contains("password") && !made.text.contains(PASSWORD));

    let logged_in = caller
        .post(SESSIONS, &credentials(" asha@example.ORG", PASSWORD))
        .await?;
    assert_eq!(logged_in.status, 201, "{}", logged_in.text);
    assert_eq!(logged_in.body["user"], made.body);
    assert_eq!(logged_in.header("cache-control"), Some("no-store"));
    let set = logged_in.header("set-cookie").context("no cookie")?;
    for part in [
        "__Host-",
        "HttpOnly",
        "Secure",
        "SameSite=Lax",
        "Path=/",
        "Max-Age=",
    ] {
        assert!(set.contains(part), "{set}");
    }
    // The token verifies with the key that all services trust.
    let token = logged_in.body["access_token"]
        .as_str()
        .context("no token")?;
    let keys = auth.signer()?.and_then(|signer| signer.public_keys());
    let now = jiff::Timestamp::now();
    let identity = auth
        .verifier()
        .verify(&keys.context("no keys")?, token, now)?;
    assert_eq!(Some(identity.subject.as_str()), made.body["id"].as_str());
    assert_eq!(identity.role, Role::Customer);

    let cookie = cookie(&logged_in)?;
    let current = with_cookie(caller, Method::GET, CURRENT, &cookie).await?;
    assert_eq!(current.status, 200);
    assert_eq!(current.body["user"], made.body);
    // The stored digest is not accepted as a cookie.
    let sql = service.sql().await?;
    let row = sql
        .query_one("SELECT encode(token_digest, 'hex') FROM sessions", &[])
        .await?;
    let digest: String = row.try_get(0)?;
    let (name, value) = cookie.split_once('=').context("no value")?;
    assert_ne!(value, digest);
    let forged = format!("{name}={digest}");
    for wrong in [forged.as_str(), "", "other=1"] {
        let answer = with_cookie(caller, Method::GET, CURRENT, wrong).await?;
        assert_eq!(answer.summary(), "401 no_session");
    }

    let gone = with_cookie(caller, Method::DELETE, CURRENT, &cookie).await?;
    assert_eq!(gone.status, 204);
    assert!(
        gone.header("set-cookie")
            .is_some_and(|set| set.contains("Max-Age=0"))
    );
    let answer = with_cookie(caller, Method::GET, CURRENT, &cookie).await?;
    assert_eq!(answer.summary(), "401 no_session");
    Ok(())
}

#[tokio::test]
async fn whether_it_was_the_address_or_the_password_is_not_told() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    caller.make(USERS, &asha()).await?;
    caller
        .make(USERS, &json!({"name": "Ravi", "email": "ravi@example.org"}))
        .await?;
    let mut answers = Vec::new();
    for email in [
        "asha@example.org",
        "nobody@example.org",
        "ravi@example.org",
        "",
        "\u{0}",
    ] {
        let answer = caller
            .post(SESSIONS, &credentials(email, "wrong password"))
            .await?;
        assert_eq!(answer.summary(), "401 wrong_credentials", "{email:?}");
        answers.push(answer.body["detail"].clone());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    for wrong in [
        json!({"email": "a@b.c"}),
        credentials("a@b.c", "short"),
        json!({}),
    ] {
        assert_eq!(caller.post(SESSIONS, &wrong).await?.status, 400);
    }
    let again = caller.post(USERS, &asha()).await?;
    assert_eq!(again.summary(), "409 email_taken");
    for weak in ["1234567", "password1", "P@ssw0rd!", "aaaaaaaa"] {
        let mut body = asha();
        body["password"] = json!(weak);
        assert_eq!(caller.post(USERS, &body).await?.invalid(), "400 /password");
    }
    Ok(())
}

#[tokio::test]
async fn passwords_are_not_tried_without_end() -> anyhow::Result<()> {
    for has_redis in [true, false] {
        try_passwords(has_redis).await?;
    }
    Ok(())
}

async fn try_passwords(has_redis: bool) -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| {
        settings.redis.enabled = has_redis;
        settings.accounts.attempts_per_account = 3;
        settings.accounts.attempts_per_address = 5;
    })
    .await?;
    let caller = &service.caller;
    caller.make(USERS, &asha()).await?;
    let wrong = credentials("asha@example.org", "wrong password");
    let right = credentials("asha@example.org", PASSWORD);
    for _ in 0..2 {
        assert_eq!(caller.post(SESSIONS, &wrong).await?.status, 401);
    }
    let known = caller.post(SESSIONS, &right).await?;
    assert_eq!(known.status, 201);
    for _ in 0..3 {
        assert_eq!(caller.post(SESSIONS, &wrong).await?.status, 401);
    }
    // Not even the right password is answered: it would confirm a guess.
    let refused = caller.post(SESSIONS, &right).await?;
    assert_eq!(refused.summary(), "429 too_many_requests");
    assert_eq!(refused.header("retry-after"), Some("900"));
    // A browser that has logged in before has its own count.
    let browser = browser(&known)?;
    let from_browser = async |body: &Value| {
        let request = caller
            .request(Method::POST, SESSIONS)
            .header(COOKIE, &browser);
        caller.send(request.json(body)).await
    };
    assert_eq!(from_browser(&right).await?.status, 201);
    for status in [401, 401, 401, 429] {
        assert_eq!(from_browser(&wrong).await?.status, status);
    }
    // Its cookie has no effect at another account.
    let ravi = json!({"name": "Ravi", "email": "ravi@example.org", "password": PASSWORD});
    caller.make(USERS, &ravi).await?;
    let ravi = credentials("ravi@example.org", "wrong password");
    // After many failures an address has one attempt left at each account, so everybody behind it can still
    // log in.
    let other = credentials("other@example.org", "wrong password");
    for status in [401, 429] {
        assert_eq!(caller.post(SESSIONS, &other).await?.status, status);
    }
    for status in [401, 429] {
        assert_eq!(from_browser(&ravi).await?.status, status);
    }
    let new = json!({"name": "New", "email": "new@example.org", "password": PASSWORD});
    caller.make(USERS, &new).await?;
    for _ in 0..3 {
        let new = credentials("new@example.org", PASSWORD);
        assert_eq!(caller.post(SESSIONS, &new).await?.status, 201);
    }
    Ok(())
}

/// The known-browser cookie of a log-in.
fn browser(answer: &Answer) -> anyhow::Result<String> {
    let cookies = answer.headers.get_all("set-cookie").iter();
    let mut cookies = cookies.filter_map(|cookie| cookie.to_str().ok());
    let cookie = cookies.find(|cookie| cookie.contains("holdfast_browser"));
    let cookie = cookie.context("no browser")?.split(';').next();
    Ok(cookie.unwrap_or_default().to_owned())
}

#[tokio::test]
async fn sign_ups_from_one_address_are_bounded_and_keep_nobody_from_logging_in()
-> anyhow::Result<()> {
    let service = TestService::start_with(|settings| {
        settings.accounts.attempts_per_address = 3;
    })
    .await?;
    let caller = &service.caller;
    caller.make(USERS, &asha()).await?;
    for status in [409, 409, 429] {
        assert_eq!(caller.post(USERS, &asha()).await?.status, status);
    }
    let right = credentials("asha@example.org", PASSWORD);
    assert_eq!(caller.post(SESSIONS, &right).await?.status, 201);
    Ok(())
}

#[tokio::test]
async fn a_user_sees_their_sessions_and_ends_the_others() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    caller.make(USERS, &asha()).await?;
    let body = credentials("asha@example.org", PASSWORD);
    let mut cookies = Vec::new();
    for agent in ["Phone", "Tablet", "Desk"] {
        let request = caller
            .request(Method::POST, SESSIONS)
            .header("user-agent", agent);
        cookies.push(cookie(&caller.send(request.json(&body)).await?)?);
    }
    let ravi = json!({"name": "Ravi", "email": "ravi@example.org", "password": PASSWORD});
    caller.make(USERS, &ravi).await?;
    let ravi = credentials("ravi@example.org", PASSWORD);
    let ravi = cookie(&caller.post(SESSIONS, &ravi).await?)?;
    let own = &cookies[2];
    let listed = with_cookie(caller, Method::GET, SESSIONS, own).await?;
    let sessions = listed.body.as_array().context("no list")?;
    let shown: Vec<(&Value, &Value)> = sessions
        .iter()
        .map(|session| (&session["user_agent"], &session["current"]))
        .collect();
    let [yes, no] = [json!(true), json!(false)];
    assert_eq!(
        shown,
        [
            (&json!("Desk"), &yes),
            (&json!("Tablet"), &no),
            (&json!("Phone"), &no)
        ]
    );
    // A public id is no credential: neither for its own session nor for another user's.
    let phone = format!(
        "{SESSIONS}/{}",
        sessions[2]["id"].as_str().context("no id")?
    );
    let foreign = with_cookie(caller, Method::DELETE, &phone, &ravi).await?;
    assert_eq!(foreign.status, 404);
    assert_eq!(
        with_cookie(caller, Method::DELETE, &phone, own)
            .await?
            .status,
        204
    );
    let again = with_cookie(caller, Method::DELETE, &phone, own).await?;
    assert_eq!(again.status, 404);
    let phone = with_cookie(caller, Method::GET, CURRENT, &cookies[0]).await?;
    assert_eq!(phone.summary(), "401 no_session");
    assert_eq!(
        with_cookie(caller, Method::GET, CURRENT, &cookies[1])
            .await?
            .status,
        200
    );
    let others = with_cookie(caller, Method::DELETE, SESSIONS, own).await?;
    assert_eq!(others.status, 204);
    for (cookie, status) in [(&cookies[1], 401), (own, 200), (&ravi, 200)] {
        assert_eq!(
            with_cookie(caller, Method::GET, CURRENT, cookie)
                .await?
                .status,
            status
        );
    }
    for (method, path) in [(Method::GET, SESSIONS), (Method::DELETE, SESSIONS)] {
        let nobody = with_cookie(caller, method, path, "other=1").await?;
        assert_eq!(nobody.summary(), "401 no_session");
    }
    Ok(())
}

#[tokio::test]
async fn no_other_sites_page_logs_its_visitor_in() -> anyhow::Result<()> {
    let named = "https://shop.example.org";
    let service = TestService::start_with(|settings| {
        settings.http.cors_origins = vec![named.to_owned()];
    })
    .await?;
    let caller = &service.caller;
    caller.make(USERS, &asha()).await?;
    let body = credentials("asha@example.org", PASSWORD);
    let own = caller.url("");
    for (header, value, status) in [
        ("origin", "https://evil.example.org", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "same-origin", 201),
        ("origin", own.trim_end_matches('/'), 201),
        ("origin", named, 201),
    ] {
        let request = caller.request(Method::POST, SESSIONS).header(header, value);
        let answer = caller.send(request.json(&body)).await?;
        assert_eq!(answer.status, status, "{header}: {value}");
        let is_set = answer.header("set-cookie").is_some();
        assert_eq!(is_set, status == 201, "{header}: {value}");
    }
    Ok(())
}

#[tokio::test]
async fn a_new_password_ends_all_sessions() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = caller.make(USERS, &asha()).await?;
    let logged_in = caller
        .post(SESSIONS, &credentials("asha@example.org", PASSWORD))
        .await?;
    assert!(
        logged_in.body.get("access_token").is_none(),
        "no key, no token"
    );
    let path = format!("{USERS}/{id}/password");
    let wrong = json!({"current_password": "wrong password", "new_password": "battery staple"});
    assert_eq!(
        caller.put(&path, &wrong).await?.summary(),
        "401 wrong_credentials"
    );
    let right = json!({"current_password": PASSWORD, "new_password": "battery staple"});
    assert_eq!(caller.put(&path, &right).await?.status, 204);
    let current = with_cookie(caller, Method::GET, CURRENT, &cookie(&logged_in)?).await?;
    assert_eq!(current.summary(), "401 no_session");
    for (password, status) in [(PASSWORD, 401), ("battery staple", 201)] {
        let answer = caller
            .post(SESSIONS, &credentials("asha@example.org", password))
            .await?;
        assert_eq!(answer.status, status);
    }
    // Staff set a first password for a user.
    let ravi = json!({"name": "Ravi", "email": "ravi@example.org"});
    let ravi = caller.make(USERS, &ravi).await?;
    let path = format!("{USERS}/{ravi}/password");
    let new = json!({"new_password": PASSWORD});
    assert_eq!(caller.put(&path, &new).await?.status, 204);
    let body = credentials("ravi@example.org", PASSWORD);
    assert_eq!(caller.post(SESSIONS, &body).await?.status, 201);
    let path = format!("{USERS}/00000000-0000-0000-0000-000000000000/password");
    assert_eq!(caller.put(&path, &new).await?.summary(), "404 unknown_user");
    Ok(())
}

#[tokio::test]
async fn sessions_end_and_there_are_not_too_many() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| {
        settings.accounts.attempts_per_account = 100;
    })
    .await?;
    let caller = &service.caller;
    let id = caller.make(USERS, &asha()).await?;
    let body = credentials("asha@example.org", PASSWORD);
    let first = cookie(&caller.post(SESSIONS, &body).await?)?;
    for _ in 0..10 {
        assert_eq!(caller.post(SESSIONS, &body).await?.status, 201);
    }
    let sql = service.sql().await?;
    let count = sql.query_one("SELECT count(*) FROM sessions", &[]).await?;
    assert_eq!(count.try_get::<_, i64>(0)?, 10);
    let oldest = with_cookie(caller, Method::GET, CURRENT, &first).await?;
    assert_eq!(oldest.summary(), "401 no_session");

    let last = cookie(&caller.post(SESSIONS, &body).await?)?;
    sql.execute(
        "UPDATE sessions SET created_at = now() - interval '1 day', expires_at = now()",
        &[],
    )
    .await?;
    let ended = with_cookie(caller, Method::GET, CURRENT, &last).await?;
    assert_eq!(ended.summary(), "401 no_session");
    assert_eq!(caller.delete(&format!("{USERS}/{id}")).await?.status, 204);
    wait_until("the sessions go with their user", SOON, async || {
        let count = sql.query_one("SELECT count(*) FROM sessions", &[]).await;
        count.is_ok_and(|row| row.get::<_, i64>(0) == 0)
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn attempts_are_counted_by_all_replicas_together() -> anyhow::Result<()> {
    // A slow answer of Redis would make a replica count alone.
    let patient = |settings: &mut Settings| settings.redis.timeout = SOON;
    let service = TestService::start_with(patient).await?;
    service.caller.make(USERS, &asha()).await?;
    let other = service.replica_with(patient).await?;
    let callers = [&service.caller, &other.caller];
    for attempt in 0..10 {
        let email = ["asha@example.org", " ASHA@Example.org"][attempt / 2 % 2];
        let wrong = credentials(email, "wrong password");
        let answer = callers[attempt % 2].post(SESSIONS, &wrong).await?;
        assert_eq!(answer.status, 401, "{attempt}");
    }
    let right = credentials("asha@example.org", PASSWORD);
    for caller in callers {
        let refused = caller.post(SESSIONS, &right).await?;
        assert_eq!(refused.summary(), "429 too_many_requests");
    }
    Ok(())
}

#[tokio::test]
async fn a_sign_up_under_a_key_is_bound_to_its_password_but_no_digest_tells_it()
-> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let made = caller.post_keyed(USERS, "k", &asha()).await?;
    assert_eq!(made.status, 201);
    let again = caller.post_keyed(USERS, "k", &asha()).await?;
    assert_eq!((again.status, again.is_replayed()), (201, true));
    assert_eq!(again.body, made.body);
    for (field, value) in [
        ("password", "battery staple"),
        ("name", "Ravi"),
        ("email", "ravi@example.org"),
    ] {
        let mut other = asha();
        other[field] = json!(value);
        let refused = caller.post_keyed(USERS, "k", &other).await?;
        assert_eq!(refused.summary(), "422 idempotency_key_reused", "{field}");
    }
    // Another password gives the same digest. The first key stays with the first user.
    let sql = service.sql().await?;
    let id = made.id().context("no id")?;
    assert_eq!(caller.delete(&format!("{USERS}/{id}")).await?.status, 204);
    let mut other = asha();
    other["password"] = json!("battery staple");
    let taken = caller.post_keyed(USERS, "k", &other).await?;
    assert_eq!(taken.summary(), "422 idempotency_key_reused");
    assert_eq!(caller.post_keyed(USERS, "k2", &other).await?.status, 201);
    let digests = "SELECT count(*), count(DISTINCT request_digest) FROM idempotency_keys";
    let row = sql.query_one(digests, &[]).await?;
    assert_eq!((row.try_get(0)?, row.try_get(1)?), (2i64, 1i64));
    Ok(())
}

#[tokio::test]
async fn no_session_begins_with_a_password_that_is_being_changed() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    caller.make(USERS, &asha()).await?;
    let mut sql = service.sql().await?;
    let watch = service.sql().await?;
    let change = sql.transaction().await?;
    change
        .execute("UPDATE passwords SET hash = hash || 'x'", &[])
        .await?;
    change.execute("DELETE FROM sessions", &[]).await?;
    let body = credentials("asha@example.org", PASSWORD);
    let log_in = tokio::spawn({
        let caller = caller.clone();
        async move { caller.post(SESSIONS, &body).await }
    });
    wait_until("the log-in waits for the new password", SOON, async || {
        let waiting = "SELECT EXISTS (
            SELECT FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock')";
        let waits = watch.query_one(waiting, &[]).await;
        log_in.is_finished() || waits.is_ok_and(|row| row.get(0))
    })
    .await?;
    change.commit().await?;
    assert_eq!(log_in.await??.summary(), "401 wrong_credentials");
    let count = watch.query_one("SELECT count(*) FROM sessions", &[]);
    assert_eq!(count.await?.try_get::<_, i64>(0)?, 0);
    Ok(())
}

#[tokio::test]
async fn the_servers_log_keeps_no_address() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let sql = service.sql().await?;
    // PostgreSQL would log the row of a statement that a constraint refuses.
    for (name, value) in [
        ("log_error_verbosity", "terse"),
        ("log_parameter_max_length", "0"),
        ("log_parameter_max_length_on_error", "0"),
    ] {
        let row = sql
            .query_one("SELECT current_setting($1)", &[&name])
            .await?;
        assert_eq!(row.try_get::<_, &str>(0)?, value, "{name}");
    }
    // The address is looked up first, so that only concurrent requests reach the constraint.
    caller.make(USERS, &asha()).await?;
    let ravi = json!({"name": "Ravi", "email": "ravi@example.org"});
    let ravi = format!("{USERS}/{}", caller.make(USERS, &ravi).await?);
    let without_password = json!({"name": "Asha", "email": "asha@example.org"});
    sql.batch_execute("ALTER TABLE users DROP CONSTRAINT users_email_taken")
        .await?;
    for body in [&asha(), &without_password] {
        assert_eq!(caller.post(USERS, body).await?.summary(), "409 email_taken");
    }
    let change = json!({"email": "ASHA@example.org"});
    assert_eq!(
        caller.put(&ravi, &change).await?.summary(),
        "409 email_taken"
    );
    Ok(())
}

#[tokio::test]
async fn nobody_signs_up_as_staff_and_admins_give_roles() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let mut body = asha();
    body["role"] = json!("admin");
    assert_eq!(caller.post(USERS, &body).await?.invalid(), "400 /role");
    let made = caller.post(USERS, &asha()).await?;
    assert_eq!(made.body["role"], "customer");
    let path = format!("{USERS}/{}", made.id().context("no id")?);
    for role in ["agent", "admin", "customer"] {
        let given = caller.put(&path, &json!({"role": role})).await?;
        assert_eq!((given.status, &given.body["role"]), (200, &json!(role)));
    }
    let unknown = caller.put(&path, &json!({"role": "service"})).await?;
    assert_eq!(unknown.invalid(), "400 /role");
    Ok(())
}
