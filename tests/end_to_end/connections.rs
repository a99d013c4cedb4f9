//! Connections: how many an address may have and open, and what happens to clients that don't read.

use std::io;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use service_core::settings::AuthMode;
use test_stack::wait_until;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::replicas::Replica;
use crate::services::Services;
use test_stack::caller::SOON;

const HEALTH: &str = "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// The largest file: many times the socket buffers of a client that does not read.
const LARGE: &str = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A connection from another loopback address.
async fn connection_from(address: &str, port: u16) -> anyhow::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(format!("{address}:0").parse()?)?;
    Ok(socket.connect(format!("127.0.0.1:{port}").parse()?).await?)
}

/// Whether the request is answered; `false` if the connection is closed.
async fn is_answered(connection: &mut TcpStream, request: &str) -> anyhow::Result<bool> {
    // A closed connection can't be written to.
    if connection.write_all(request.as_bytes()).await.is_err() {
        return Ok(false);
    }
    let mut head = [0; 12];
    match tokio::time::timeout(SOON, connection.read_exact(&mut head)).await? {
        Ok(_) => {
            ensure!(head.starts_with(b"HTTP/1.1 "), "{head:?}");
            Ok(true)
        }
        Err(error) => {
            let closed = [io::ErrorKind::ConnectionReset, io::ErrorKind::UnexpectedEof];
            ensure!(closed.contains(&error.kind()), "{error}");
            Ok(false)
        }
    }
}

#[tokio::test]
async fn connections_per_address_are_limited() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let replica = Replica::of_flights(&services, |settings| {
        settings.limits.connections_per_address = Some(3);
    })
    .await?;
    let mut own = Vec::new();
    for _ in 0..3 {
        let mut connection = connection_from("127.0.0.1", replica.port).await?;
        ensure!(is_answered(&mut connection, HEALTH).await?);
        own.push(connection);
    }
    if let Ok(mut surplus) = connection_from("127.0.0.1", replica.port).await {
        ensure!(!is_answered(&mut surplus, HEALTH).await?);
    }
    let mut other = connection_from("127.0.0.2", replica.port).await?;
    ensure!(is_answered(&mut other, HEALTH).await?);
    // Closing one makes room for another.
    own.pop().context("no connection")?;
    wait_until("there is room again", SOON, async || {
        let connection = connection_from("127.0.0.1", replica.port).await;
        match connection {
            Ok(mut connection) => is_answered(&mut connection, HEALTH).await.unwrap_or(false),
            Err(_) => false,
        }
    })
    .await?;
    replica.stop().await?;
    Ok(())
}

#[tokio::test]
async fn malformed_requests_count_against_the_quota() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let replica = Replica::of_flights(&services, |settings| {
        settings.limits.requests_per_minute = Some(5);
    })
    .await?;
    for _ in 0..5 {
        let mut connection = connection_from("127.0.0.1", replica.port).await?;
        ensure!(is_answered(&mut connection, "no head at all\r\n\r\n").await?);
    }
    // They are counted when their connections end, and use up the address's quota.
    wait_until("they are counted", SOON, async || {
        let answer = replica.caller.get("/nowhere").await;
        answer.is_ok_and(|answer| answer.summary() == "429 rate_limited")
    })
    .await?;
    let mut other = connection_from("127.0.0.2", replica.port).await?;
    ensure!(is_answered(&mut other, HEALTH).await?);
    replica.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let replica = Replica::of_flights(&services, |settings| {
        settings.http.write_timeout = Duration::from_millis(500);
    })
    .await?;
    let mut readers = Vec::new();
    for _ in 0..4 {
        let mut reader = connection_from("127.0.0.1", replica.port).await?;
        ensure!(is_answered(&mut reader, LARGE).await?);
        readers.push(reader);
    }
    // Nothing is read, so only an error reveals the end.
    for reader in &mut readers {
        wait_until("the reader is cut", SOON, async || {
            reader.take_error().is_ok_and(|error| error.is_some())
        })
        .await?;
    }
    // A client that reads gets all of it, however large.
    let mut reader = connection_from("127.0.0.1", replica.port).await?;
    let request = LARGE.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    reader.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    tokio::time::timeout(SOON, reader.read_to_end(&mut answer)).await??;
    let length = String::from_utf8_lossy(&answer[..1000]).to_lowercase();
    let length = length
        .split("content-length: ")
        .nth(1)
        .context("no length")?;
    let length: usize = length.split("\r\n").next().context("no length")?.parse()?;
    ensure!(
        length > 300_000 && answer.len() > length,
        "{length} of {}",
        answer.len()
    );
    replica.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_client_that_reads_too_slowly_is_disconnected() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let replica = Replica::of_flights(&services, |settings| {
        settings.http.write_timeout = Duration::from_millis(500);
    })
    .await?;
    let mut reader = connection_from("127.0.0.1", replica.port).await?;
    ensure!(is_answered(&mut reader, LARGE).await?);
    wait_until("the reader is cut", SOON, async || {
        let byte = reader.read_u8().await;
        byte.is_err() || reader.take_error().is_ok_and(|error| error.is_some())
    })
    .await?;
    replica.stop().await?;
    Ok(())
}

/// An open service serves programs and its own pages, not other sites' pages in a browser.
#[tokio::test]
async fn an_open_service_refuses_cross_site_requests() -> anyhow::Result<()> {
    let services = Services::start().await?;
    for caller in [&services.flights, &services.bookings, &services.payments] {
        let asked = async |headers: &[(&str, &str)]| {
            let request = caller.request(reqwest::Method::POST, "/health");
            let request = headers
                .iter()
                .fold(request.body("{}"), |request, (name, value)| {
                    request.header(*name, *value)
                });
            anyhow::Ok(caller.send(request).await?.summary())
        };
        let own = caller.url("");
        let json = ("content-type", "application/json");
        for headers in [
            &[][..],
            &[json],
            &[json, ("origin", &own)],
            &[json, ("host", "localhost:8080")],
            &[json, ("sec-fetch-site", "same-origin")],
        ] {
            assert_eq!(
                asked(headers).await?,
                "405 method_not_allowed",
                "{headers:?}"
            );
        }
        for (headers, refusal) in [
            (
                &[json, ("origin", "https://evil.example")][..],
                "403 cross_site",
            ),
            (&[json, ("origin", "null")], "403 cross_site"),
            (&[json, ("sec-fetch-site", "cross-site")], "403 cross_site"),
            (&[("user-agent", "Mozilla/5.0")], "403 cross_site"),
            (&[json, ("host", "evil.example:8080")], "403 foreign_host"),
        ] {
            assert_eq!(asked(headers).await?, refusal, "{headers:?}");
        }
    }
    let required = Replica::of_flights(&services, |settings| {
        settings.auth.mode = AuthMode::Required;
        settings.auth.secret = Some("s".repeat(32).into());
    })
    .await?;
    let request = required.caller.request(reqwest::Method::GET, "/health");
    let elsewhere = request.header("host", "flights.example.org");
    assert_eq!(required.caller.send(elsewhere).await?.status, 200);
    required.stop().await?;
    Ok(())
}
