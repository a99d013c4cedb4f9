//! A running service with its own database.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use anyhow::ensure;
use booking_service::settings::Settings;
use booking_service::{Application, db, migrate};
use local_servers::database::connect;
use serde_json::{Value, json};
use service_core::connections::{Limits, pool};
use test_stack::caller::{Answer, Caller, Refusals, SOON};
use test_stack::{InProcess, Servers, TestDatabase, assert_at_end};

/// Defaults, except for any free port and sales that never close.
fn settings(database_url: &str) -> anyhow::Result<Settings> {
    let mut settings = Settings::load(None)?;
    settings.auth.mode = service_core::settings::AuthMode::Open;
    settings.http.port = 0;
    settings.http.workers = 1;
    settings.database.url = Some(database_url.into());
    settings.database.migrate_on_start = false;
    settings.sales.close_before_event = None;
    settings.customers = booking_service::settings::CustomerSettings::FREE;
    Ok(settings)
}

async fn migrated_database() -> anyhow::Result<TestDatabase> {
    let mut digest = DefaultHasher::new();
    for set in db::migrations() {
        for migration in set.runner.get_migrations() {
            migration.checksum().hash(&mut digest);
        }
    }
    let name = format!("bookings-{:016x}", digest.finish());
    TestDatabase::create(&name, async |url| migrate(&settings(url)?).await).await
}

/// A running service. Dropped, its ledger has to add up.
pub struct TestService {
    pub caller: Caller,
    _replica: Replica,
    key_prefix: String,
    pub database: TestDatabase,
}

impl TestService {
    /// With Redis.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> anyhow::Result<Self> {
        let database = migrated_database().await?;
        let key_prefix = Servers::shared().await?.unique_key_prefix();
        let replica = Replica::start(&database, &key_prefix, change).await?;
        Ok(Self {
            caller: replica.caller.clone(),
            _replica: replica,
            key_prefix,
            database,
        })
    }

    /// Another replica on the same database and Redis keys.
    pub async fn replica(&self) -> anyhow::Result<Replica> {
        self.replica_with(|_| {}).await
    }

    pub async fn replica_with(
        &self,
        change: impl FnOnce(&mut Settings),
    ) -> anyhow::Result<Replica> {
        Replica::start(&self.database, &self.key_prefix, change).await
    }

    /// For assertions that no endpoint answers.
    pub async fn sql(&self) -> anyhow::Result<tokio_postgres::Client> {
        Ok(connect(self.database.url()).await?)
    }
}

impl Drop for TestService {
    fn drop(&mut self) {
        assert_at_end(|| check_ledger(self.database.url()));
    }
}

/// Fails unless every unit is free, held or sold, and the ledger proves it.
async fn check_ledger(url: &str) -> anyhow::Result<()> {
    let limits = Limits {
        connect: SOON,
        read_timeout: SOON,
    };
    let client = pool(&url.parse()?, limits, 1)?.get().await?;
    let proof = inventory::proof::prove_whole(&client).await?;
    ensure!(proof.holds(), "{:?}", proof.violations);
    Ok(())
}

/// One process of the service, as it were. Dropped, it has to end in order.
pub struct Replica {
    pub caller: Caller,
    _running: InProcess,
}

impl Replica {
    async fn start(
        database: &TestDatabase,
        key_prefix: &str,
        change: impl FnOnce(&mut Settings),
    ) -> anyhow::Result<Self> {
        let mut settings = settings(database.url())?;
        settings.redis.enabled = true;
        settings.redis.url = Some(Servers::shared().await?.redis_url().into());
        settings.redis.key_prefix = key_prefix.to_owned();
        // The default is for production; a debug build on a busy machine is slower.
        settings.redis.timeout = Duration::from_millis(500);
        change(&mut settings);
        let build = async move { Application::build(&settings).await };
        let application = InProcess::build(build).await?;
        let (address, handle) = (application.address(), application.handle());
        let stop = async move { handle.stop(true).await };
        Ok(Self {
            // Nothing here is booked by count.
            caller: Caller::new(format!("http://{address}"), Refusals::Problems)?,
            _running: InProcess::run(application.run(), stop)?,
        })
    }
}

/// A body without what differs from run to run.
pub fn tidy(answer: &Answer) -> Value {
    answer.tidy(&["id", "event_id"])
}

pub fn event(tickets: i64) -> Value {
    json!({
        "name": "Rock Concert", "description": "An evening in the park",
        "date_time": "2030-07-10T19:30:00Z", "total_tickets": tickets, "ticket_price": 75.50,
    })
}

pub fn user(name: &str) -> Value {
    json!({"name": name, "email": format!("{name}@example.org")})
}

pub fn ticket_option(allocation: i64) -> Value {
    let attributes =
        json!({"name": "Standing", "description": "In front", "allocation": allocation});
    json!({"data": {"type": "ticket_options", "attributes": attributes}})
}

pub fn purchase(option: &str, quantity: i64) -> Value {
    json!({"data": {
        "type": "purchases",
        "attributes": {"quantity": quantity},
        "relationships": {
            "ticket_option": {"data": {"type": "ticket_options", "id": option}},
            "user": {"data": {"type": "users", "id": "406c1d05-bbb2-4e94-b183-7d208c2692e1"}},
        },
    }})
}
