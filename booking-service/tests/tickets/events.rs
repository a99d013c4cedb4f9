//! Events: create, look up, change, statistics, delete.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::tidy;
use crate::support::{TestService, event, ticket_option, user};

const NOTHING: &str = "/api/v1/events/00000000-0000-0000-0000-000000000000";

#[tokio::test]
async fn an_event_lives() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let made = caller.post("/api/v1/events", &event(1000)).await?;
    assert_eq!(made.status, 201);
    insta::assert_json_snapshot!(tidy(&made), @r#"
    {
      "created_at": "[time]",
      "currency": "USD",
      "date_time": "2030-07-10T19:30:00Z",
      "description": "An evening in the park",
      "id": "[id]",
      "name": "Rock Concert",
      "ticket_price": 75.5,
      "total_tickets": 1000,
      "updated_at": "[time]"
    }
    "#);
    let path = made.header("location").unwrap_or_default().to_owned();
    assert_eq!(caller.get(&path).await?.body, made.body);
    let statistics = caller.get(&format!("{path}/statistics")).await?;
    insta::assert_json_snapshot!(tidy(&statistics), @r#"
    {
      "available_tickets": 1000,
      "currency": "USD",
      "estimated_revenue": 0.0,
      "event_id": "[id]",
      "total_sold": 0
    }
    "#);
    let change = json!({
        "name": "Jazz", "total_tickets": 10, "ticket_price": 0, "currency": "USD",
        "date_time": "2031-01-02T03:04:05+05:30", "sales_start": "2030-01-01T00:00:00",
        "sales_end": "2030-12-31T00:00:00Z", "description": "",
    });
    let changed = caller.put(&path, &change).await?;
    assert_eq!(changed.status, 200, "{}", changed.text);
    insta::assert_json_snapshot!(tidy(&changed), @r#"
    {
      "created_at": "[time]",
      "currency": "USD",
      "date_time": "2031-01-01T21:34:05Z",
      "description": "",
      "id": "[id]",
      "name": "Jazz",
      "sales_end": "2030-12-31T00:00:00Z",
      "sales_start": "2030-01-01T00:00:00Z",
      "ticket_price": 0.0,
      "total_tickets": 10,
      "updated_at": "[time]"
    }
    "#);
    let cleared = caller.put(&path, &json!({"sales_start": null})).await?;
    assert_eq!(cleared.body["sales_start"], Value::Null);
    assert_eq!(cleared.body["sales_end"], "2030-12-31T00:00:00Z");
    let sql = service.sql().await?;
    let row = sql.query_one(
        "SELECT extract(epoch FROM starts_at)::bigint FROM pools",
        &[],
    );
    assert_eq!(row.await?.try_get::<_, i64>(0)?, 1_925_069_645);
    Ok(())
}

#[tokio::test]
async fn an_event_has_a_place_and_its_clocks() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let mut body = event(10);
    body["date_time"] = json!("2030-07-10T19:30:00+02:00");
    body["time_zone"] = json!("Europe/Berlin");
    body["venue"] = json!(" Waldbu\u{308}hne ");
    let made = caller.post("/api/v1/events", &body).await?;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.body["date_time"], "2030-07-10T17:30:00Z");
    assert_eq!(made.body["time_zone"], "Europe/Berlin");
    assert_eq!(made.body["venue"], "Waldbühne");
    let path = made.header("location").unwrap_or_default().to_owned();
    assert_eq!(caller.get(&path).await?.body, made.body);
    let page = format!("/events/{}", made.body["id"].as_str().unwrap_or_default());
    for path in [page.as_str(), "/events"] {
        let shown = caller.get(path).await?.text;
        assert!(shown.contains("Wed 10 Jul 2030, 19:30 CEST"), "{shown}");
        assert!(shown.contains("Waldbühne"), "{shown}");
        assert!(shown.contains("2030-07-10T19:30:00+02:00"), "{shown}");
    }
    for (field, value) in [
        ("time_zone", json!("Mars/Olympus")),
        ("time_zone", json!("+02:00")),
        ("time_zone", json!("")),
        ("time_zone", json!(2)),
        ("venue", json!("")),
        ("venue", json!("\u{200B}")),
        ("venue", json!("x".repeat(201))),
    ] {
        let mut wrong = event(10);
        wrong[field] = value.clone();
        let refused = caller.post("/api/v1/events", &wrong).await?;
        assert_eq!(refused.invalid(), format!("400 /{field}"), "{value}");
        let refused = caller.put(&path, &json!({field: value})).await?;
        assert_eq!(refused.invalid(), format!("400 /{field}"), "{value}");
    }
    let kept = caller.put(&path, &json!({"name": "Jazz"})).await?;
    assert_eq!(kept.body["time_zone"], "Europe/Berlin");
    let moved = json!({"time_zone": "Asia/Kolkata", "venue": "Eden Gardens"});
    let moved = caller.put(&path, &moved).await?;
    assert_eq!(moved.body["venue"], "Eden Gardens");
    let shown = caller.get(&page).await?.text;
    assert!(shown.contains("Wed 10 Jul 2030, 23:00 IST"), "{shown}");
    let cleared = json!({"time_zone": null, "venue": null});
    let cleared = caller.put(&path, &cleared).await?;
    assert_eq!(
        (&cleared.body["time_zone"], &cleared.body["venue"]),
        (&Value::Null, &Value::Null)
    );
    let shown = caller.get(&page).await?.text;
    assert!(shown.contains("10 Jul 2030, 17:30 UTC"), "{shown}");
    Ok(())
}

