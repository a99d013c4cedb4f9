//! Web pages without flight-service: refusals, error pages, and escaping of user texts. The browser tests
//! cover what people do with them.

use anyhow::{Context as _, ensure};
use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use serde_json::json;

use crate::support::{TestService, event};
use test_stack::caller::{Answer, Caller};

const HOSTILE: &str = "<script>alert(1)</script>\"'&amp;<img src=x onerror=alert(1)>";

async fn page(caller: &Caller, path: &str) -> anyhow::Result<Answer> {
    let request = caller.request(Method::GET, path);
    caller.send(request.header(ACCEPT, "text/html")).await
}

/// Sends a form with this cookie; redirects are not followed.
async fn send_form(
    caller: &Caller,
    path: &str,
    cookie: &str,
    form: &str,
) -> anyhow::Result<Response> {
    let client = reqwest::Client::builder()
        .redirect(Policy::none())
        .build()?;
    let request = caller
        .request(Method::POST, path)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(COOKIE, cookie)
        .body(form.to_owned());
    Ok(client.execute(request.build()?).await?)
}

#[tokio::test]
async fn pages_are_html_with_a_strict_policy() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for (path, status) in [
        ("/", 200),
        ("/events", 200),
        ("/my-bookings", 200),
        ("/operations", 200),
        ("/nowhere", 404),
        ("/orders/1", 404),
        ("/bookings/1", 404),
        ("/events/1", 404),
        ("/itinerary?flights=one", 400),
    ] {
        let page = page(&service.caller, path).await?;
        ensure!(page.status == status, "{path}: {}", page.status);
        let policy = page.header("content-security-policy").unwrap_or_default();
        ensure!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        ensure!(page.text.starts_with("<!DOCTYPE html>"), "{path}");
    }
    // Programs get a problem, not a page.
    ensure!(service.caller.get("/nowhere").await?.summary() == "404 not_found");
    Ok(())
}

#[tokio::test]
async fn what_users_write_stays_text() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let mut body = event(10);
    body["name"] = json!(HOSTILE);
    body["description"] = json!(HOSTILE);
    let id = service.caller.make("/api/v1/events", &body).await?;
    for path in [
        "/events".to_owned(),
        format!("/events/{id}"),
        "/operations".to_owned(),
    ] {
        let page = page(&service.caller, &path).await?;
        ensure!(page.text.contains("&lt;script&gt;alert(1)"), "{path}");
        ensure!(
            !page.text.contains("<script>") && !page.text.contains("<img"),
            "{path}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_form_needs_the_token_of_its_visitor() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let start = page(&service.caller, "/").await?;
    let cookie = start
        .headers
        .get(SET_COOKIE)
        .context("no cookie")?
        .to_str()?;
    ensure!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap_or_default();
    let token = cookie.split('=').next_back().unwrap_or_default();
    ensure!(
        start.text.contains(token),
        "the form does not carry the token"
    );
    let other = "__Host-holdfast_form_token=2b1a7b0e-6f3b-4a57-9d39-3a7a4a1f0c11";
    for (cookie, form) in [
        (cookie, "user=asha".to_owned()),
        (cookie, "user=asha&form_token=".to_owned()),
        ("", format!("user=asha&form_token={token}")),
        (other, format!("user=asha&form_token={token}")),
    ] {
        let refused = send_form(&service.caller, "/acting-as", cookie, &form).await?;
        ensure!(
            refused.status() == 403,
            "{cookie} {form}: {}",
            refused.status()
        );
    }
    for (back, to) in [
        ("%2Fevents", "/events"),
        ("%2F%2Fevil.example", "/"),
        ("https%3A%2F%2Fevil.example", "/"),
    ] {
        let form = format!("user=J%C3%BCrgen&back={back}&form_token={token}");
        let taken = send_form(&service.caller, "/acting-as", cookie, &form).await?;
        ensure!(taken.status() == 303, "{}", taken.status());
        ensure!(taken.headers().get(LOCATION).context("no location")? == to);
        let cookies = taken.headers().get_all(SET_COOKIE);
        ensure!(cookies.iter().any(|cookie| {
            let cookie = cookie.to_str().unwrap_or_default();
            cookie.starts_with("__Host-holdfast_acting_as=J%C3%BCrgen;")
        }));
    }
    Ok(())
}

#[tokio::test]
async fn without_flight_service_it_is_said_so() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| {
        // No process listens at this address.
        if let Ok(url) = "http://127.0.0.1:9".parse() {
            settings.flights.url = url;
        }
    })
    .await?;
    let start = page(&service.caller, "/").await?;
    ensure!(start.status == 200, "{}", start.status);
    let search = page(&service.caller, "/search?from=DEL&to=BOM&date=2030-01-01").await?;
    ensure!(
        search.status == 503 && search.text.contains("Not just now"),
        "{}",
        search.status
    );
    let operations = page(&service.caller, "/operations/proof").await?;
    ensure!(
        operations.text.contains("Flights: not known"),
        "{}",
        operations.text
    );
    ensure!(
        operations
            .text
            .contains("Events and ticket options: it adds up")
    );
    Ok(())
}

