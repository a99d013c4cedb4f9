//! A running service with its own database.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use booking_service::settings::Settings;
use booking_service::{Application, db, migrate};
use serde_json::{Value, json};
use service_http::server::ServiceHandle;
use test_stack::{Servers, TestDatabase};
use tokio::task::JoinHandle;
use tokio_postgres::NoTls;

use crate::caller::{Caller, SOON, caller};

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

/// A service that runs until [`Self::finish`].
pub struct TestService {
    pub caller: Caller,
    replica: Replica,
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
            replica,
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
        let (client, connection) = tokio_postgres::connect(self.database.url(), NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Asserts the ledger proof and stops the service, which must end without error.
    pub async fn finish(self) -> anyhow::Result<()> {
        let proof = self.caller.get("/api/ledger/proof").await?;
        ensure!(proof.body["holds"] == true, "{}", proof.text);
        let count = |name: &str| proof.body[name].as_i64().context("a count is missing");
        let all = count("free")? + count("held")? + count("sold")?;
        ensure!(all == count("capacity")?, "{}", proof.text);
        self.replica.stop().await
    }
}

/// One process of the service, in this process.
pub struct Replica {
    pub caller: Caller,
    handle: ServiceHandle,
    running: JoinHandle<anyhow::Result<()>>,
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
        let application = Application::build(&settings).await?;
        Ok(Self {
            caller: caller(format!("http://{}", application.address()))?,
            handle: application.handle(),
            running: tokio::spawn(application.run()),
        })
    }

    /// Stops it; it must end without error.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.handle.stop(true).await;
        tokio::time::timeout(SOON, self.running).await??
    }
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
