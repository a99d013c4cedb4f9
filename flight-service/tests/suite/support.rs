//! A running service with a database of its own.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::ensure;
use flight_service::import::{self, ImportOptions};
use flight_service::settings::Settings;
use flight_service::{Application, db, migrate};
use serde_json::{Value, json};
use service_core::connections::{Limits, pool};
use test_stack::caller::{Caller, Refusals, SOON};
use test_stack::{InProcess, Servers, TestDatabase, assert_at_end};

/// The day of the demo schedule.
pub const DAY: &str = "2024-02-15";

/// DEL to BOM, 130 seats free at 8500.00.
pub const AI101: i64 = 1;
/// DEL to BOM, 100 seats free at 7800.00, 80 booked already.
pub const AI103: i64 = 3;
/// GOI to MAA, with a seat map of 30 seats, all free, at 4500.00.
pub const FL123: i64 = 17;

/// A directory of the project's data.
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../data")
        .join(name)
}

/// The body of validate, decrement and increment.
pub fn seats_of(flight: i64, seats: i64) -> Value {
    json!({"flight_id": flight, "seats": seats, "date": DAY})
}

/// The defaults, with any free port and sales that never close.
pub fn settings(database_url: &str) -> anyhow::Result<Settings> {
    let mut settings = Settings::load(None)?;
    settings.auth.mode = service_core::settings::AuthMode::Open;
    settings.http.port = 0;
    settings.http.workers = 1;
    settings.database.url = Some(database_url.into());
    settings.database.migrate_on_start = false;
    settings.redis.enabled = false;
    settings.sales.close_before_departure = None;
    Ok(settings)
}

/// Options of `import` without dates.
pub fn import_options(directory: &Path) -> ImportOptions {
    ImportOptions {
        directory: directory.to_owned(),
        once: false,
        on: Vec::new(),
        from: None,
        days: None,
        starting: None,
        replace_airports: false,
    }
}

/// A migrated database without a schedule.
pub async fn empty_database() -> anyhow::Result<TestDatabase> {
    let name = format!("flights-{:016x}", schema_digest().finish());
    TestDatabase::create(&name, async |url| migrate(&settings(url)?).await).await
}

/// A database with the demo schedule.
pub async fn demo_database() -> anyhow::Result<TestDatabase> {
    let mut digest = schema_digest();
    for file in ["airports.csv", "flights.csv"] {
        std::fs::read(data("demo").join(file))?.hash(&mut digest);
    }
    let name = format!("flights-demo-{:016x}", digest.finish());
    TestDatabase::create(&name, async |url| {
        let mut options = import_options(&data("demo"));
        options.on = vec![DAY.parse()?];
        import::run(&settings(url)?, &options).await
    })
    .await
}

/// Names the database template after the schema.
fn schema_digest() -> DefaultHasher {
    let mut digest = DefaultHasher::new();
    for set in db::migrations() {
        for migration in set.runner.get_migrations() {
            migration.checksum().hash(&mut digest);
        }
    }
    digest
}

/// A running service. Dropped, its ledger has to add up.
pub struct TestService {
    pub caller: Caller,
    pub address: SocketAddr,
    _replica: Replica,
    pub database: TestDatabase,
}

impl TestService {
    /// With the demo schedule and Redis.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(|_| {}).await
    }

    /// With the demo schedule and changed settings.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> anyhow::Result<Self> {
        Self::start_on(demo_database().await?, change).await
    }

    /// With the demo schedule and more dated flights, without gaps in the ids: the first gets 18.
    pub async fn start_with_flights(
        rows: &str,
        change: impl FnOnce(&mut Settings),
    ) -> anyhow::Result<Self> {
        let database = demo_database().await?;
        let schedule = ScheduleDirectory::new(&database)?.dated(rows)?;
        let options = import_options(schedule.path());
        import::run(&settings(database.url())?, &options).await?;
        Self::start_on(database, change).await
    }

    /// On this database.
    pub async fn start_on(
        database: TestDatabase,
        change: impl FnOnce(&mut Settings),
    ) -> anyhow::Result<Self> {
        let prefix = Servers::shared().await?.unique_key_prefix();
        let replica = Replica::start(&database, &prefix, change).await?;
        Ok(Self {
            caller: replica.caller.clone(),
            address: replica.address,
            _replica: replica,
            database,
        })
    }

    /// Another replica on the same database and key prefix.
    pub async fn replica(&self, key_prefix: &str) -> anyhow::Result<Replica> {
        self.replica_with(key_prefix, |_| {}).await
    }

    /// Another replica with changed settings.
    pub async fn replica_with(
        &self,
        key_prefix: &str,
        change: impl FnOnce(&mut Settings),
    ) -> anyhow::Result<Replica> {
        Replica::start(&self.database, key_prefix, change).await
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
    address: SocketAddr,
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
            caller: Caller::new(format!("http://{address}"), Refusals::Problems)?,
            address,
            _running: InProcess::run(application.run(), stop)?,
        })
    }
}

/// A schedule directory for one test, removed on drop.
pub struct ScheduleDirectory(PathBuf);

impl ScheduleDirectory {
    /// Named after a test's database, with the demo's airports.
    pub fn new(database: &TestDatabase) -> anyhow::Result<Self> {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(database.name());
        std::fs::create_dir_all(&path)?;
        std::fs::copy(data("demo").join("airports.csv"), path.join("airports.csv"))?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Adds this file.
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> anyhow::Result<Self> {
        std::fs::write(self.0.join(name), content)?;
        Ok(self)
    }

    /// Adds dated flights: `flight_number,origin,destination,departure,arrival,total_seats,price`.
    pub fn dated(self, rows: &str) -> anyhow::Result<Self> {
        let header = "flight_number,origin,destination,departure,arrival,total_seats,price";
        self.file("flights.csv", format!("{header}\n{rows}\n"))
    }
}

impl Drop for ScheduleDirectory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
