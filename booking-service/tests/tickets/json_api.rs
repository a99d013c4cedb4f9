//! Documents, media types and errors of JSON:API.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::tidy;
use crate::support::{TestService, purchase, ticket_option};

#[tokio::test]
async fn a_ticket_option_is_made_and_found() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let made = caller.post("/ticket_options", &ticket_option(100)).await?;
    assert_eq!(made.status, 201);
    assert_eq!(
        made.header("content-type"),
        Some("application/vnd.api+json")
    );
    insta::assert_json_snapshot!(tidy(&made), @r#"
    {
      "data": {
        "attributes": {
          "allocation": 100,
          "description": "In front",
          "name": "Standing"
        },
        "id": "[id]",
        "type": "ticket_options"
      }
    }
    "#);
    let location = made.header("location").unwrap_or_default().to_owned();
    let found = caller.get(&location).await?;
    assert_eq!(found.body, made.body);
    assert_eq!(
        found.header("content-type"),
        Some("application/vnd.api+json")
    );
    for id in ["7", "00000000-0000-0000-0000-000000000000"] {
        let unknown = caller.get(&format!("/ticket_options/{id}")).await?;
        assert_eq!(unknown.refusal(), "404 unknown_ticket_option -");
        assert_eq!(caller.get(&format!("/purchases/{id}")).await?.status, 404);
    }
    let none = caller.post("/ticket_options", &ticket_option(0)).await?;
    assert_eq!(none.body["data"]["attributes"]["allocation"], 0);
    Ok(())
}

#[tokio::test]
async fn both_media_types_are_read_and_no_other() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    for (media_type, status) in [
        ("application/vnd.api+json", 201),
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        (
            "application/vnd.api+json; profile=\"http://example.org\"",
            201,
        ),
        ("application/vnd.api+json; ext=\"http://example.org\"", 415),
        ("application/ld+json", 415),
        ("text/plain", 415),
    ] {
        let request = caller.request(Method::POST, "/ticket_options");
        let request = request.header("content-type", media_type);
        let answer = caller
            .send(request.body(ticket_option(1).to_string()))
            .await?;
        assert_eq!(answer.status, status, "{media_type}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/vnd.api+json")
        );
    }
    Ok(())
}

#[tokio::test]
async fn each_refusal_points_at_what_is_wrong() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let attributes = "/data/attributes";
    let option = |change: &dyn Fn(&mut Value)| {
        let mut body = ticket_option(1);
        change(&mut body["data"]);
        body
    };
    for (body, refused) in [
        (json!({}), "400 invalid_request /data".to_owned()),
        (json!([]), "400 invalid_request ".to_owned()),
        (
            option(&|data| data["type"] = json!("tickets")),
            "409 wrong_type /data/type".to_owned(),
        ),
        (
            option(&|data| data["id"] = json!("mine")),
            "403 client_generated_id /data/id".to_owned(),
        ),
        (
            json!({"data": {"type": "ticket_options"}}),
            format!("400 invalid_request {attributes}"),
        ),
        (
            option(&|data| data["attributes"] = json!({"allocation": 1})),
            format!("400 invalid_request {attributes}/name"),
        ),
        (
            option(&|data| data["attributes"]["name"] = json!("")),
            format!("400 invalid_request {attributes}/name"),
        ),
        (
            option(&|data| data["attributes"]["allocation"] = json!(-1)),
            format!("400 invalid_request {attributes}/allocation"),
        ),
        (
            option(&|data| data["attributes"]["allocation"] = json!(1.5)),
            format!("400 invalid_request {attributes}/allocation"),
        ),
        (
            option(&|data| data["attributes"]["allocation"] = json!(2_147_483_648_i64)),
            format!("400 invalid_request {attributes}/allocation"),
        ),
        (
            json!({"data": {"type": "ticket_options", "attributes": {"name": "A"}}}),
            format!("400 invalid_request {attributes}/allocation"),
        ),
    ] {
        let answer = caller.post("/ticket_options", &body).await?;
        assert_eq!(answer.refusal(), refused, "{body}");
    }
    let malformed = caller.post_text("/ticket_options", "{\"data\":").await?;
    assert_eq!(malformed.refusal(), "400 malformed -");
    let large = caller.post_text("/purchases", "x".repeat(70_000)).await?;
    assert_eq!(large.refusal(), "413 too_large -");
    for (path, allow) in [("/purchases", "POST"), ("/ticket_options/7", "GET, HEAD")] {
        let method = caller.delete(path).await?;
        assert_eq!(method.refusal(), "405 method_not_allowed -");
        assert_eq!(method.header("allow"), Some(allow));
    }
    Ok(())
}

#[tokio::test]
async fn what_is_refused_before_its_route_speaks_the_same_style() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let long = "x".repeat(10_000);
    for (path, expected) in [
        (format!("/purchases/{long}"), "414 uri_too_long -"),
        (format!("/ticket_options?{long}"), "414 uri_too_long -"),
        ("/purchases/1/2".to_owned(), "404 not_found -"),
        ("/ticket_options".to_owned(), "405 method_not_allowed -"),
    ] {
        let refused = caller.get(&path).await?;
        assert_eq!(refused.refusal(), expected, "{}", refused.text);
        assert_eq!(
            refused.header("content-type"),
            Some("application/vnd.api+json")
        );
    }
    let page = caller.get(&format!("/purchases_{long}")).await?;
    assert_eq!(page.summary(), "414 uri_too_long");
    Ok(())
}

#[tokio::test]
async fn a_purchase_that_makes_no_sense_is_refused() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = caller.make("/ticket_options", &ticket_option(9)).await?;
    let body = |change: &dyn Fn(&mut Value)| {
        let mut body = purchase(&id, 1);
        change(&mut body["data"]);
        body
    };
    let relationships = "/data/relationships";
    let quantity = "invalid_purchase_quantity /data/attributes/quantity";
    let nothing = "00000000-0000-0000-0000-000000000000";
    for (body, refused) in [
        (purchase(&id, 0), format!("400 {quantity}")),
        (purchase(&id, -1), format!("400 {quantity}")),
        (purchase(&id, 10), format!("400 {quantity}")),
        (purchase(&id, 2_000_000), format!("400 {quantity}")),
        (
            body(&|data| data["attributes"]["quantity"] = json!("2")),
            "400 invalid_request /data/attributes/quantity".to_owned(),
        ),
        (
            body(&|data| data["type"] = json!("orders")),
            "409 wrong_type /data/type".to_owned(),
        ),
        (
            body(&|data| data["relationships"] = Value::Null),
            format!("400 invalid_request {relationships}"),
        ),
        (
            body(&|data| data["relationships"]["user"] = json!({})),
            format!("400 invalid_request {relationships}/user/data"),
        ),
        (
            body(&|data| data["relationships"]["user"]["data"]["type"] = json!("people")),
            format!("400 invalid_request {relationships}/user/data/type"),
        ),
        (
            body(&|data| data["relationships"]["user"]["data"]["id"] = json!("")),
            format!("400 invalid_request {relationships}/user/data/id"),
        ),
        (
            purchase(nothing, 1),
            format!("404 unknown_ticket_option {relationships}/ticket_option/data/id"),
        ),
        (
            purchase("7", 1),
            format!("404 unknown_ticket_option {relationships}/ticket_option/data/id"),
        ),
    ] {
        let answer = caller.post("/purchases", &body).await?;
        assert_eq!(answer.refusal(), refused, "{body}");
    }
    Ok(())
}
