//! The operator's endpoints: health, readiness, metrics, the OpenAPI document.

use reqwest::Method;
use test_stack::Servers;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{TestService, seats_of};
use local_servers::database::connect;

#[tokio::test]
async fn it_lives_is_ready_and_counts() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let health = caller.get("/health").await?;
    assert_eq!(
        health.text,
        "{\"status\":\"healthy\",\"service\":\"flight-service\"}\n"
    );
    let ready = caller.get("/ready").await?;
    assert_eq!(
        ready.text,
        "{\"status\":\"ready\",\"service\":\"flight-service\",\"degraded\":[]}\n"
    );
    caller.get("/api/flights/1").await?;
    let metrics = caller.get("/metrics").await?.text;
    let timed = "http_request_duration_seconds_count{method=\"GET\",route=\"/api/flights/{id}\",status=\"200\"}";
    assert!(metrics.contains(timed), "{metrics}");
    Ok(())
}

#[tokio::test]
async fn a_database_that_is_away_is_named() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| {
        settings.inventory.commit_timeout = std::time::Duration::from_millis(300);
    })
    .await?;
    let caller = &service.caller;
    let name = service.database.name();
    // Refuse new connections and terminate the existing ones.
    let maintenance = Servers::shared().await?.database_url();
    let server = connect(maintenance).await?;
    server
        .batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        .await?;
    let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1";
    server.execute(end, &[&name]).await?;
    let ready = caller.get("/ready").await?;
    assert_eq!(ready.summary(), "503 not_ready");
    assert_eq!(ready.body["detail"], "down: postgres");
    let flight = caller.get("/api/flights/1").await?;
    assert_eq!(flight.summary(), "503 unavailable");
    assert_eq!(flight.header("retry-after"), Some("1"));
    assert_eq!(flight.body["retryable"], true);
    let taken = caller.decrement(&seats_of(1, 1)).await?;
    assert_eq!(taken.summary(), "503 unavailable");
    assert_eq!(caller.get("/health").await?.status, 200);
    server
        .batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        .await?;
    assert_eq!(caller.get("/ready").await?.status, 200);
    assert_eq!(caller.free_seats(1).await?, 130);
    Ok(())
}

#[tokio::test]
async fn the_document_and_its_page_are_served() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let document = caller.get("/openapi.json").await?.body;
    assert_eq!(document["info"]["title"], "Holdfast flight service");
    for path in ["/docs", "/docs/"] {
        let page = caller.get(path).await?;
        assert_eq!(page.status, 200);
        assert_eq!(page.header("content-type"), Some("text/html"));
    }
    // The page's scripts come from the service too, so it works offline.
    let page = caller.get("/docs/").await?.text;
    let sources = page.split("src=\"").skip(1);
    let mut scripts = 0;
    for source in sources.filter_map(|rest| rest.split('"').next()) {
        assert!(!source.contains("//"), "{source} is elsewhere");
        let path = format!("/docs/{}", source.trim_start_matches("./"));
        assert_eq!(caller.get(&path).await?.status, 200, "{path}");
        scripts += 1;
    }
    assert!(scripts > 0, "{page}");
    Ok(())
}

#[tokio::test]
async fn head_is_answered_like_get_without_a_body() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    for (path, status) in [
        ("/health", 200),
        ("/api/flights/1", 200),
        ("/api/flights/999", 404),
        ("/nowhere", 404),
        ("/api/flights/validate", 405),
    ] {
        let head = caller.send(caller.request(Method::HEAD, path)).await?;
        assert_eq!((head.status, head.text.as_str()), (status, ""), "{path}");
    }
    // On the wire: nothing after the head.
    let address = service.address.to_string();
    let mut stream = TcpStream::connect(&address).await?;
    let request = format!("HEAD /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let length = format!(
        "content-length: {}\r\n",
        caller.get("/health").await?.text.len()
    );
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.to_lowercase().contains(&length), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    Ok(())
}