#[tokio::test]
async fn names_are_what_can_be_seen() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    for name in [
        "\u{200B}",
        "\u{202E}lleb",
        "a\u{2066}b",
        "\u{FEFF}",
        "a\u{2028}b",
    ] {
        let mut body = event(5);
        body["name"] = json!(name);
        let refused = caller.post("/api/v1/events", &body).await?;
        assert_eq!(refused.invalid(), "400 /name", "{name:?}");
        let mut body = user("seen");
        body["name"] = json!(name);
        let refused = caller.post("/api/v1/users", &body).await?;
        assert_eq!(refused.invalid(), "400 /name", "{name:?}");
        let mut body = ticket_option(5);
        body["data"]["attributes"]["name"] = json!(name);
        let refused = caller.post("/ticket_options", &body).await?;
        assert_eq!(refused.status, 400, "{name:?}: {}", refused.text);
    }
    for name in [
        "👨\u{200D}👩\u{200D}👧 Night",
        "حفلة موسيقية",
        "می\u{200C}خواهم",
        &"W".repeat(80),
    ] {
        let mut body = event(5);
        body["name"] = json!(name);
        let made = caller.post("/api/v1/events", &body).await?;
        assert_eq!((made.status, &made.body["name"]), (201, &json!(name)));
    }
    let mut body = event(5);
    body["name"] = json!("Cafe\u{301}");
    let made = caller.post("/api/v1/events", &body).await?;
    assert_eq!(made.body["name"], "Café");
    Ok(())
}

