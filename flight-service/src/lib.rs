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
//! a counter of free seats for each flight; both follow the database. Redis has the gate, and what searches found if the settings say
//! so.
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
use inventory::{Databases, Gate, Inventory};
use itinerary::ConnectionWindow;
use service_core::audit_log::AuditLog;
use service_core::background_tasks::BackgroundTasks;
use service_core::idempotency::answers;
use service_core::{database, migrations, redis, telemetry};
use service_http::auth::current_roles::CurrentRoles;
use service_http::health::{Check, Document, Operations};
use service_http::limits::RateLimit;
use service_http::server::{Admission, BoundServer, ServiceHandle};

use crate::app::schedule::CurrentSchedule;
use crate::app::schedule_changes::ScheduleChanges;
use crate::app::search::Searcher;
use crate::app::search::candidates::Candidates;
use crate::app::search::shared::SharedCandidates;
use crate::app::seat_maps::{SeatMaps, Watched};
use crate::app::seats::Seats;
use crate::db::schedule_version::Source;
use crate::routes::search_pages::SearchPages;
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
        settings.auth.warn_of_keys(false);
        if settings.database.migrate_on_start {
            migrate(settings).await?;
        }
        // First, so that whatever counts finds where to.
        let metrics = telemetry::metrics_handle()?;
        let database = database::pool(&settings.database, NAME)?;
        let redis = redis::open(&settings.redis)?;
        let sales = settings.sales.policy()?;
        let schedule = CurrentSchedule::load(database.clone(), sales).await?;

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
        let databases = Databases {
            commits: database::commit_pool(&settings.database, NAME)?,
            proofs: database::proof_pool(
                &settings.database,
                NAME,
                settings.inventory.proof_timeout,
            )?,
            reads: database.clone(),
        };
        let inventory = Inventory::start(
            databases,
            gate,
            inventory::Settings {
                sales,
                commit_timeout: settings.inventory.commit_timeout,
                proof_timeout: settings.inventory.proof_timeout,
            },
            Arc::clone(&listener),
        );

        let tasks = BackgroundTasks::new();
        let interval = settings.schedule.poll_interval;
        let followed = Arc::clone(&schedule);
        tasks.supervise("schedule_poll", move |stop| {
            Arc::clone(&followed).follow(Arc::clone(&listener), interval, stop)
        });
        let announcements = Source {
            config: database::connection_config(&settings.database, NAME)?,
            limits: database::limits(&settings.database),
        };
        let heard = Arc::clone(&schedule);
        tasks.supervise("schedule_announcements", move |stop| {
            Arc::clone(&heard).subscribe(announcements.clone(), stop)
        });
        let search = &settings.search;
        let shared = redis.as_ref().filter(|_| search.redis_cache).map(|redis| {
            SharedCandidates::new(
                redis.pool.clone(),
                &settings.redis.key_prefix,
                search.redis_timeout,
                search.cache_lifetime,
            )
        });
        let connections = ConnectionWindow::new(search.connection_min, search.connection_max)?;
        let searcher = Searcher::new(
            Arc::clone(&schedule),
            sales,
            connections,
            Candidates::new(search.cache_bytes, search.cache_lifetime, shared),
        );
        let keys = database.clone();
        tasks.supervise("answers_sweeper", move |stop| {
            answers::sweep(keys.clone(), stop)
        });
        let services = routes::Services {
            searcher: Arc::new(searcher),
            search_pages: Arc::new(SearchPages::new(search.page_cache_bytes)),
            seat_maps: Arc::new(SeatMaps::new(Arc::clone(&inventory), watched)),
            schedule_changes: Arc::new(ScheduleChanges::new(
                database.clone(),
                Arc::clone(&schedule),
                Arc::clone(&inventory),
            )),
            seats: Arc::new(Seats::new(
                database.clone(),
                schedule,
                inventory,
                sales,
                connections,
            )),
            actions: AuditLog::new(database.clone()),
        };

        let (auth, limits) = (&settings.auth, &settings.limits);
        let shared = redis.as_ref().map(|redis| (redis, &settings.redis));
        let admission = Admission {
            auth,
            roles: CurrentRoles::as_tokens_say(),
            rules: routes::access::rules(),
            rate_limit: RateLimit::new(NAME, limits, auth.mode, shared),
            limits: *limits,
            streams: Some(settings.streams),
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
            metrics,
            openapi: Document::new(&routes::openapi::document())?,
        };
        let routes = routes::configure(services);
        let server = BoundServer::bind(&settings.http, admission, operations, tasks, routes)?;
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
    migrations::migrate(&config, db::migrations()).await
}
