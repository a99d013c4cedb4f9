//! How much of a service one client or address can use up: its memory, and others' latency.
//!
//! The services run as processes with the memory limits of `docker-compose.yml`. Abuse comes from 127.0.0.1,
//! other clients from another loopback address. Others' latency is printed; its bound is missed only by a
//! service that is blocked.

mod clients;
#[path = "../shared/databases.rs"]
mod databases;
mod memory;
#[path = "../shared/process.rs"]
mod process;
mod world;

use std::time::Duration;

use anyhow::ensure;
use local_servers::service::Service;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use reqwest::StatusCode;
use serde_json::json;
use test_stack::wait_until;

use crate::clients::{ABUSER, SOON, others, raw};
use crate::memory::{Memory, limit_of};
use crate::world::World;

/// A small answer that takes longer is delayed by the abuse.
const OTHERS_WAIT_AT_MOST: Duration = Duration::from_secs(2);

const HEALTH: &str = "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
const LARGE: &str = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: localhost\r\n\r\n";
const STREAM: &str = "GET /api/flights/17/seats/stream HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Thousands of clients need as many open files in this process.
fn raise_file_limit() -> anyhow::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    ensure!(
        hard >= 10_000,
        "at most {hard} files can be open: not enough for 7,000 clients"
    );
    Ok(setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?)
}

/// That a service has stayed within the memory that its deployment gives it, and others were answered.
fn check(service: Service, what: &str, memory: Memory, slowest: Duration) -> anyhow::Result<()> {
    let limit = limit_of(service)?;
    eprintln!("{service:?}, {what}: {memory} of {limit} MiB; others' p99 {slowest:.0?}");
    ensure!(
        memory.peak_mib < limit,
        "{service:?} had {memory} under {what}"
    );
    ensure!(
        slowest < OTHERS_WAIT_AT_MOST,
        "others waited {slowest:?} under {what}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_stay_within_the_memory_of_their_hashes() -> anyhow::Result<()> {
    const AT_ONCE: usize = 64;
    const LOG_INS: usize = 300;
    let world = World::start(&[Service::Booking]).await?;
    let program = world.program(Service::Booking)?;
    let client = clients::from(ABUSER)?;
    let user =
        json!({"name": "Asha", "email": "asha@example.org", "password": "correct horse battery"});
    let made = client
        .post(program.url("/api/v1/users"))
        .json(&user)
        .send()
        .await?;
    ensure!(
        made.status() == StatusCode::CREATED,
        "{}",
        made.text().await?
    );
    let log_in = || {
        let (client, url) = (client.clone(), program.url("/api/v1/sessions"));
        async move {
            let log_in = json!({"email": "asha@example.org", "password": "correct horse battery"});
            // Clients beyond the concurrency limit are refused, and retry.
            loop {
                let answer = client.post(&url).json(&log_in).send().await?;
                match answer.status() {
                    StatusCode::CREATED => return anyhow::Ok(()),
                    StatusCode::SERVICE_UNAVAILABLE => {}
                    status => anyhow::bail!("{status}: {}", answer.text().await?),
                }
            }
        }
    };
    log_in().await?;
    let before = Memory::of(program)?;
    let logging_in = clients::many(LOG_INS, AT_ONCE, |_| log_in());
    let (done, slowest) = tokio::join!(logging_in, others(program, "/health"));
    done?;
    let after = Memory::of(program)?;
    check(Service::Booking, "300 log-ins", after, slowest?)?;
    // One more block of nineteen mebibytes, and what requests take.
    ensure!(
        after.now_mib < before.now_mib + 64,
        "{before} before, {after} after"
    );
    world.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_readers_are_disconnected_and_take_little_memory() -> anyhow::Result<()> {
    const READERS: usize = 2_000;
    raise_file_limit()?;
    let world = World::start(&Service::ALL).await?;
    for service in Service::ALL {
        let program = world.program(service)?;
        let readers = clients::many(READERS, 100, |_| raw(program.port(), LARGE)).await?;
        let slowest = others(program, "/health").await?;
        check(service, "2,000 slow readers", Memory::of(program)?, slowest)?;
        for reader in &readers {
            wait_until("slow readers are disconnected", SOON, async || {
                reader.take_error().is_ok_and(|error| error.is_some())
            })
            .await?;
        }
    }
    world.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_and_streams_do_not_block_others() -> anyhow::Result<()> {
    const IDLE: usize = 5_000;
    const STREAMS: usize = 2_000;
    raise_file_limit()?;
    let world = World::start(&Service::ALL).await?;
    for service in Service::ALL {
        let program = world.program(service)?;
        let idle = clients::many(IDLE, 100, |_| raw(program.port(), HEALTH)).await?;
        let streams = match service {
            Service::Payment => Vec::new(),
            _ => clients::many(STREAMS, 100, |_| raw(program.port(), STREAM)).await?,
        };
        let path = match service {
            Service::Flight | Service::Booking => "/api/flights/17/seats",
            Service::Payment => "/api/payments?key=none",
        };
        let slowest = others(program, path).await?;
        let what = "5,000 idle connections and 2,000 streams";
        check(service, what, Memory::of(program)?, slowest)?;
        drop((idle, streams));
    }
    world.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_at_its_connection_limit_does_not_block_others() -> anyhow::Result<()> {
    let world = World::start_required(&Service::ALL).await?;
    for service in Service::ALL {
        let program = world.program(service)?;
        let mut open = Vec::new();
        for _ in 0..1_500 {
            open.extend(raw(program.port(), HEALTH).await.ok());
        }
        ensure!(
            open.len() == 1024,
            "{} connections of one address",
            open.len()
        );
        let slowest = others(program, "/health").await?;
        check(
            service,
            "all connections of an address",
            Memory::of(program)?,
            slowest,
        )?;
    }
    world.end().await
}
