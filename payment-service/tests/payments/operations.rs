//! The operator's endpoints: health, readiness, metrics, the OpenAPI document.

use payment_service::routes;

use crate::support::{TestService, charge_of};

#[tokio::test]
async fn it_lives_is_ready_and_counts() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let health = caller.get("/health").await?;
    assert_eq!(
        health.text,
        "{\"status\":\"healthy\",\"service\":\"payment-service\"}\n"
    );
    let ready = caller.get("/ready").await?;
    assert_eq!(
        (ready.status, &ready.body["status"]),
        (200, &"ready".into())
    );
    caller
        .post("/api/payments/process", &charge_of(1.0))
        .await?;
    let metrics = caller.get("/metrics").await?.text;
    for name in [
        "payments_total{status=\"success\"}",
        "payment_provider_duration_seconds_count",
    ] {
        assert!(metrics.contains(name), "{name} in {metrics}");
    }
    Ok(())
}

#[tokio::test]
async fn a_database_that_is_away_is_named() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| {
        // Nothing listens on this port.
        settings.database.url = Some("postgres://holdfast@127.0.0.1:1/none".into());
    })
    .await?;
    let ready = service.caller.get("/ready").await?;
    assert_eq!(ready.summary(), "503 not_ready");
    assert_eq!(ready.body["detail"], "down: postgres");
    let charge = service.caller.process("k1", &charge_of(1.0)).await?;
    assert_eq!(charge.summary(), "503 unavailable");
    assert_eq!(charge.body["detail"], "the database can't be reached");
    assert_eq!(service.caller.get("/health").await?.status, 200);
    Ok(())
}

#[test]
fn the_document_has_every_call() {
    let document = serde_json::to_value(routes::document(&routes::with_mock().unwrap())).unwrap();
    let mut calls = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let statuses: Vec<&str> = operation["responses"]
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            calls.push(format!("{method} {path}: {}", statuses.join(" ")));
        }
    }
    insta::assert_snapshot!(calls.join("\n"), @r"
    get /api/admin/actions: 200 400 401 403 429 503
    get /api/payments: 200 400 401 403 404 429 503
    post /api/payments/close: 200 400 401 403 408 409 412 413 415 429 503
    get /api/payments/mock: 200 400 401 403 429 503
    put /api/payments/mock: 200 400 401 403 408 412 413 415 429 503
    post /api/payments/process: 200 400 401 403 408 409 412 413 415 422 429 503
    post /api/payments/process/batch: 200 400 401 403 408 412 413 415 429 503
    post /api/payments/simulate/failure: 200 400 401 403 408 409 412 413 415 422 429 503
    post /api/payments/simulate/success: 200 400 401 403 408 409 412 413 415 422 429 503
    post /api/payments/simulate/timeout: 400 401 403 408 409 412 413 415 422 429 503
    get /api/payments/{id}: 200 400 401 403 404 429 503
    post /api/payments/{id}/refunds: 201 400 401 403 404 408 409 412 413 415 422 429 503
    get /docs/: 200
    get /health: 200
    get /metrics: 200
    get /openapi.json: 200
    get /ready: 200 503
    ");
}

#[tokio::test]
async fn the_document_is_served_and_readable() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let served = service.caller.get("/openapi.json").await?;
    assert_eq!(
        served.body["info"]["title"], "Holdfast payment service",
        "{}",
        served.text
    );
    assert_eq!(service.caller.get("/docs").await?.status, 200);
    Ok(())
}
