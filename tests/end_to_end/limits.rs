//! Rate limits per client, and the limit of concurrent requests.

use std::time::Duration;

use jiff::Timestamp;
use local_servers::ports::free_port;
use reqwest::Method;
use serde_json::json;
use service_core::settings::AuthMode;
use tokens::sign::Grant;
use tokens::{Role, Signer};

use crate::gated::Gated;
use crate::replicas::Replica;
use crate::services::Services;

const FLIGHT: &str = "/api/flights/1";

#[tokio::test]
async fn replicas_share_a_clients_quota() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let limited = async || {
        Replica::of_flights(&services, |settings| {
            settings.limits.requests_per_minute = Some(4);
        })
        .await
    };
    let (one, other) = (limited().await?, limited().await?);
    for remaining in [3, 2, 1, 0] {
        let replica = if remaining % 2 == 0 { &one } else { &other };
        let answer = replica.caller.get(FLIGHT).await?;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("ratelimit-policy"),
            Some("\"client\";q=4;w=60")
        );
        let expected = format!("\"client\";r={remaining};t={}", (4 - remaining) * 15);
        assert_eq!(answer.header("ratelimit"), Some(expected.as_str()));
    }
    for replica in [&one, &other] {
        let answer = replica.caller.get(FLIGHT).await?;
        assert_eq!(answer.summary(), "429 rate_limited");
        assert_eq!(answer.body["retryable"], true);
        let wait: u64 = answer.header("retry-after").unwrap_or("").parse()?;
        assert!((1..=15).contains(&wait), "{wait}");
        // Health endpoints are always answered.
        assert_eq!(replica.caller.get("/health").await?.status, 200);
        assert_eq!(replica.caller.get("/ready").await?.status, 200);
    }
    // The test's own service is open with default settings: it does not count.
    let answer = services.flights.get(FLIGHT).await?;
    assert_eq!((answer.status, answer.header("ratelimit")), (200, None));
    one.stop().await?;
    other.stop().await?;
    Ok(())
}

#[tokio::test]
async fn without_redis_each_replica_counts_alone() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let nobody = free_port()?;
    let replica = Replica::of_flights(&services, |settings| {
        settings.limits.requests_per_minute = Some(3);
        settings.redis.url = Some(format!("redis://127.0.0.1:{nobody}").into());
    })
    .await?;
    for expected in ["200 -", "200 -", "200 -", "429 rate_limited"] {
        let answer = replica.caller.get(FLIGHT).await?;
        assert_eq!(answer.summary(), expected);
        assert!(answer.header("ratelimit").is_some());
    }
    replica.stop().await?;
    Ok(())
}

#[tokio::test]
async fn services_are_exempt_from_the_address_quota() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let secret = "s".repeat(32);
    let replica = Replica::of_flights(&services, |settings| {
        settings.limits.requests_per_minute = Some(1);
        settings.auth.mode = AuthMode::Required;
        settings.auth.secret = Some(secret.clone().into());
    })
    .await?;
    let grant = Grant {
        issuer: "holdfast",
        audience: "holdfast",
        subject: "booking-service",
        role: Role::Service,
        lifetime: Duration::from_secs(60),
    };
    let token = Signer::from_secret(secret.as_bytes())?.sign(&grant, Timestamp::now())?;
    let service = replica.caller.bearing(&token);
    for _ in 0..3 {
        for path in [FLIGHT, "/api/airports"] {
            let answer = service.get(path).await?;
            assert_eq!((answer.status, answer.header("ratelimit")), (200, None));
        }
    }
    assert_eq!(replica.caller.get(FLIGHT).await?.status, 200);
    assert_eq!(
        replica.caller.get(FLIGHT).await?.summary(),
        "429 rate_limited"
    );
    replica.stop().await?;
    Ok(())
}

#[tokio::test]
async fn unauthenticated_requests_count_too() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let replica = Replica::of_flights(&services, |settings| {
        settings.limits.requests_per_minute = Some(2);
        settings.auth.mode = AuthMode::Required;
        settings.auth.secret = Some("s".repeat(32).into());
        settings.http.trusted_proxy_hops = 1;
    })
    .await?;
    let from = async |address: &str| {
        let request = replica.caller.request(Method::GET, "/api/ledger/proof");
        let request = request.header("x-forwarded-for", address);
        let answer = replica.caller.send(request).await?;
        assert!(answer.header("ratelimit").is_some());
        anyhow::Ok(answer.summary())
    };
    for expected in [
        "401 unauthenticated",
        "401 unauthenticated",
        "429 rate_limited",
    ] {
        assert_eq!(from("192.0.2.1").await?, expected);
    }
    assert_eq!(from("192.0.2.2").await?, "401 unauthenticated");
    replica.stop().await?;
    Ok(())
}

#[tokio::test]
async fn excess_requests_are_shed_at_once() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let provider = Gated::new();
    let replica = Replica::of_payments(&services, &provider, |settings| {
        settings.limits.max_concurrent_requests = 1;
    })
    .await?;
    let charge = json!({"booking_id": 1, "amount": 10, "user_id": 1, "payment_type": "upi"});
    let running = {
        let (caller, charge) = (replica.caller.clone(), charge.clone());
        tokio::spawn(async move { caller.post("/api/payments/process", &charge).await })
    };
    provider.is_asked().await?;
    let refused = replica
        .caller
        .post("/api/payments/process", &charge)
        .await?;
    assert_eq!(refused.summary(), "503 overloaded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    for path in ["/health", "/ready", "/metrics"] {
        assert_eq!(replica.caller.get(path).await?.status, 200, "{path}");
    }
    provider.let_through();
    assert_eq!(running.await??.status, 200);
    assert_eq!(replica.caller.get("/api/payments?key=x").await?.status, 404);
    replica.stop().await?;
    Ok(())
}

