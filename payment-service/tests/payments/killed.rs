//! The binary, killed or stopped while a charge runs.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use test_stack::caller::Refusals;
use test_stack::{wait_for, wait_until};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::support::{Caller, SOON, charge_of, connect, database};

/// Starts the binary; it is killed when the handle is dropped.
async fn start(
    url: &str,
    processing_time: &str,
    provider_timeout: &str,
) -> anyhow::Result<(Child, Caller)> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_payment-service"))
        .env("PORT", "0")
        .env("HOLDFAST__AUTH__MODE", "open")
        .env("DATABASE_URL", url)
        // For other services of a deployment; this one ignores it.
        .env("REDIS_URL", "redis://127.0.0.1:1")
        .env("HOLDFAST__MOCK__FAILURE_RATE", "0")
        .env("HOLDFAST__MOCK__TIMEOUT_RATE", "0")
        .env("HOLDFAST__MOCK__PROCESSING_TIME", processing_time)
        .env("HOLDFAST__MOCK__PROCESSING_JITTER", "0s")
        .env("HOLDFAST__HTTP__SHUTDOWN_TIMEOUT", "2s")
        .env("HOLDFAST__CHARGES__PROVIDER_TIMEOUT", provider_timeout)
        .env(
            "HOLDFAST__CHARGES__LEASE",
            format!("{provider_timeout} 100ms"),
        )
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let stdout = child.stdout.take().context("no log")?;
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await? {
        let event: Value = serde_json::from_str(&line)?;
        if event["message"] == "listening" {
            let address = event["address"].as_str().context("no address")?;
            let caller = Caller::new(format!("http://{address}"), Refusals::PlainToo)?;
            // Read on, or the service would wait for room in the pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok((child, caller));
        }
    }
    anyhow::bail!("the service ended before it listened")
}

#[tokio::test]
async fn a_service_killed_in_mid_charge_charges_once() -> anyhow::Result<()> {
    let database = database().await?;
    let sql = connect(database.url()).await?;
    let (mut doomed, caller) = start(database.url(), "60s", "1s").await?;
    let lost = tokio::spawn(async move { caller.process("k1", &charge_of(10.0)).await });
    wait_until("the charge is recorded", SOON, async || {
        let found = sql.query_opt("SELECT 1 FROM charges", &[]).await;
        found.is_ok_and(|row| row.is_some())
    })
    .await?;
    doomed.kill().await?;
    assert!(lost.await?.is_err(), "no answer can have come");

    let (_child, caller) = start(database.url(), "0s", "1s").await?;
    let answer = wait_for(
        "the charge is taken over",
        Duration::from_secs(20),
        async || {
            let answer = caller
                .process("k1", &charge_of(10.0))
                .await
                .map_err(|error| error.to_string())?;
            match answer.summary().as_str() {
                "409 idempotency_in_progress" => Err("it is still leased".to_owned()),
                _ => Ok(answer),
            }
        },
    )
    .await?;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(!answer.is_replayed());
    let row = sql
        .query_one("SELECT status || ' ' || attempt FROM charges", &[])
        .await?;
    assert_eq!(row.try_get::<_, String>(0)?, "success 2");
    let again = caller.process("k1", &charge_of(10.0)).await?;
    assert!(again.is_replayed());
    assert_eq!(again.text, answer.text);
    Ok(())
}

#[tokio::test]
async fn a_service_told_to_stop_ends_what_is_running() -> anyhow::Result<()> {
    let database = database().await?;
    let sql = connect(database.url()).await?;
    let (mut child, caller) = start(database.url(), "3s", "10s").await?;
    let request = tokio::spawn(async move { caller.process("k1", &charge_of(10.0)).await });
    wait_until("the charge is recorded", SOON, async || {
        let found = sql.query_opt("SELECT 1 FROM charges", &[]).await;
        found.is_ok_and(|row| row.is_some())
    })
    .await?;
    // The charge takes longer than `shutdown_timeout` allows requests: it outlives the request that asked for
    // it.
    let pid = i32::try_from(child.id().context("it has ended")?)?;
    kill(Pid::from_raw(pid), Signal::SIGTERM)?;
    let ended = tokio::time::timeout(SOON, child.wait()).await??;
    assert!(ended.success(), "{ended}");
    // Whether the answer still arrives depends on when the service saw the signal.
    drop(request);
    let row = sql.query_one("SELECT status FROM charges", &[]).await?;
    assert_eq!(row.try_get::<_, String>(0)?, "success");
    Ok(())
}
