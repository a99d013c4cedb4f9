//! Requests that are refused before they have any effect.

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
    Ok(())
}

#[tokio::test]
async fn amounts_are_whole_minor_units_of_their_currency() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    for (amount, currency, pointer) in [
        ("100.50", "JPY", "/amount"),
        ("1.2345", "KWD", "/amount"),
        ("19.99000000000000000000000000001", "USD", "/amount"),
        ("0.00001", "CLF", "/amount"),
        ("17000", "ZZZ", "/currency"),
        ("17000", "XXX", "/currency"),
    ] {
        let body = format!(
            r#"{{"booking_id": 1, "user_id": 1, "payment_type": "upi", "amount": {amount}, "currency": "{currency}"}}"#
        );
        let request = caller.request(Method::POST, "/api/payments/process");
        let request = request
            .header("content-type", "application/json")
            .body(body);
        let refused = caller.send(request).await?;
        assert_eq!(
            refused.summary(),
            "400 invalid_request",
            "{amount} {currency}"
        );
        assert_eq!(
            refused.body["errors"][0]["pointer"], pointer,
            "{amount} {currency}"
        );
    }
    for (amount, currency, part, finer) in [
        (1010.0, "JPY", 10.0, 0.5),
        (1.234, "KWD", 0.234, 0.0001),
        (17000.55, "INR", 0.55, 0.001),
    ] {
        let mut body = charge_of(amount);
        body["currency"] = json!(currency);
        let path = "/api/payments/simulate/success";
        let charge = caller.post(path, &body).await?;
        assert_eq!(
            (charge.status, &charge.body["amount"]),
            (200, &json!(amount))
        );
        let path = format!(
            "/api/payments/{}",
            charge.body["payment_id"].as_str().unwrap_or("")
        );
        let refunds = format!("{path}/refunds");
        let refused = caller.post(&refunds, &json!({"amount": finer})).await?;
        assert_eq!(
            refused.body["errors"][0]["pointer"], "/amount",
            "{currency}"
        );
        let refund = caller.post(&refunds, &json!({"amount": part})).await?;
        assert_eq!((refund.status, &refund.body["amount"]), (201, &json!(part)));
        let found = caller.get(&path).await?;
        assert_eq!(found.body["refunded"], part, "{currency}");
    }
    assert_eq!(
        service
            .count("amount_minor = 1010 AND refunded_minor = 10")
            .await?,
        1
    );
    assert_eq!(
        service
            .count("amount_minor = 1234 AND refunded_minor = 234")
            .await?,
        1
    );
    Ok(())
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
      "detail": "booking_id: must have 1 to 255 characters; amount: must be above zero; payment_code: a payment code is 5 digits",
      "errors": [
        {
          "detail": "must have 1 to 255 characters",
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
      "title": "Invalid request",
      "type": "urn:holdfast:problem:invalid_request"
    }
    "#);
    Ok(())
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
    Ok(())
}