const FORM_TOKEN: &str = "5f0c3e0a-9a43-4d0e-8d8c-3b8f4a1b7c11";

fn form_cookie() -> String {
    format!("__Host-holdfast_form_token={FORM_TOKEN}")
}

/// The value of a cookie in the response.
fn cookie_set(answer: &Response, name: &str) -> Option<String> {
    let cookies = answer.headers().get_all(SET_COOKIE).iter();
    let mut values = cookies.filter_map(|cookie| {
        let (known, rest) = cookie.to_str().ok()?.split_once('=')?;
        let value = rest.split(';').next()?;
        (known == name).then(|| value.to_owned())
    });
    values.next()
}

#[tokio::test]
async fn a_changed_form_is_another_request_and_the_same_one_is_not() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let id = service.caller.make("/api/v1/events", &event(10)).await?;
    let path = format!("/events/{id}/tickets");
    let key = "9b9dd6b0-0f0a-4a55-9a3e-7b8bd8a4e2c3";
    let mut booked = Vec::new();
    for quantity in [1, 1, 2] {
        let form = format!(
            "form_token={FORM_TOKEN}&key={key}&quantity={quantity}&email=asha%40example.org&voucher="
        );
        let answer = send_form(&service.caller, &path, &form_cookie(), &form).await?;
        ensure!(answer.status() == 303, "{quantity}: {}", answer.status());
        booked.push(answer.headers()[LOCATION].clone());
    }
    ensure!(booked[0] == booked[1], "sent twice, booked twice");
    ensure!(booked[0] != booked[2], "a changed form is an earlier one");
    Ok(())
}

#[tokio::test]
async fn a_password_is_taken_as_it_is_typed_and_logging_out_forgets_the_account()
-> anyhow::Result<()> {
    let service = TestService::start().await?;
    let form = format!(
        "form_token={FORM_TOKEN}&name=Asha&email=asha%40example.org&password=+correct+horse+"
    );
    let cookie = format!(
        "{}; __Host-holdfast_account=406c1d05-bbb2-4e94-b183-7d208c2692e1",
        form_cookie()
    );
    let joined = send_form(&service.caller, "/sign-up", &cookie, &form).await?;
    ensure!(joined.status() == 303, "{}", joined.status());
    let session = cookie_set(&joined, "__Host-holdfast_session").context("no session")?;
    for (password, status) in [(" correct horse ", 201), ("correct horse", 401)] {
        let body = json!({"email": "asha@example.org", "password": password});
        let answer = service.caller.post("/api/v1/sessions", &body).await?;
        ensure!(answer.status == status, "{password:?}: {}", answer.status);
    }
    let cookie = format!("{cookie}; __Host-holdfast_session={session}");
    let form = format!("form_token={FORM_TOKEN}");
    let left = send_form(&service.caller, "/log-out", &cookie, &form).await?;
    ensure!(left.status() == 303, "{}", left.status());
    for forgotten in ["__Host-holdfast_session", "__Host-holdfast_account"] {
        let value = cookie_set(&left, forgotten);
        ensure!(value.as_deref() == Some(""), "{forgotten}: {value:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_page_that_is_not_there_knows_its_visitor() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let form = format!(
        "form_token={FORM_TOKEN}&name=Asha+Rao&email=asha%40example.org&password=correct+horse"
    );
    let joined = send_form(&service.caller, "/sign-up", &form_cookie(), &form).await?;
    let session = cookie_set(&joined, "__Host-holdfast_session").context("no session")?;
    let request = service.caller.request(Method::GET, "/nowhere");
    let request = request
        .header(ACCEPT, "text/html")
        .header(COOKIE, format!("__Host-holdfast_session={session}"));
    let answer = service.caller.send(request).await?;
    ensure!(answer.status == 404 && answer.text.contains("Asha Rao"));
    let set = answer.header("set-cookie").context("no cookie")?;
    ensure!(set.starts_with("__Host-holdfast_form_token="), "{set}");
    Ok(())
}

#[tokio::test]
async fn who_can_not_be_identified_is_told_by_a_page() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| {
        settings.database.statement_timeout = std::time::Duration::from_secs(2);
    })
    .await?;
    let mut sql = service.sql().await?;
    let lock = sql.transaction().await?;
    lock.execute("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE", &[])
        .await?;
    for path in ["/events", "/nowhere"] {
        let request = service.caller.request(Method::GET, path);
        let request = request
            .header(ACCEPT, "text/html")
            .header(COOKIE, "__Host-holdfast_session=0");
        let answer = service.caller.send(request).await?;
        ensure!(answer.status == 503, "{path}: {}", answer.status);
        ensure!(answer.text.contains("Not just now"), "{}", answer.text);
        ensure!(answer.header("content-security-policy").is_some());
    }
    lock.rollback().await?;
    Ok(())
}

