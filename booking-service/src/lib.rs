//! booking-service: bookings.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`routes`] | the HTTP calls: extract, parse, call, answer; errors become HTTP here |
//! | [`app`] | what is decided: a booking, its steps, who goes on with it |
//! | [`db`] | the tables of bookings; SQL only here |
//! | [`settings`] | the settings and their defaults |
//!
//! A booking's row is written before anything is asked of another service, and after each answer; what
//! is asked carries a name that the row has. So a booking that was stopped anywhere is finished by
//! whoever finds it, and nothing is held or charged twice. A network call is never made inside a
//! database transaction.
//!
//! Deliberately not here: the counts of seats, which are flight-service's, and money, which is
//! payment-service's.

pub mod app;
pub mod db;
pub mod routes;
pub mod settings;

use std::net::SocketAddr;
use std::sync::Arc;

use clients::flight::FlightClient;
use clients::payment::PaymentClient;
use service_kit::operations::{Check, Operations};
use service_kit::server::{BackgroundTasks, BoundServer, ServiceHandle};
use service_kit::{database, telemetry};

use crate::app::bookings::Bookings;
use crate::app::steps::Steps;
use crate::app::worker;
use crate::settings::Settings;

/// The service's name.
pub const NAME: &str = "booking-service";

/// The service, bound to its address and ready to run.
pub struct Application {
    server: BoundServer,
}

impl Application {
    /// Brings the schema up to date if the settings say so and binds the address.
    ///
    /// # Errors
    /// When the database can't be migrated or the address can't be bound.
    pub async fn build(settings: &Settings) -> anyhow::Result<Self> {
        if settings.database.migrate_on_start {
            migrate(settings).await?;
        }
        let database = database::pool(&settings.database, NAME)?;
        let steps = Steps {
            database: database.clone(),
            flights: FlightClient::new(&settings.flights.url, settings.flights.timeout)?,
            payments: PaymentClient::new(&settings.payments.url, settings.payments.timeout)?,
            lease: settings.bookings.lease,
        };
        let tasks = BackgroundTasks::new();
        let (every, at_once) = (
            settings.bookings.look_for_work_every,
            settings.bookings.work_at_once,
        );
        tasks.spawn(|stop| worker::run(steps.clone(), every, at_once, stop));
        let bookings = Bookings {
            steps,
            tasks: tasks.clone(),
            deadline: settings.bookings.deadline,
        };

        let operations = Operations {
            service: NAME,
            checks: vec![Check::required("postgres", move || {
                let database = database.clone();
                async move { database::is_up(&database).await }
            })],
            metrics: telemetry::metrics_handle()?,
            openapi: routes::openapi::document(),
        };
        let routes = routes::configure(Arc::new(bookings));
        let server = BoundServer::bind(&settings.http, &settings.auth, operations, tasks, routes)?;
        Ok(Self { server })
    }

    /// The address that was bound, its port included.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What stops the service from outside, as a signal would.
    #[must_use]
    pub fn handle(&self) -> ServiceHandle {
        self.server.handle()
    }

    /// Serves until SIGINT, SIGTERM or the handle stops it.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run(self) -> anyhow::Result<()> {
        self.server.run().await
    }
}

/// Brings the bookings database up to date.
///
/// # Errors
/// When it can't be reached or a migration fails.
pub async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let config = database::connection_config(&settings.database, NAME)?;
    database::migrate(&config, db::migrations()).await
}
