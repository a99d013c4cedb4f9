//! Invalid requests get a clear problem in the shared format, which the caller checks.

use std::collections::BTreeSet;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use crate::support::{AI101, TestService, seats_of};

const DECREMENT: &str = "/api/flights/seats/decrement";

const HOLD: &str = "7d5ae6b2-13a8-4d52-a2bb-6d26d0e4bd51";

const WITH_BODY: [&str; 4] = [
    "/api/flights/validate",
    DECREMENT,
    "/api/flights/seats/increment",
    "/api/holds",
];

#[tokio::test]
async fn a_body_that_is_not_json() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for path in WITH_BODY {
        for body in [
            "",
            "{",
            "seats=1",
            "{\"seats\":1,}",
            "{} {}",
            "\u{feff}{}",
            &"[".repeat(999),
        ] {
            let answer = service.caller.post_text(path, body).await?;
            assert!(
                ["400 malformed", "400 invalid_request"].contains(&answer.summary().as_str()),
                "{path} {body}: {}",
                answer.text
            );
        }
    }
    let answer = service
        .caller
        .post_text(DECREMENT, "{\"flight_id\": 1")
        .await?;
    insta::assert_json_snapshot!(answer.tidy(&[]), @r#"
    {
      "code": "malformed",
      "detail": "the body is not JSON: EOF while parsing an object at line 1 column 15",
      "instance": "/api/flights/seats/decrement",
      "request_id": "[id]",
      "retryable": false,
      "status": 400,
      "title": "Malformed",
      "type": "urn:holdfast:problem:malformed"
    }
    "#);
    Ok(())
}

