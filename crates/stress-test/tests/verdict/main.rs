//! `stress-test` as a user runs it, against servers that sell correctly, too much, or too little.
//!
//! The servers are fakes: they serve the endpoints that the scenarios use over real HTTP, and record their
//! sales as the services do.

mod shop;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use local_servers::temporary_directory::TemporaryDirectory;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use test_stack::wait_until;
use tokio::process::Command;

use crate::shop::{Fault, Shop, provider_at_first};

/// Longer than anything here takes, on a busy machine too.
const SOON: Duration = Duration::from_secs(30);

/// Runs a scenario against a shop of 40 tickets; returns the exit code and the report.
async fn trial(fault: Fault, scenario: &str) -> anyhow::Result<(i32, Value)> {
    let shop = Shop::open(fault)?;
    let scratch = TemporaryDirectory::new("verdict")?;
    let words = ["--seconds", "0.3", "--warm-up", "0.1", "--clients", "8"];
    let (exit, report) = run(&shop, scratch.path(), scenario, &words).await?;
    Ok((exit, report.context("no report")?))
}

/// The `stress-test` command against this shop.
fn command(shop: &Shop, out: &Path, scenario: &str, words: &[&str]) -> Command {
    let url = format!("http://{}", shop.address());
    let mut command = Command::new(env!("CARGO_BIN_EXE_stress-test"));
    command
        .args(["--scenario", scenario, "--tickets", "40"])
        .args(["--max-requests", "3000"])
        .args(["--flight-url", &url])
        .args(["--booking-url", &url])
        .args(["--payment-url", &url])
        .args(words)
        .arg("--out")
        .arg(out)
        .env_remove("HOLDFAST_AUDIT_FLIGHTS")
        .env_remove("HOLDFAST_AUDIT_BOOKINGS")
        .env_remove("HOLDFAST_AUDIT_PAYMENTS")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn run(
    shop: &Shop,
    out: &Path,
    scenario: &str,
    words: &[&str],
) -> anyhow::Result<(i32, Option<Value>)> {
    let output = command(shop, out, scenario, words).output().await?;
    let report = match std::fs::read(out.join("report.json")) {
        Ok(text) => Some(serde_json::from_slice(&text)?),
        Err(_) => None,
    };
    Ok((output.status.code().context("it was killed")?, report))
}

/// Units oversold and undersold.
fn units(report: &Value) -> (&Value, &Value) {
    let verdict = &report["verdict"];
    (&verdict["oversold"], &verdict["undersold"])
}

/// The first step's sale.
fn sale(report: &Value) -> &Value {
    &report["scenarios"][0]["steps"][0]["sales"][0]
}

#[tokio::test]
async fn a_server_that_sells_exactly_what_it_has_passes() {
    for scenario in ["ticket-sale", "hot-sale"] {
        let (exit, report) = trial(Fault::None, scenario).await.unwrap();
        assert_eq!(exit, 0, "{report:#}");
        assert_eq!(units(&report), (&0.into(), &0.into()));
        let sale = sale(&report);
        assert_eq!(
            (&sale["for_sale"], &sale["confirmed"]),
            (&40.into(), &40.into())
        );
        assert!(sale["refused"].as_u64().unwrap() > 0, "{sale}");
        assert_eq!(report["scenarios"][0]["steps"].as_array().unwrap().len(), 3);
    }
}

#[tokio::test]
async fn a_server_that_oversells_fails() {
    for scenario in ["ticket-sale", "hot-sale"] {
        let (exit, report) = trial(Fault::Oversells(3), scenario).await.unwrap();
        assert_eq!(exit, 1, "{report:#}");
        assert_eq!(units(&report), (&9.into(), &0.into()));
        assert_eq!(sale(&report)["confirmed"], 43);
    }
}

#[tokio::test]
async fn a_server_that_hides_its_overselling_fails() {
    let (exit, report) = trial(Fault::OversellsUnseen(2), "ticket-sale")
        .await
        .unwrap();
    assert_eq!(exit, 1, "{report:#}");
    assert_eq!(units(&report), (&6.into(), &0.into()));
}

#[tokio::test]
async fn a_server_that_undersells_fails() {
    for scenario in ["ticket-sale", "hot-sale"] {
        let (exit, report) = trial(Fault::Undersells(5), scenario).await.unwrap();
        assert_eq!(exit, 1, "{report:#}");
        assert_eq!(units(&report), (&0.into(), &15.into()));
        assert_eq!(sale(&report)["confirmed"], 35);
    }
}

#[tokio::test]
async fn a_server_with_a_stale_gate_passes() {
    let (exit, report) = trial(Fault::RefusesEarly(5), "ticket-sale").await.unwrap();
    assert_eq!(exit, 0, "{report:#}");
    assert_eq!(units(&report), (&0.into(), &0.into()));
    let sale = sale(&report);
    assert_eq!(
        (&sale["confirmed"], &sale["sold_on_asking_again"]),
        (&40.into(), &5.into())
    );
}

#[tokio::test]
async fn lost_payments_fail() {
    let (exit, report) = trial(Fault::ForgetsPayments, "payments").await.unwrap();
    assert_eq!(exit, 1, "{report:#}");
    assert_ne!(report["verdict"]["oversold"], 0);
    let (exit, report) = trial(Fault::None, "payments").await.unwrap();
    assert_eq!(exit, 0, "{report:#}");
    assert_ne!(sale(&report)["confirmed"], 0);
}

#[tokio::test]
async fn the_mock_provider_is_restored_also_after_an_interruption() {
    let shop = Shop::open(Fault::None).unwrap();
    let scratch = TemporaryDirectory::new("verdict").unwrap();
    let words = ["--seconds", "60", "--rate", "20"];
    let mut test = command(&shop, scratch.path(), "ticket-sale", &words);
    let mut test = test.spawn().unwrap();
    wait_until("something is sold", SOON, async || shop.sold() > 0)
        .await
        .unwrap();
    assert_ne!(shop.provider(), provider_at_first());
    let id = Pid::from_raw(test.id().unwrap().try_into().unwrap());
    kill(id, Signal::SIGINT).unwrap();
    let ended = tokio::time::timeout(SOON, test.wait()).await;
    assert_eq!(ended.unwrap().unwrap().code(), Some(2));
    assert_eq!(shop.provider(), provider_at_first());
}

#[tokio::test]
async fn two_reports_are_compared_and_the_page_is_complete() {
    let shop = Shop::open(Fault::None).unwrap();
    let scratch = TemporaryDirectory::new("verdict").unwrap();
    let words = ["--seconds", "0.3", "--rate", "200"];
    let (exit, _) = run(&shop, scratch.path(), "ticket-sale", &words)
        .await
        .unwrap();
    assert_eq!(exit, 0);
    let before = scratch.path().join("report.json");
    let before = before.to_str().unwrap();
    let again = scratch.path().join("again");
    let words = [&words[..], &["--compare", before]].concat();
    let (exit, report) = run(&shop, &again, "ticket-sale", &words).await.unwrap();
    assert_eq!(exit, 0);
    assert_eq!(
        report.unwrap()["scenarios"][0]["steps"][0]["pace"]["open"],
        200
    );
    let page = std::fs::read_to_string(again.join("report.html")).unwrap();
    assert!(page.contains("Compared with before") && page.ends_with("</html>"));
    for outside in ["<script", "http://", "https://", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[tokio::test]
async fn without_an_answer_there_is_no_verdict() {
    let shop = Shop::open(Fault::None).unwrap();
    let scratch = TemporaryDirectory::new("verdict").unwrap();
    let (exit, report) = run(&shop, scratch.path(), "bookings", &[]).await.unwrap();
    // The shop sells no flights.
    assert_eq!((exit, report), (2, None));
}