#[tokio::test]
async fn prices_are_whole_minor_units_of_their_currency() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let priced = |price: Value, currency: &str| {
        let mut body = event(5);
        body["ticket_price"] = price;
        body["currency"] = json!(currency);
        body
    };
    for (price, currency, field) in [
        (json!(100.50), "JPY", "ticket_price"),
        (json!(1.2345), "KWD", "ticket_price"),
        (json!(10), "ZZZ", "currency"),
        (json!(10), "XXX", "currency"),
    ] {
        let refused = caller
            .post("/api/v1/events", &priced(price, currency))
            .await?;
        assert_eq!(refused.invalid(), format!("400 /{field}"), "{currency}");
    }
    for (price, other, finer, currency) in
        [(1010.0, 990.0, 0.5, "JPY"), (1.234, 1.5, 0.0001, "KWD")]
    {
        let made = caller
            .post("/api/v1/events", &priced(json!(price), currency))
            .await?;
        assert_eq!(made.body["ticket_price"], price, "{}", made.text);
        let path = made.header("location").unwrap_or_default().to_owned();
        let refused = caller
            .put(&path, &json!({"ticket_price": finer, "name": "No"}))
            .await?;
        assert_eq!(refused.invalid(), "400 /ticket_price");
        let changed = caller.put(&path, &json!({"ticket_price": other})).await?;
        assert_eq!(
            (&changed.body["ticket_price"], &changed.body["name"]),
            (&json!(other), &made.body["name"])
        );
        let voucher = json!({"code": format!("HALF-{currency}"), "amount_off": finer, "currency": currency, "max_uses": 1});
        let refused = caller.post("/api/v1/vouchers", &voucher).await?;
        assert_eq!(refused.invalid(), "400 /amount_off");
    }
    Ok(())
}

#[tokio::test]
async fn a_percentage_of_yen_is_whole_yen() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let mut body = event(10);
    body["ticket_price"] = json!(1010);
    body["currency"] = json!("JPY");
    let made = caller.make("/api/v1/events", &body).await?;
    let buyer = caller.make("/api/v1/users", &user("yen")).await?;
    let voucher = json!({"code": "QUARTER", "percent_off": 25, "max_uses": 1});
    assert_eq!(caller.post("/api/v1/vouchers", &voucher).await?.status, 201);
    let booking = json!({"user_id": buyer, "event_id": made, "quantity": 1, "voucher": "QUARTER"});
    let booked = caller.post("/api/v1/bookings", &booking).await?;
    // 252.5 is rounded to 253.
    assert_eq!(
        (&booked.body["discount"], &booked.body["total_amount"]),
        (&json!(253.0), &json!(757.0))
    );
    let path = booked.header("location").unwrap_or_default();
    let page = caller.get(&format!("/events/{made}")).await?;
    assert!(page.text.contains("JPY\u{a0}1,010"), "{path}");
    Ok(())
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = caller.make("/api/v1/events", &event(5)).await?;
    let path = format!("/api/v1/events/{id}");
    for (field, value) in [
        ("name", json!(" ")),
        ("name", json!(7)),
        ("description", json!("nul\0")),
        ("date_time", json!("tomorrow")),
        ("date_time", json!("2030-13-01T00:00:00Z")),
        ("total_tickets", json!(0)),
        ("total_tickets", json!(1_000_001)),
        ("total_tickets", json!(1.5)),
        ("ticket_price", json!(-0.01)),
        ("ticket_price", json!(1.001)),
        ("currency", json!("dollar")),
        ("sales_start", json!("soon")),
    ] {
        let mut body = event(5);
        body[field] = value.clone();
        let refused = caller.post("/api/v1/events", &body).await?;
        assert_eq!(refused.invalid(), format!("400 /{field}"), "{value}");
        let refused = caller.put(&path, &json!({field: value})).await?;
        assert_eq!(refused.invalid(), format!("400 /{field}"), "{value}");
    }
    let window =
        json!({"sales_start": "2030-01-02T00:00:00Z", "sales_end": "2030-01-02T00:00:00Z"});
    assert_eq!(
        caller.put(&path, &window).await?.invalid(),
        "400 /sales_end"
    );
    let mut without = event(5);
    without["total_tickets"] = Value::Null;
    let refused = caller.post("/api/v1/events", &without).await?;
    assert_eq!(refused.invalid(), "400 /total_tickets");
    assert_eq!(caller.get(&path).await?.body["name"], "Rock Concert");
    for answer in [
        caller.get(NOTHING).await?,
        caller.put(NOTHING, &json!({"name": "A"})).await?,
        caller.delete(NOTHING).await?,
        caller.get(&format!("{NOTHING}/statistics")).await?,
    ] {
        assert_eq!(answer.summary(), "404 unknown_event");
    }
    assert_eq!(caller.get("/api/v1/events/seven").await?.status, 404);
    Ok(())
}

