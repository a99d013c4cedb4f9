//! Limits on the size, duration and depth of requests, and the security headers of answers.

use std::io::{self, ErrorKind};
use std::time::Duration;

use anyhow::ensure;
use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::gated::Gated;
use crate::replicas::Replica;
use crate::services::Services;
use test_stack::caller::{Answer, SOON};

/// Everything received in response to these bytes until the connection closes.
async fn sent(port: u16, bytes: &[u8]) -> anyhow::Result<String> {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).await?;
    connection.write_all(bytes).await?;
    let mut answer = Vec::new();
    let read = connection.read_to_end(&mut answer);
    tokio::time::timeout(SOON, read).await??;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn slow_senders_are_disconnected_and_do_not_block_others() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let replica = Replica::of_payments(&services, &Gated::new(), |settings| {
        settings.http.header_read_timeout = Duration::from_millis(300);
        settings.http.body_timeout = Duration::from_secs(1);
        settings.limits.max_concurrent_requests = 1;
    })
    .await?;
    let port = replica.port;
    let head = "POST /api/payments/process HTTP/1.1\r\nhost: localhost\r\n";
    let slow_body = format!("{head}content-type: application/json\r\ncontent-length: 9\r\n\r\n{{");
    let slow_chunks = format!("{head}transfer-encoding: chunked\r\n\r\n1\r\n{{\r\n");
    let others = async {
        for _ in 0..5 {
            let answer = replica.caller.get("/api/payments?key=x").await?;
            ensure!(answer.status == 404, "{answer:?}");
        }
        anyhow::Ok(())
    };
    let (body, chunks, head, others) = tokio::join!(
        sent(port, slow_body.as_bytes()),
        sent(port, slow_chunks.as_bytes()),
        sent(port, head.as_bytes()),
        others,
    );
    others?;
    for answer in [body?, chunks?] {
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("\"code\":\"request_timeout\""), "{answer}");
    }
    let head = head?;
    assert!(head.starts_with("HTTP/1.1 408"), "{head}");
    // A refused head does not keep its connection either.
    let long = format!("POST /{} HTTP/1.1\r\nhost: localhost\r\n", "p".repeat(9000));
    let long = format!("{long}transfer-encoding: chunked\r\n\r\n1\r\n{{\r\n");
    let answer = sent(port, long.as_bytes()).await?;
    assert!(answer.starts_with("HTTP/1.1 414"), "{answer}");
    replica.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_connection_survives_a_head_request_of_a_stream() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let ports = [
        services.settings.flights.http.port,
        services.settings.bookings.http.port,
    ];
    for port in ports {
        let head = "HEAD /api/flights/FL123/seats/stream HTTP/1.1\r\nhost: localhost\r\n\r\n";
        let next = "GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let answers = sent(port, format!("{head}{next}").as_bytes()).await?;
        assert!(answers.contains("text/event-stream"), "{answers}");
        assert!(answers.contains("\"healthy\""), "{answers}");
    }
    Ok(())
}

#[tokio::test]
async fn oversized_request_heads_are_refused() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let caller = &services.flights;
    let long = format!("/api/flights/{}", "1".repeat(9000));
    assert_eq!(caller.get(&long).await?.summary(), "414 uri_too_long");
    let pairs = format!("/api/flights/search?{}", "a=1&".repeat(80));
    assert_eq!(
        caller.get(&pairs).await?.summary(),
        "400 too_many_parameters"
    );
    let get = || caller.request(Method::GET, "/health");
    let large = get().header("x-large", "v".repeat(17_000));
    assert_eq!(caller.send(large).await?.summary(), "431 headers_too_large");
    let many = (0..80).fold(get(), |request, n| request.header(format!("x-{n}"), "1"));
    assert_eq!(caller.send(many).await?.summary(), "431 headers_too_large");
    // Beyond the server's own limit there is no body, and the connection is closed.
    let port = services.settings.flights.http.port;
    for headers in [
        "a: 1\r\n".repeat(200),
        format!("a: {}", "v".repeat(200_000)),
    ] {
        let head = format!("GET /health HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        match sent(port, head.as_bytes()).await {
            Ok(answer) => assert!(answer.starts_with("HTTP/1.1 431"), "{answer}"),
            // Reset while it was still sending.
            Err(error) => {
                let kind = error.downcast_ref().map(io::Error::kind);
                let cut_off = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
                assert!(
                    kind.is_some_and(|kind| cut_off.contains(&kind)),
                    "{error:#}"
                );
            }
        }
    }
    let deep = format!("{{\"flight_id\":{}1{}}}", "[".repeat(40), "]".repeat(40));
    let answer = caller.post_text("/api/flights/validate", deep).await?;
    assert_eq!(answer.summary(), "400 malformed");
    // An array is not taken for a struct's fields in order.
    let request = caller.request(Method::PATCH, "/api/flights/1");
    let list = caller.send(request.json(&[None::<u8>, None])).await?;
    assert_eq!(list.summary(), "400 invalid_request");
    Ok(())
}

/// The headers of every answer.
fn check_protected(answer: &Answer) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}: {answer:?}");
    }
    for name in ["server", "x-powered-by", "access-control-allow-origin"] {
        assert_eq!(answer.header(name), None, "{name}: {answer:?}");
    }
}

#[tokio::test]
async fn every_answer_has_security_headers() -> anyhow::Result<()> {
    let services = Services::start().await?;
    for caller in [&services.flights, &services.bookings, &services.payments] {
        for path in ["/health", "/nowhere", "/openapi.json", "/metrics"] {
            let answer = caller.get(path).await?;
            check_protected(&answer);
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        }
        let request = caller.request(Method::GET, "/ready");
        let given_up = caller
            .send(request.header("x-request-timeout-ms", "0"))
            .await?;
        assert_eq!(given_up.summary(), "503 unavailable");
        assert_eq!(given_up.body["instance"], "/ready");
        check_protected(&given_up);
        let request = caller.request(Method::GET, "/health");
        let from_elsewhere = request.header("origin", "https://shop.example.org");
        check_protected(&caller.send(from_elsewhere).await?);
        let page = reqwest::get(caller.url("/docs/")).await?;
        let policy = page.headers().get("content-security-policy");
        assert!(
            policy.is_some_and(|policy| policy.to_str().is_ok_and(|text| {
                text.contains("script-src 'self';") && text.contains("frame-ancestors 'none'")
            }))
        );
    }
    Ok(())
}

#[tokio::test]
async fn only_allowed_origins_may_call() -> anyhow::Result<()> {
    const SHOP: &str = "https://shop.example.org";
    let services = Services::start().await?;
    let replica = Replica::of_flights(&services, |settings| {
        settings.http.cors_origins = vec![SHOP.to_owned()];
    })
    .await?;
    let asked = async |method: Method, origin: &str| {
        let request = replica.caller.request(method, "/api/flights/1");
        let request = request
            .header("origin", origin)
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization");
        anyhow::Ok(request.send().await?)
    };
    for method in [Method::OPTIONS, Method::GET] {
        let answer = asked(method.clone(), SHOP).await?;
        assert_eq!(answer.status().as_u16(), 200, "{method}");
        let headers = answer.headers();
        assert_eq!(
            headers
                .get("access-control-allow-origin")
                .map(|it| it == SHOP),
            Some(true)
        );
        assert!(headers.get("access-control-allow-credentials").is_none());
        assert!(headers.get("x-request-id").is_some());
        let answer = asked(method, "https://evil.example.org").await?;
        assert!(
            answer
                .headers()
                .get("access-control-allow-origin")
                .is_none()
        );
    }
    replica.stop().await?;
    Ok(())
}
