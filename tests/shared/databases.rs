//! The databases of the three services, migrated: the flights database has the demo on its day.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use anyhow::ensure;
use flight_service::import::{self, ImportOptions};
use local_servers::service::Service;
use reconcile::{Options, Report, Urls};
use service_core::migrations::MigrationSet;
use test_stack::{Servers, TestDatabase};

/// The departure day of the demo's flights.
pub const DAY: &str = "2024-02-15";

pub struct Databases {
    pub flights: TestDatabase,
    pub bookings: TestDatabase,
    pub payments: TestDatabase,
}

impl Databases {
    /// On the shared server.
    pub async fn create() -> anyhow::Result<Self> {
        let shared = Servers::shared().await?.database_url();
        Self::create_on([shared; 3]).await
    }

    /// Each on the server with this maintenance URL: flights, bookings, payments.
    pub async fn create_on(servers: [&str; 3]) -> anyhow::Result<Self> {
        let [at_flights, at_bookings, at_payments] = servers;
        let template = template("flights", flight_service::db::migrations());
        let flights = TestDatabase::create_on(at_flights, &template, async |url| {
            let mut settings = flight_service::settings::Settings::load(None)?;
            settings.database.url = Some(url.into());
            let options = ImportOptions {
                directory: Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/demo"),
                once: false,
                on: vec![DAY.parse()?],
                from: None,
                days: None,
                starting: None,
                replace_airports: false,
            };
            flight_service::migrate(&settings).await?;
            import::run(&settings, &options).await
        });
        let flights = flights.await?;
        let template = self::template("bookings", booking_service::db::migrations());
        let bookings = TestDatabase::create_on(at_bookings, &template, async |url| {
            let mut settings = booking_service::settings::Settings::load(None)?;
            settings.database.url = Some(url.into());
            booking_service::migrate(&settings).await
        });
        let bookings = bookings.await?;
        let template = self::template("payments", payment_service::db::migrations());
        let payments = TestDatabase::create_on(at_payments, &template, async |url| {
            let mut settings = payment_service::settings::Settings::load(None)?;
            settings.database.url = Some(url.into());
            payment_service::migrate(&settings).await
        });
        Ok(Self {
            flights,
            bookings,
            payments: payments.await?,
        })
    }

    pub fn url(&self, service: Service) -> &str {
        match service {
            Service::Flight => self.flights.url(),
            Service::Booking => self.bookings.url(),
            Service::Payment => self.payments.url(),
        }
    }

    /// Fails unless what is done is right, whatever is still under way.
    pub async fn audit(&self) -> anyhow::Result<Report> {
        let report = self.reconcile().await?;
        ensure!(report.clean, "{report}");
        Ok(report)
    }

    /// Whether seats, bookings and money agree.
    pub async fn reconcile(&self) -> anyhow::Result<Report> {
        let urls = Urls {
            flights: self.url(Service::Flight).to_owned(),
            bookings: self.url(Service::Booking).to_owned(),
            payments: self.url(Service::Payment).to_owned(),
        };
        Ok(reconcile::reconcile(&urls, &Options::default()).await?)
    }
}

/// A template's name, with a hash of its migrations.
fn template(name: &str, sets: Vec<MigrationSet>) -> String {
    let mut digest = DefaultHasher::new();
    for set in sets {
        for migration in set.runner.get_migrations() {
            migration.checksum().hash(&mut digest);
        }
    }
    format!("three-services-{name}-{:016x}", digest.finish())
}