/// Takes units of the only pool, as a booking does.
const HOLD_THREE: &str = "
    INSERT INTO holds (id, owner, status, created_at)
    VALUES ('00000000-0000-0000-0000-000000000003', 'somebody', 'held', now());
    INSERT INTO hold_legs (hold_id, pool_id, units, seats)
    SELECT '00000000-0000-0000-0000-000000000003', id, 3, '{}' FROM pools;
    INSERT INTO ledger (pool_id, version, line, from_account, to_account, units, reason, entered_at)
    SELECT id, version + 1, 0, 'free', 'held', 3, 'hold', now() FROM pools;
    UPDATE pools SET free = free - 3, held = 3, version = version + 1";

#[tokio::test]
async fn changes_that_come_at_once_all_stay() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = caller.make("/api/v1/events", &event(5)).await?;
    let path = &format!("/api/v1/events/{id}");
    for round in 1..=20 {
        let moment = |hour: u8| json!(format!("2030-01-{round:02}T{hour:02}:00:00Z"));
        let changes = [
            ("sales_start", moment(1)),
            ("sales_end", moment(2)),
            ("max_tickets_per_user", json!(round)),
            ("name", json!(format!("Round {round}"))),
        ];
        // So that neither end of the old window blocks the new one.
        let no_window = json!({"sales_start": null, "sales_end": null});
        assert_eq!(caller.put(path, &no_window).await?.status, 200);
        let puts = changes.iter().map(|(field, value)| async move {
            let body = Value::Object([((*field).to_owned(), value.clone())].into_iter().collect());
            caller.put(path, &body).await
        });
        for answer in join_all(puts).await {
            assert_eq!(answer?.status, 200);
        }
        let event = caller.get(path).await?.body;
        for (field, value) in changes {
            assert_eq!(event[field], value, "{event}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn ends_of_a_sale_that_come_at_once_leave_a_window() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = caller.make("/api/v1/events", &event(5)).await?;
    let path = &format!("/api/v1/events/{id}");
    for _ in 0..20 {
        let none = json!({"sales_start": null, "sales_end": null});
        assert_eq!(caller.put(path, &none).await?.status, 200);
        let (late, early) = (
            json!({"sales_start": "2030-01-02T00:00:00Z", "total_tickets": 6}),
            json!({"sales_end": "2030-01-01T00:00:00Z", "total_tickets": 7}),
        );
        let (start, end) = tokio::join!(caller.put(path, &late), caller.put(path, &early));
        let (start, end) = (start?, end?);
        // Nothing of the refused change is stored.
        let made = if start.status == 200 { 6 } else { 7 };
        assert_eq!(caller.get(path).await?.body["total_tickets"], made);
        let mut answers = [start.invalid(), end.invalid()];
        answers.sort();
        assert_eq!(answers, ["200 -", "400 /sales_end"]);
    }
    Ok(())
}

#[tokio::test]
async fn an_event_keeps_its_currency() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = caller.make("/api/v1/events", &event(5)).await?;
    let path = format!("/api/v1/events/{id}");
    let refused = caller.put(&path, &json!({"currency": "EUR"})).await?;
    assert_eq!(refused.invalid(), "400 /currency");
    let same = caller.put(&path, &json!({"currency": "USD"})).await?;
    assert_eq!((same.status, &same.body["currency"]), (200, &json!("USD")));
    Ok(())
}

#[tokio::test]
async fn the_key_of_a_deleted_event_still_answers() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let event = event(5);
    let post = || caller.post_keyed("/api/v1/events", "once", &event);
    let made = post().await?;
    let path = format!("/api/v1/events/{}", made.id().unwrap_or_default());
    assert_eq!(caller.delete(&path).await?.status, 204);
    let again = post().await?;
    assert!(again.is_replayed(), "{again:?}");
    assert_eq!((again.status, again.id()), (201, made.id()));
    Ok(())
}