#[tokio::test]
async fn a_field_that_is_missing_or_wrong() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for path in WITH_BODY.iter().take(3) {
        for (body, invalid) in [
            (r"{}", "400 /flight_id"),
            (r#"{"seats":1,"date":"2024-02-15"}"#, "400 /flight_id"),
            (r#"{"flight_id":1,"date":"2024-02-15"}"#, "400 /seats"),
            (r#"{"flight_id":1,"seats":1}"#, "400 /date"),
            (
                r#"{"flight_id":"1","seats":1,"date":"2024-02-15"}"#,
                "400 /flight_id",
            ),
            (
                r#"{"flight_id":1.5,"seats":1,"date":"2024-02-15"}"#,
                "400 /flight_id",
            ),
            (
                r#"{"flight_id":99999999999999999999,"seats":1,"date":"2024-02-15"}"#,
                "400 /flight_id",
            ),
            (
                r#"{"flight_id":1,"seats":0,"date":"2024-02-15"}"#,
                "400 /seats",
            ),
            (
                r#"{"flight_id":1,"seats":-1,"date":"2024-02-15"}"#,
                "400 /seats",
            ),
            (
                r#"{"flight_id":1,"seats":1e9,"date":"2024-02-15"}"#,
                "400 /seats",
            ),
            (
                r#"{"flight_id":1,"seats":1000000000,"date":"2024-02-15"}"#,
                "400 /seats",
            ),
            (
                r#"{"flight_id":1,"seats":"two","date":"2024-02-15"}"#,
                "400 /seats",
            ),
            (
                r#"{"flight_id":1,"seats":null,"date":"2024-02-15"}"#,
                "400 /seats",
            ),
            (
                r#"{"flight_id":1,"seats":1,"date":"2024-02-30"}"#,
                "400 /date",
            ),
            (r#"{"flight_id":1,"seats":1,"date":20240215}"#, "400 /date"),
        ] {
            let answer = service.caller.post_text(path, body).await?;
            assert_eq!(answer.invalid(), invalid, "{path} {body}");
            assert_eq!(answer.summary(), "400 invalid_request", "{path} {body}");
        }
    }
    for body in ["null", "[]", "1", "\"text\""] {
        let answer = service.caller.post_text(DECREMENT, body).await?;
        assert_eq!(answer.summary(), "400 invalid_request", "{body}");
    }
    assert_eq!(service.caller.free_seats(AI101).await?, 130);
    Ok(())
}

#[tokio::test]
async fn a_problem_names_the_field() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let answer = service.caller.decrement(&seats_of(AI101, 0)).await?;
    insta::assert_json_snapshot!(answer.tidy(&[]), @r#"
    {
      "code": "invalid_request",
      "detail": "seats: must be from 1 to 1000000",
      "errors": [
        {
          "detail": "must be from 1 to 1000000",
          "pointer": "/seats"
        }
      ],
      "instance": "/api/flights/seats/decrement",
      "request_id": "[id]",
      "retryable": false,
      "status": 400,
      "title": "Invalid request",
      "type": "urn:holdfast:problem:invalid_request"
    }
    "#);
    Ok(())
}

#[tokio::test]
async fn a_body_of_another_type() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let body = seats_of(AI101, 1).to_string();
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "nonsense",
    ] {
        for path in WITH_BODY {
            let request = caller.request(Method::POST, path);
            let request = request.header(CONTENT_TYPE, media_type).body(body.clone());
            let answer = caller.send(request).await?;
            assert_eq!(
                answer.summary(),
                "415 unsupported_media_type",
                "{path} {media_type}"
            );
        }
    }
    // Without a media type it counts as JSON.
    let answer = caller
        .send(caller.request(Method::POST, DECREMENT).body(body))
        .await?;
    assert_eq!(answer.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_body_of_five_megabytes() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let large = " ".repeat(5 * 1024 * 1024);
    for path in WITH_BODY {
        let answer = service.caller.post_text(path, large.clone()).await?;
        assert_eq!(answer.summary(), "413 too_large", "{path}");
    }
    // Exactly at the limit, padded with white space.
    let small = seats_of(AI101, 1).to_string();
    let padded = format!("{small}{}", " ".repeat(64 * 1024 - small.len()));
    assert_eq!(
        service.caller.post_text(DECREMENT, padded).await?.status,
        200
    );
    Ok(())
}

#[tokio::test]
async fn a_large_body_that_nobody_reads() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let large = " ".repeat(5 * 1024 * 1024);
    for (path, status) in [
        ("/nowhere", 404),
        ("/health", 405),
        (
            "/api/holds/7d5ae6b2-13a8-4d52-a2bb-6d26d0e4bd51/release",
            200,
        ),
        ("/api/holds/1/release", 404),
    ] {
        let answer = service.caller.post_text(path, large.clone()).await?;
        assert_eq!(answer.status, status, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_path_that_is_not_there() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for path in [
        "/",
        "/api",
        "/api/flight",
        "/api/flights/1/",
        "/api/flights/1/x",
        "/API/HOLDS",
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = service
                .caller
                .send(service.caller.request(method, path))
                .await?;
            assert_eq!(answer.summary(), "404 not_found", "{path}");
            assert_eq!(answer.body["instance"], path);
        }
    }
    Ok(())
}

/// Every path of the OpenAPI document, with a method that it lacks.
#[tokio::test]
async fn a_method_that_the_path_does_not_have() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let document = caller.get("/openapi.json").await?.body;
    let mut refused = 0;
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let is_documented = |method: &Method| item.get(method.as_str().to_lowercase()).is_some();
        let id = if path.contains("/holds/") { HOLD } else { "1" };
        let path = path.replace("{id}", id);
        let methods = [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ];
        let (known, unknown): (Vec<_>, Vec<_>) = methods.into_iter().partition(is_documented);
        let mut known: BTreeSet<String> = known.iter().map(ToString::to_string).collect();
        if known.contains("GET") {
            known.insert("HEAD".to_owned());
        }
        for method in unknown.into_iter().filter(|_| path != "/docs/") {
            let request = caller.request(method.clone(), &path).json(&json!({}));
            let answer = caller.send(request).await?;
            assert_eq!(
                answer.summary(),
                "405 method_not_allowed",
                "{method} {path}"
            );
            let allow = answer.header("allow").unwrap_or_default();
            let allow: BTreeSet<String> = allow.split(", ").map(str::to_owned).collect();
            assert_eq!(allow, known, "{path}");
            refused += 1;
        }
    }
    assert!(refused >= 40, "only {refused} calls");
    Ok(())
}

#[tokio::test]
async fn a_request_keeps_its_id() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    for path in ["/health", "/api/flights/999", "/nowhere"] {
        let request = caller.request(Method::GET, path);
        let answer = caller
            .send(request.header("x-request-id", "mine-1"))
            .await?;
        assert_eq!(answer.header("x-request-id"), Some("mine-1"), "{path}");
    }
    for unusable in ["", "two words", &"x".repeat(129)] {
        let request = caller.request(Method::GET, "/health");
        let answer = caller
            .send(request.header("x-request-id", unusable))
            .await?;
        let given = answer.header("x-request-id").unwrap_or_default();
        assert!(!given.is_empty() && given != unusable, "{unusable}");
    }
    Ok(())
}
