//! Random requests, generated from the services' OpenAPI documents and then mutated: a service answers all of
//! them as documented, and never with a 500.
//!
//! `HOLDFAST_FUZZ_REQUESTS` limits their number, `HOLDFAST_FUZZ_SECONDS` the duration. The seed is printed,
//! and `HOLDFAST_FUZZ_SEED` repeats it. Ids are learned from answers, whose order a seed does not determine.

mod answers;
mod callers;
mod documents;
mod learned;
mod requests;
mod values;

use local_servers::service::Service;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures_util::StreamExt as _;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use self::callers::caller_of;
use self::documents::Document;
use self::learned::Learned;
use self::requests::Request;
use crate::services::Services;

/// Requests generated before they are sent.
const BATCH: usize = 128;

/// Requests in flight.
const AT_ONCE: usize = 16;

/// One in so many requests may be answered 503 although it has time, because others keep the machine busy.
const BUSY_AT_MOST: usize = 100;

/// Fewer requests say nothing about which calls are granted.
const TELLING: u64 = 1500;

/// Slower requests are reported.
const SLOW: Duration = Duration::from_secs(5);

/// Panics of any thread: those of background tasks show nowhere else.
static PANICS: AtomicU64 = AtomicU64::new(0);

fn number_from(variable: &str, otherwise: u64) -> anyhow::Result<u64> {
    match std::env::var(variable) {
        Ok(text) => text.parse().with_context(|| format!("{variable}={text}")),
        Err(_) => Ok(otherwise),
    }
}

fn count_panics() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        print(panic);
    }));
}

/// Fails if most calls were never granted: requests that are all refused would show little.
fn check_granted(documents: &[Document], learned: &Learned) -> anyhow::Result<()> {
    let granted = learned.granted().clone();
    let calls = documents.iter().flat_map(|document| {
        let calls = document.calls.iter();
        calls.map(|call| call.name(document.service))
    });
    let (granted, refused): (Vec<_>, Vec<_>) = calls.partition(|call| granted.contains(call));
    eprintln!("refused each time: {refused:#?}");
    ensure!(
        granted.len() > refused.len(),
        "only {granted:#?} were granted"
    );
    Ok(())
}

#[tokio::test]
async fn random_requests_get_documented_answers() -> anyhow::Result<()> {
    let requests = number_from("HOLDFAST_FUZZ_REQUESTS", 2000)?;
    let seconds = number_from("HOLDFAST_FUZZ_SECONDS", 40)?;
    let seed = number_from("HOLDFAST_FUZZ_SEED", rand::random())?;
    eprintln!("HOLDFAST_FUZZ_SEED={seed}");
    count_panics();
    let mut services = Services::start().await?;
    let mut documents = Vec::new();
    for service in Service::ALL {
        documents.push(Document::read(&services, service).await?);
    }
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = requests::to_any_call(&documents);
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(test_stack::caller::SOON)
        .build()?;

    let learned = Learned::default();
    let began = Instant::now();
    let (mut sent, mut statuses) = (0, std::collections::BTreeMap::new());
    while sent < requests && began.elapsed() < Duration::from_secs(seconds) {
        let mut batch = Vec::with_capacity(BATCH);
        for _ in 0..BATCH {
            let made = strategy.new_tree(&mut runner);
            let made = made.map_err(|reason| anyhow::anyhow!("no request: {reason}"))?;
            batch.push(made.current());
        }
        let answers = futures_util::stream::iter(&batch)
            .map(async |request: &Request| {
                let began = Instant::now();
                let status = request.send(&services, &http, &learned).await;
                if status.is_err() || began.elapsed() > SLOW {
                    // Printed at once, beside whatever else was slow then.
                    eprintln!("{:?} {}", began.elapsed(), request.summary());
                }
                status
            })
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<_>>();
        for status in answers.await {
            let status = status.with_context(|| format!("HOLDFAST_FUZZ_SEED={seed}"))?;
            *statuses.entry(status).or_insert(0_u64) += 1;
            sent += 1;
        }
        let panics = PANICS.load(Ordering::Relaxed);
        ensure!(panics == 0, "{panics} panics; HOLDFAST_FUZZ_SEED={seed}");
    }
    eprintln!("{sent} requests in {:?}: {statuses:?}", began.elapsed());
    if sent >= TELLING {
        check_granted(&documents, &learned)
            .with_context(|| format!("HOLDFAST_FUZZ_SEED={seed}"))?;
    }
    let busy = learned.busy().clone();
    ensure!(
        busy.len() * BUSY_AT_MOST <= usize::try_from(sent)?,
        "503: {busy:#?}; HOLDFAST_FUZZ_SEED={seed}"
    );
    eprintln!("503 though there was time: {busy:#?}");
    let surprises = learned.surprises().clone();
    ensure!(
        surprises.is_empty(),
        "answers that no document has: {surprises:#?}; HOLDFAST_FUZZ_SEED={seed}"
    );
    // Nothing that was asked, by whomever, costs a seat: the ledgers still add up.
    for service in [Service::Flight, Service::Booking] {
        let proof = caller_of(&services, service)
            .get("/api/ledger/proof")
            .await?;
        ensure!(proof.body["holds"] == true, "{service:?}: {}", proof.text);
    }
    for service in Service::ALL {
        services.stop_service(service).await?;
    }
    Ok(())
}