#[tokio::test]
async fn tickets_that_somebody_has_stay() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = caller.make("/api/v1/events", &event(5)).await?;
    let path = format!("/api/v1/events/{id}");
    service.sql().await?.batch_execute(HOLD_THREE).await?;
    let change = json!({"total_tickets": 2, "name": "Smaller"});
    let refused = caller.put(&path, &change).await?;
    assert_eq!(refused.summary(), "409 capacity_in_use");
    let unchanged = caller.get(&path).await?;
    assert_eq!(unchanged.body["name"], "Rock Concert");
    assert_eq!(unchanged.body["total_tickets"], 5);
    assert_eq!(
        caller.delete(&path).await?.summary(),
        "409 event_has_bookings"
    );
    let enough = caller.put(&path, &json!({"total_tickets": 3})).await?;
    assert_eq!(enough.body["total_tickets"], 3);
    let statistics = caller.get(&format!("{path}/statistics")).await?;
    assert_eq!(statistics.body["available_tickets"], 0);
    Ok(())
}

#[tokio::test]
async fn a_deleted_event_is_gone_and_its_row_stays() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = caller.make("/api/v1/events", &event(5)).await?;
    let path = format!("/api/v1/events/{id}");
    assert_eq!(caller.delete(&path).await?.status, 204);
    assert_eq!(caller.get(&path).await?.summary(), "404 unknown_event");
    assert_eq!(caller.delete(&path).await?.summary(), "404 unknown_event");
    let change = caller.put(&path, &json!({"total_tickets": 9})).await?;
    assert_eq!(change.summary(), "404 unknown_event");
    assert_eq!(caller.get("/api/v1/events").await?.body, json!([]));
    let row = service
        .sql()
        .await?
        .query_one(
            "SELECT capacity, closed_at IS NOT NULL, deleted_at IS NOT NULL \
             FROM events JOIN pools ON pools.id = pool_id",
            &[],
        )
        .await?;
    assert_eq!(row.try_get::<_, i32>(0)?, 0);
    assert!(row.try_get::<_, bool>(1)? && row.try_get::<_, bool>(2)?);
    Ok(())
}

#[tokio::test]
async fn statistics_are_what_confirmed_bookings_add_up_to() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let mut free = event(5);
    free["ticket_price"] = json!(0);
    let id = caller.make("/api/v1/events", &free).await?;
    let user = caller.make("/api/v1/users", &user("ann")).await?;
    let book = async |quantity: i64| {
        let body = json!({"user_id": user, "event_id": id, "quantity": quantity});
        caller.post("/api/v1/bookings", &body).await
    };
    let booked = book(2).await?;
    assert_eq!(
        (booked.status, &booked.body["status"]),
        (201, &json!("CONFIRMED"))
    );
    assert_eq!(book(1).await?.status, 201);
    assert_eq!(book(3).await?.summary(), "409 sold_out");
    let path = format!(
        "/api/v1/bookings/{}/cancel",
        booked.body["id"].as_str().unwrap_or_default()
    );
    assert_eq!(caller.put(&path, &json!({})).await?.status, 200);
    assert_eq!(
        caller.put(&path, &json!({})).await?.summary(),
        "409 wrong_state"
    );
    let statistics = caller
        .get(&format!("/api/v1/events/{id}/statistics"))
        .await?;
    assert_eq!(statistics.body["total_sold"], 1);
    assert_eq!(statistics.body["estimated_revenue"], 0.0);
    assert_eq!(statistics.body["available_tickets"], 4);
    Ok(())
}
