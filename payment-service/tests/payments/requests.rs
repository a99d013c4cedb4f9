//! Requests that are refused before anything is done.

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestService, charge_of, tidy};

fn changed(field: &str, value: Value) -> Value {
    let mut body = charge_of(10.0);
    body[field] = value;
    body
}

#[tokio::test]
async fn wrong_fields_are_named() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let mut missing = charge_of(10.0);
    missing
        .as_object_mut()
        .map(|fields| fields.remove("amount"));
    for (body, pointer) in [
        (missing, "/amount"),
        (changed("amount", json!(0)), "/amount"),
        (changed("amount", json!(-17000)), "/amount"),
        (changed("amount", json!("17000")), "/amount"),
        (changed("amount", json!(0.001)), "/amount"),
        (changed("amount", json!(1e300)), "/amount"),
        (changed("amount", json!(null)), "/amount"),
        (changed("booking_id", json!(1.5)), "/booking_id"),
        (changed("booking_id", json!("")), "/booking_id"),
        (changed("booking_id", json!("a\u{0}b")), "/booking_id"),
        (changed("booking_id", json!("x".repeat(256))), "/booking_id"),
        (changed("user_id", json!([1])), "/user_id"),
        (changed("currency", json!("rupees")), "/currency"),
        (changed("payment_type", json!(7)), "/payment_type"),
        (
            changed("payment_type", json!("x".repeat(65))),
            "/payment_type",
        ),
        (changed("payment_type", json!("\u{0}")), "/payment_type"),
        (changed("reference", json!("x".repeat(256))), "/reference"),
        (changed("payment_code", json!("1234")), "/payment_code"),
        (changed("payment_code", json!("123456")), "/payment_code"),
        (changed("payment_code", json!("1234x")), "/payment_code"),
    ] {
        for call in ["process", "simulate/success"] {
            let path = format!("/api/payments/{call}");
            let answer = service.caller.post_keyed(&path, "k1", &body).await?;
            assert_eq!(answer.summary(), "400 invalid_request", "{body}");
            assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{body}");
        }
    }
    assert_eq!(service.count("true").await?, 0, "nothing is recorded");
    // A refused request leaves its key free.
    let answer = service.caller.process("k1", &charge_of(10.0)).await?;
    assert_eq!(answer.status, 200);
    service.finish().await
}

#[tokio::test]
async fn all_wrong_fields_are_named_at_once() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let body = json!({"booking_id": "", "amount": 0, "user_id": 1, "payment_type": "upi",
        "payment_code": "secret"});
    let answer = service.caller.post("/api/payments/process", &body).await?;
    assert_json_snapshot!(tidy(&answer), @r#"
    {
      "code": "invalid_request",
      "detail": "booking_id: must not be empty; amount: must be above zero; payment_code: a payment code is 5 digits",
      "errors": [
        {
          "detail": "must not be empty",
          "pointer": "/booking_id"
        },
        {
          "detail": "must be above zero",
          "pointer": "/amount"
        },
        {
          "detail": "a payment code is 5 digits",
          "pointer": "/payment_code"
        }
      ],
      "instance": "/api/payments/process",
      "request_id": "[id]",
      "retryable": false,
      "status": 400,
      "title": "Bad Request",
      "type": "urn:holdfast:problem:invalid_request"
    }
    "#);
    service.finish().await
}

#[tokio::test]
async fn malformed_requests_are_refused_in_the_shared_shape() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let process = || caller.request(Method::POST, "/api/payments/process");
    let media_type = "content-type";
    let keyed = process().json(&charge_of(1.0));
    for (request, summary) in [
        (process().body("{\"amount\":"), "400 malformed"),
        (process(), "400 malformed"),
        (
            process().header(media_type, "text/plain").body("{}"),
            "415 unsupported_media_type",
        ),
        (process().body(" ".repeat(5_000_000)), "413 too_large"),
        (
            keyed.header("idempotency-key", "k".repeat(256)),
            "400 invalid_idempotency_key",
        ),
        (
            caller.request(Method::GET, "/api/payments/process"),
            "405 method_not_allowed",
        ),
        (
            caller.request(Method::DELETE, "/api/payments"),
            "405 method_not_allowed",
        ),
        (
            caller.request(Method::POST, "/api/payments/simulate/miracle"),
            "404 not_found",
        ),
    ] {
        let answer = caller.send(request).await?;
        assert_eq!(answer.summary(), summary);
        assert_eq!(answer.headers[media_type], "application/problem+json");
    }
    service.finish().await
}
