//! flight-service: flights, itinerary search, seats.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`routes`] | the HTTP calls: extract, parse, call, answer; errors become HTTP here |
//! | [`app`] | what is decided: search over the schedule in memory, seats through the inventory |
//! | [`db`] | the schedule's tables; SQL only here |
//! | [`import`] | schedules from CSV files into the database |
//! | [`settings`] | the settings and their defaults |
//!
//! PostgreSQL has the schedule and the seats. In memory are the timetable, which search runs on, and
//! a counter of free seats for each flight; both follow the database. Redis has the gate alone.
//!
//! Deliberately not here: bookings and money. This service calls no other.

pub mod app;
pub mod db;
pub mod import;
pub mod routes;
pub mod settings;

use std::net::SocketAddr;
use std::sync::Arc;

use inventory::committer::CountListener;
use inventory::{Gate, Inventory};
use itinerary::ConnectionWindow;
use service_kit::operations::{Check, Operations};
use service_kit::server::{BackgroundTasks, BoundServer, ServiceHandle};
use service_kit::{database, redis, telemetry};

use crate::app::schedule::CurrentSchedule;
use crate::app::schedule_changes::ScheduleChanges;
use crate::app::search::Searcher;
use crate::app::seat_maps::{SeatMaps, Watched};
use crate::app::seats::Seats;
use crate::settings::Settings;

/// The service's name.
pub const NAME: &str = "flight-service";

/// The first part of the gate's keys.
pub const POOL_KIND: &str = "flight_seats";

/// The service, bound to its address and ready to run.
pub struct Application {
    server: BoundServer,
}

impl Application {
    /// Brings the schema up to date if the settings say so, reads the schedule and binds the address.
    ///
    /// # Errors
    /// When the database can't be reached or migrated, or the address can't be bound.
    pub async fn build(settings: &Settings) -> anyhow::Result<Self> {
        if settings.database.migrate_on_start {
            migrate(settings).await?;
        }
        let database = database::pool(&settings.database, NAME)?;
        let redis = redis::open(&settings.redis)?;
        let sales = settings.sales.policy()?;
        let schedule = CurrentSchedule::load(database.clone()).await?;

        let gate = redis.clone().map(|redis| {
            let (prefix, timeout) = (&settings.redis.key_prefix, settings.redis.timeout);
            Gate::new(
                redis.pool,
                redis.client,
                database.clone(),
                prefix,
                POOL_KIND,
                timeout,
            )
        });
        let watched = Arc::new(Watched::default());
        let listener: CountListener = {
            let (schedule, watched) = (Arc::clone(&schedule), Arc::clone(&watched));
            Arc::new(move |counts| {
                schedule.update(counts);
                watched.update(counts);
            })
        };
        let inventory = Inventory::start(
            database.clone(),
            gate,
            inventory::Settings {
                sales,
                patience: settings.inventory.patience,
            },
            Arc::clone(&listener),
        );

        let tasks = BackgroundTasks::new();
        tasks.spawn(|stop| Arc::clone(&schedule).follow(listener, stop));
        let search = &settings.search;
        let searcher = Searcher::new(
            Arc::clone(&schedule),
            sales,
            ConnectionWindow::new(search.connection_min, search.connection_max)?,
            search.cache_bytes,
            search.cache_lifetime,
        );
        let services = routes::Services {
            searcher: Arc::new(searcher),
            seat_maps: Arc::new(SeatMaps::new(Arc::clone(&inventory), watched)),
            schedule_changes: Arc::new(ScheduleChanges::new(
                database.clone(),
                Arc::clone(&schedule),
                Arc::clone(&inventory),
            )),
            seats: Arc::new(Seats::new(database.clone(), schedule, inventory, sales)),
            draining: tasks.draining(),
        };

        let mut checks = vec![Check::required("postgres", move || {
            let database = database.clone();
            async move { database::is_up(&database).await }
        })];
        if let Some(redis) = redis {
            checks.push(Check::optional("redis", move || {
                let redis = redis.clone();
                async move { redis.is_up().await }
            }));
        }
        let operations = Operations {
            service: NAME,
            checks,
            metrics: telemetry::metrics_handle()?,
            openapi: routes::openapi::document(),
        };
        let routes = routes::configure(services);
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

/// Brings the flights database up to date.
///
/// # Errors
/// When it can't be reached or a migration fails.
pub async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let config = database::connection_config(&settings.database, NAME)?;
    database::migrate(&config, db::migrations()).await
}