#[tokio::test]
async fn streams_do_not_block_other_requests() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let replica = Replica::of_flights(&services, |settings| {
        settings.limits.max_concurrent_requests = 1;
    })
    .await?;
    let mut streams = Vec::new();
    for _ in 0..3 {
        let path = "/api/flights/FL123/seats/stream";
        let mut stream = replica.caller.request(Method::GET, path).send().await?;
        assert_eq!(stream.status().as_u16(), 200);
        assert!(stream.chunk().await?.is_some());
        streams.push(stream);
    }
    assert_eq!(replica.caller.get(FLIGHT).await?.status, 200);
    drop(streams);
    replica.stop().await?;
    Ok(())
}

/// A service that authenticates callers by this secret.
fn authenticates_callers(settings: &mut flight_service::settings::Settings) {
    settings.auth.mode = AuthMode::Required;
    settings.auth.secret = Some("s".repeat(32).into());
}

fn token_of(subject: &str, role: Role) -> anyhow::Result<String> {
    let grant = Grant {
        issuer: "holdfast",
        audience: "holdfast",
        subject,
        role,
        lifetime: Duration::from_secs(60),
    };
    let signer = Signer::from_secret("s".repeat(32).as_bytes())?;
    Ok(signer.sign(&grant, Timestamp::now())?)
}

#[tokio::test]
async fn accounts_at_one_address_share_its_quota() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let replica = Replica::of_flights(&services, |settings| {
        authenticates_callers(settings);
        settings.limits.requests_per_minute = Some(2);
        settings.limits.requests_per_minute_of_address = Some(5);
    })
    .await?;
    let mut answers = Vec::new();
    for account in ["one", "two", "three", "four"] {
        let caller = replica.caller.bearing(&token_of(account, Role::Customer)?);
        for _ in 0..2 {
            answers.push(caller.get(FLIGHT).await?.summary());
        }
    }
    let refused = answers
        .iter()
        .position(|answer| answer == "429 rate_limited");
    assert_eq!(refused, Some(5), "{answers:?}");
    // Neither a made-up token helps, nor an unknown path; another service is let through.
    for path in [FLIGHT, "/nowhere", "/docs/"] {
        let answer = replica.caller.bearing("made-up").get(path).await?;
        assert_eq!(answer.summary(), "429 rate_limited", "{path}");
        assert!(answer.header("retry-after").is_some(), "{path}");
    }
    let service = replica
        .caller
        .bearing(&token_of("booking-service", Role::Service)?);
    assert_eq!(service.get(FLIGHT).await?.status, 200);
    replica.stop().await?;
    Ok(())
}

#[tokio::test]
async fn every_path_and_method_is_counted() -> anyhow::Result<()> {
    let services = Services::start().await?;
    for (method, path) in [
        (Method::GET, "/nowhere"),
        (Method::POST, "/nowhere"),
        (Method::PUT, FLIGHT),
        (Method::GET, "/docs/"),
        (Method::GET, "/docs/swagger-ui.css"),
        (Method::GET, "/openapi.json"),
        (Method::DELETE, "/health"),
        (Method::OPTIONS, "/api/flights/search"),
    ] {
        let replica = Replica::of_flights(&services, |settings| {
            settings.limits.requests_per_minute = Some(3);
            settings.redis.key_prefix = format!("{}{method}{path}", settings.redis.key_prefix);
        })
        .await?;
        let asked = async || {
            let request = replica.caller.request(method.clone(), path);
            anyhow::Ok(request.send().await?.status().as_u16())
        };
        for _ in 0..3 {
            assert_ne!(asked().await?, 429, "{method} {path}");
        }
        assert_eq!(asked().await?, 429, "{method} {path}");
        assert_eq!(
            replica.caller.get(FLIGHT).await?.summary(),
            "429 rate_limited"
        );
        replica.stop().await?;
    }
    Ok(())
}

#[tokio::test]
async fn health_checks_have_a_quota_of_their_own() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let replica = Replica::of_flights(&services, |settings| {
        settings.limits.requests_per_minute = Some(1);
        settings.limits.requests_per_minute_of_address = Some(6);
    })
    .await?;
    for _ in 0..8 {
        replica.caller.get(FLIGHT).await?;
    }
    assert_eq!(replica.caller.get(FLIGHT).await?.status, 429);
    for path in ["/health", "/ready", "/metrics"] {
        for _ in 0..2 {
            assert_eq!(replica.caller.get(path).await?.status, 200, "{path}");
        }
    }
    assert_eq!(
        replica.caller.get("/ready").await?.summary(),
        "429 rate_limited"
    );
    replica.stop().await?;
    Ok(())
}

#[tokio::test]
async fn metrics_have_their_own_listener_if_configured() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let port = free_port()?;
    let replica = Replica::of_flights(&services, |settings| {
        settings.http.metrics_address = Some(([127, 0, 0, 1], port).into());
        settings.http.docs = false;
    })
    .await?;
    let metrics = reqwest::get(format!("http://127.0.0.1:{port}/metrics")).await?;
    assert_eq!(metrics.status().as_u16(), 200);
    assert!(
        metrics
            .text()
            .await?
            .contains("http_request_duration_seconds")
    );
    let other = reqwest::get(format!("http://127.0.0.1:{port}{FLIGHT}")).await?;
    assert_eq!(other.status().as_u16(), 404);
    for path in ["/metrics", "/docs", "/docs/", "/docs/index.html"] {
        assert_eq!(
            replica.caller.get(path).await?.summary(),
            "404 not_found",
            "{path}"
        );
    }
    assert_eq!(replica.caller.get("/health").await?.status, 200);
    replica.stop().await?;
    Ok(())
}
