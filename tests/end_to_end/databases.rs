//! The databases of one test.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use flight_service::import::{self, ImportOptions};
use service_core::migrations::MigrationSet;
use test_stack::{PrivateServers, Servers, TestDatabase};
use tokio_postgres::{Client, NoTls};

use crate::services;

/// The departure day of the demo's flights.
pub const DAY: &str = "2024-02-15";

/// The databases of the three services, with the demo's flights.
pub struct Databases {
    pub flights: TestDatabase,
    pub bookings: TestDatabase,
    pub payments: TestDatabase,
}

impl Databases {
    /// On the shared server, or on a private one.
    pub async fn create(own: Option<&PrivateServers>) -> anyhow::Result<Self> {
        let server = match own {
            Some(own) => own.postgres.url("postgres"),
            None => Servers::shared().await?.database_url().to_owned(),
        };
        let template = self::template("flights", flight_service::db::migrations());
        let flights = TestDatabase::create_on(&server, &template, async |url| {
            import(url, &data("demo"), true).await
        });
        let flights = flights.await?;
        let template = self::template("bookings", booking_service::db::migrations());
        let bookings = TestDatabase::create_on(&server, &template, async |url| {
            booking_service::migrate(&services::booking_settings(url)?).await
        });
        let bookings = bookings.await?;
        let template = self::template("payments", payment_service::db::migrations());
        let payments = TestDatabase::create_on(&server, &template, async |url| {
            payment_service::migrate(&services::payment_settings(url)?).await
        });
        Ok(Self {
            flights,
            bookings,
            payments: payments.await?,
        })
    }

    /// Adds dated flights: `flight_number,origin,destination,departure,arrival,total_seats,price,currency`.
    /// The first has the id 18.
    pub async fn add_flights(&self, rows: &str) -> anyhow::Result<()> {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(self.flights.name());
        std::fs::create_dir_all(&directory)?;
        let header =
            "flight_number,origin,destination,departure,arrival,total_seats,price,currency";
        let written = std::fs::write(directory.join("flights.csv"), format!("{header}\n{rows}\n"))
            .and_then(|()| {
                std::fs::copy(
                    data("demo").join("airports.csv"),
                    directory.join("airports.csv"),
                )
            });
        let imported = match written {
            Ok(_) => import(self.flights.url(), &directory, false).await,
            Err(error) => Err(error.into()),
        };
        std::fs::remove_dir_all(&directory)?;
        imported
    }
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../data")
        .join(name)
}

async fn import(url: &str, directory: &Path, is_timetable: bool) -> anyhow::Result<()> {
    let options = ImportOptions {
        directory: directory.to_owned(),
        once: false,
        on: if is_timetable {
            vec![DAY.parse()?]
        } else {
            Vec::new()
        },
        from: None,
        days: None,
        starting: None,
        replace_airports: false,
    };
    import::run(&services::flight_settings(url)?, &options).await
}

/// A template's name, with a hash of its migrations.
fn template(name: &str, sets: Vec<MigrationSet>) -> String {
    let mut digest = DefaultHasher::new();
    for set in sets {
        for migration in set.runner.get_migrations() {
            migration.checksum().hash(&mut digest);
        }
    }
    format!("end-to-end-{name}-{:016x}", digest.finish())
}

/// A connection to a database, to check or change what no call can.
pub async fn connect(database: &TestDatabase) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Runs a query for a count.
pub async fn count(database: &TestDatabase, query: &str) -> anyhow::Result<i64> {
    count_by(&connect(database).await?, query).await
}

/// The same over an open connection, for polling.
pub async fn count_by(sql: &Client, query: &str) -> anyhow::Result<i64> {
    Ok(sql.query_one(query, &[]).await?.try_get(0)?)
}
