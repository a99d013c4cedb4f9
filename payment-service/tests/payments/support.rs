//! A running service on a database of its own, and scripted providers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
pub use local_servers::database::connect;
use payment_service::charge::Outcome;
use payment_service::provider::{NoAnswer, PaymentProvider, ProviderCharge};
use payment_service::settings::Settings;
use payment_service::{Application, db, migrate};
use serde_json::{Value, json};
use service_core::settings::AuthMode;
use test_stack::caller::Refusals;
pub use test_stack::caller::{Answer, Caller, SOON};
use test_stack::{InProcess, TestDatabase, assert_at_end};
use tokio::sync::Semaphore;

/// A migrated database for one test.
pub async fn database() -> anyhow::Result<TestDatabase> {
    let checksums = db::migrations()
        .iter()
        .flat_map(|set| set.runner.get_migrations())
        .fold(0, |sum, migration| sum ^ migration.checksum());
    let template = format!("payments-{checksums:016x}");
    TestDatabase::create(&template, async |url| migrate(&settings(url)?).await).await
}

/// The defaults, with any free port and a mock that never fails and takes no time.
pub fn settings(url: &str) -> anyhow::Result<Settings> {
    let mut settings = Settings::load(None)?;
    settings.auth.mode = AuthMode::Open;
    settings.http.port = 0;
    settings.http.workers = 1;
    settings.database.url = Some(url.into());
    settings.database.migrate_on_start = false;
    settings.mock.failure_rate = 0.0;
    settings.mock.timeout_rate = 0.0;
    settings.mock.processing_time = Duration::ZERO;
    settings.mock.processing_jitter = Duration::ZERO;
    Ok(settings)
}

/// A body without what differs from run to run.
pub fn tidy(answer: &Answer) -> Value {
    answer.tidy(&["payment_id", "refund_id"])
}

/// A captured charge of so much.
pub async fn captured(caller: &Caller, amount: f64) -> anyhow::Result<String> {
    let path = "/api/payments/simulate/success";
    id_of(&caller.post(path, &charge_of(amount)).await?)
}

pub fn charge_of(amount: f64) -> Value {
    json!({"booking_id": 1, "amount": amount, "user_id": 1, "payment_type": "credit_card"})
}

/// The id of the charge in an answer.
pub fn id_of(answer: &Answer) -> anyhow::Result<String> {
    Ok(answer.body["payment_id"]
        .as_str()
        .with_context(|| format!("no payment_id in {answer:?}"))?
        .to_owned())
}

/// A running service. Dropped, money has to add up and nothing may be stuck.
pub struct TestService {
    pub caller: Caller,
    pub database: Arc<TestDatabase>,
    pub sql: tokio_postgres::Client,
    _running: InProcess,
}

impl TestService {
    /// With the mock.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(|_| {}).await
    }

    /// With the mock and changed settings.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> anyhow::Result<Self> {
        let database = database().await?;
        let mut settings = settings(database.url())?;
        change(&mut settings);
        let build = async move { Application::build(&settings).await };
        Self::run(InProcess::build(build).await?, Arc::new(database)).await
    }

    /// With this provider.
    pub async fn with_provider(
        provider: &Arc<Scripted>,
        change: impl FnOnce(&mut Settings),
    ) -> anyhow::Result<Self> {
        Self::beside(Arc::new(database().await?), provider, change).await
    }

    /// With this provider, on another service's database.
    pub async fn beside(
        database: Arc<TestDatabase>,
        provider: &Arc<Scripted>,
        change: impl FnOnce(&mut Settings),
    ) -> anyhow::Result<Self> {
        let mut settings = settings(database.url())?;
        change(&mut settings);
        let provider = provider.clone();
        let build = async move { Application::with_provider(&settings, provider).await };
        Self::run(InProcess::build(build).await?, database).await
    }

    async fn run(application: Application, database: Arc<TestDatabase>) -> anyhow::Result<Self> {
        let (address, handle) = (application.address(), application.handle());
        let stop = async move { handle.stop(true).await };
        Ok(Self {
            caller: Caller::new(format!("http://{address}"), Refusals::PlainToo)?,
            sql: connect(database.url()).await?,
            _running: InProcess::run(application.run(), stop)?,
            database,
        })
    }

    /// Number of charges that match an SQL condition.
    pub async fn count(&self, condition: &str) -> anyhow::Result<i64> {
        count(&self.sql, condition).await
    }

    /// Expires the lease of every running charge.
    pub async fn expire_leases(&self) -> anyhow::Result<u64> {
        let sql = "UPDATE charges SET lease_expires_at = now() WHERE status = 'processing'";
        Ok(self.sql.execute(sql, &[]).await?)
    }
}

impl Drop for TestService {
    fn drop(&mut self) {
        assert_at_end(async || {
            let sql = connect(self.database.url()).await?;
            let stuck = count(&sql, "status = 'processing'").await?;
            ensure!(stuck == 0, "{stuck} charges are still processing");
            let wrong = "refunded_minor <> (SELECT COALESCE(sum(r.amount_minor), 0) FROM refunds r \
                         WHERE r.payment_id = charges.payment_id)";
            let wrong = count(&sql, wrong).await?;
            ensure!(wrong == 0, "{wrong} charges disagree with their refunds");
            Ok(())
        });
    }
}

async fn count(sql: &tokio_postgres::Client, condition: &str) -> anyhow::Result<i64> {
    let sql_text = format!("SELECT count(*) FROM charges WHERE {condition}");
    Ok(sql.query_one(&sql_text, &[]).await?.try_get(0)?)
}

/// A provider that answers when it is let, what it is told, and counts how often it was asked.
#[derive(Debug)]
pub struct Scripted {
    calls: AtomicU32,
    gate: Semaphore,
    answers: Mutex<VecDeque<Result<Outcome, NoAnswer>>>,
}

impl Scripted {
    /// Gives these answers in turn, then captures.
    pub fn new(answers: impl IntoIterator<Item = Result<Outcome, NoAnswer>>) -> Arc<Self> {
        Arc::new(Self {
            calls: AtomicU32::new(0),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            answers: Mutex::new(answers.into_iter().collect()),
        })
    }

    /// Starts closed: a call waits until it is let through.
    pub fn gated(answers: impl IntoIterator<Item = Result<Outcome, NoAnswer>>) -> Arc<Self> {
        let scripted = Self::new(answers);
        scripted.gate.forget_permits(Semaphore::MAX_PERMITS);
        scripted
    }

    /// Lets this many calls answer.
    pub fn let_through(&self, calls: usize) {
        self.gate.add_permits(calls);
    }

    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Waits until the provider was called this often.
    pub async fn was_asked(&self, times: u32) -> anyhow::Result<()> {
        let what = format!("the provider was asked {times} times");
        test_stack::wait_until(&what, SOON, async || self.calls() >= times).await
    }
}

impl PaymentProvider for Scripted {
    fn charge<'a>(&'a self, _: &'a ProviderCharge) -> BoxFuture<'a, Result<Outcome, NoAnswer>> {
        async {
            self.calls.fetch_add(1, Ordering::SeqCst);
            let permit = self.gate.acquire().await.map_err(|_| NoAnswer)?;
            permit.forget();
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            let outcome = answers.pop_front().unwrap_or(Ok(Outcome::captured()))?;
            Ok(outcome)
        }
        .boxed()
    }
}