#[tokio::test]
async fn pages_are_counted_with_calls() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| {
        settings.limits.requests_per_minute = Some(5);
    })
    .await?;
    for path in ["/", "/events", "/nowhere"] {
        let answer = page(&service.caller, path).await?;
        ensure!(answer.header("ratelimit").is_some(), "{path}");
    }
    for _ in 0..2 {
        ensure!(service.caller.get("/api/v1/events").await?.status == 200);
    }
    for path in ["/events", "/nowhere"] {
        let refused = page(&service.caller, path).await?;
        ensure!(refused.status == 429, "{path}: {}", refused.status);
        ensure!(refused.header("retry-after").is_some());
        ensure!(
            refused.text.contains("too much at once"),
            "{}",
            refused.text
        );
    }
    let form = format!("form_token={FORM_TOKEN}&user=asha");
    let refused = send_form(&service.caller, "/acting-as", &form_cookie(), &form).await?;
    ensure!(refused.status() == 429, "{}", refused.status());
    Ok(())
}

#[tokio::test]
async fn what_is_requeued_by_a_page_is_written_down() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let letter = "406c1d05-bbb2-4e94-b183-7d208c2692e1";
    let path = format!("/operations/dead-letters/{letter}/requeue");
    let count = async || -> anyhow::Result<usize> {
        let actions = service.caller.get("/api/admin/actions").await?;
        let actions = actions.body["data"].as_array().context("no actions")?;
        let requeued = actions.iter().filter(|action| {
            action["action"] == "payment.requeue"
                && action["target"] == format!("/api/v1/payments/dead-letters/{letter}/requeue")
        });
        Ok(requeued.count())
    };
    let foreign = send_form(&service.caller, &path, &form_cookie(), "form_token=x").await?;
    ensure!(foreign.status() == 403 && count().await? == 0);
    let form = format!("form_token={FORM_TOKEN}");
    let unknown = send_form(&service.caller, &path, &form_cookie(), &form).await?;
    ensure!(unknown.status() == 404 && count().await? == 1);
    Ok(())
}

/// The booking search, over event bookings that nobody pays.
#[tokio::test]
async fn bookings_are_found_by_all_that_is_known_of_them() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let mut bookings = Vec::new();
    for (name, made) in [
        ("asha", "2024-02-14T23:59:59Z"),
        ("ravi", "2024-02-15T00:00:00Z"),
    ] {
        let user = json!({"name": name, "email": format!("{name}@example.org")});
        let user = caller.make("/api/v1/users", &user).await?;
        let event = caller.make("/api/v1/events", &event(10)).await?;
        let tickets = json!({"user_id": user, "event_id": event, "quantity": 1});
        let id = caller.make("/api/v1/bookings", &tickets).await?;
        let sql = service.sql().await?;
        let moved = format!("UPDATE bookings SET created_at = '{made}' WHERE hold_id = '{id}'");
        sql.batch_execute(&moved).await?;
        bookings.push((id, user, event));
    }
    let [(first, asha, event), (second, ravi, _)] = bookings.as_slice() else {
        anyhow::bail!("not two bookings");
    };
    let cancelled = format!("/api/v1/bookings/{second}/cancel");
    ensure!(caller.put(&cancelled, &json!({})).await?.status == 200);
    for (query, finds_first, finds_second) in [
        (format!("find={first}"), true, false),
        (format!("find={ravi}"), false, true),
        (format!("event={event}"), true, false),
        ("stage=cancelled".to_owned(), false, true),
        (format!("stage=cancelled&find={asha}"), false, false),
        ("made=2024-02-14".to_owned(), true, false),
        ("made=2024-02-15".to_owned(), false, true),
        ("made=2024-02-13".to_owned(), false, false),
        ("made=2024-02-16".to_owned(), false, false),
        (format!("made=2024-02-14&event={event}&find="), true, false),
        (String::new(), false, false),
    ] {
        let path = format!("/operations/bookings?{query}");
        let found = page(caller, &path).await?;
        ensure!(found.status == 200, "{query}: {}", found.status);
        let finds = |id: &str| found.text.contains(&format!("/tickets/{id}"));
        ensure!(finds(first) == finds_first, "{query}: {}", found.text);
        ensure!(finds(second) == finds_second, "{query}: {}", found.text);
    }
    for query in ["made=soon", "event=gala"] {
        let told = page(caller, &format!("/operations/bookings?{query}")).await?;
        ensure!(told.text.contains("role=\"alert\""), "{query}");
    }
    // Also in the session's own list.
    let request = |stage: &str| {
        let path = format!("/my-bookings?stage={stage}");
        let request = caller.request(Method::GET, &path);
        request.header(COOKIE, format!("__Host-holdfast_account={ravi}"))
    };
    for (stage, is_listed) in [("", true), ("cancelled", true), ("confirmed", false)] {
        let listed = caller.send(request(stage)).await?;
        let is_there = listed.text.contains(&format!("/tickets/{second}"));
        ensure!(is_there == is_listed, "{stage}: {}", listed.text);
    }
    Ok(())
}
