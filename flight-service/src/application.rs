//! The composition root: stores, inventory, schedule, background tasks, and the server over them.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use deadpool_postgres::Pool;
use inventory::committer::CountListener;
use inventory::{Databases, Gate, Inventory, upkeep};
use itinerary::ConnectionWindow;
use service_core::audit_log::AuditLog;
use service_core::background_tasks::BackgroundTasks;
use service_core::idempotency::answers;
use service_core::redis::Redis;
use service_core::{database, migrations, redis, telemetry};
use service_http::auth::current_roles::CurrentRoles;
use service_http::described::Document;
use service_http::health::{Check, Operations};
use service_http::limits::RateLimit;
use service_http::server::{Admission, BoundServer, ServiceHandle};

use crate::app::current_schedule::CurrentSchedule;
use crate::app::schedule_changes::ScheduleChanges;
use crate::app::search::Searcher;
use crate::app::search::candidates::Candidates;
use crate::app::search::shared::SharedCandidates;
use crate::app::seat_maps::{SeatMaps, Watched};
use crate::app::seats::Seats;
use crate::db::schedule_version::Source;
use crate::names::{NAME, POOL_KIND};
use crate::routes::Services;
use crate::routes::search_pages::SearchPages;
use crate::settings::Settings;
use crate::{db, routes};

/// The service, bound to its address.
pub struct Application {
    server: BoundServer,
}

impl Application {
    /// Migrates the schema if `migrate_on_start` is set, loads the schedule and binds the address.
    ///
    /// # Errors
    /// The database can't be reached or migrated, or the address can't be bound.
    pub async fn build(settings: &Settings) -> anyhow::Result<Self> {
        settings.auth.warn_of_keys(false);
        if settings.database.migrate_on_start {
            migrate(settings).await?;
        }
        // First: counters that register before the recorder is installed are lost.
        telemetry::metrics_handle()?;
        let stores = Stores::connect(settings)?;
        let schedule =
            CurrentSchedule::load(stores.database.clone(), settings.sales.policy()?).await?;
        let watched = Arc::new(Watched::default());
        let listener: CountListener = {
            let (schedule, watched) = (Arc::clone(&schedule), Arc::clone(&watched));
            Arc::new(move |counts| {
                schedule.update(counts);
                watched.update(counts);
            })
        };
        let inventory = start_inventory(settings, &stores, Arc::clone(&listener))?;
        let tasks = BackgroundTasks::new();
        upkeep::start(&settings.database, NAME, &tasks)?;
        follow_schedule(settings, &schedule, listener, &tasks)?;
        let keys = stores.database.clone();
        tasks.supervise("answers_sweeper", move |stop| {
            answers::sweep(keys.clone(), stop)
        });
        let services = services(settings, &stores, schedule, watched, inventory)?;
        serve(settings, stores, tasks, services)
    }

    /// The bound address, with the port that was chosen for port 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Stops the service from outside, as a signal would.
    #[must_use]
    pub fn handle(&self) -> ServiceHandle {
        self.server.handle()
    }

    /// Serves until SIGINT, SIGTERM or the handle stops it.
    pub async fn run(self) -> anyhow::Result<()> {
        self.server.run().await
    }
}

struct Stores {
    database: Pool,
    redis: Option<Redis>,
}

impl Stores {
    fn connect(settings: &Settings) -> anyhow::Result<Self> {
        Ok(Self {
            database: database::pool(&settings.database, NAME)?,
            redis: redis::open(&settings.redis)?,
        })
    }
}

/// The inventory of seats; `listener` receives each pool's new count.
fn start_inventory(
    settings: &Settings,
    stores: &Stores,
    listener: CountListener,
) -> anyhow::Result<Arc<Inventory>> {
    let gate = stores.redis.clone().map(|redis| {
        let (prefix, timeout) = (&settings.redis.key_prefix, settings.redis.timeout);
        let database = stores.database.clone();
        Gate::new(
            redis.pool,
            redis.client,
            database,
            prefix,
            POOL_KIND,
            timeout,
        )
    });
    let Settings { inventory, .. } = settings;
    let databases = Databases {
        commits: database::commit_pool(&settings.database, NAME)?,
        proofs: database::proof_pool(&settings.database, NAME, inventory.proof_timeout)?,
        reads: stores.database.clone(),
    };
    let inventory_settings = inventory::Settings {
        sales: settings.sales.policy()?,
        commit_timeout: inventory.commit_timeout,
        proof_timeout: inventory.proof_timeout,
    };
    Ok(Inventory::start(
        databases,
        gate,
        inventory_settings,
        listener,
    ))
}

/// Starts the tasks that keep the schedule up to date.
fn follow_schedule(
    settings: &Settings,
    schedule: &Arc<CurrentSchedule>,
    listener: CountListener,
    tasks: &BackgroundTasks,
) -> anyhow::Result<()> {
    let interval = settings.schedule.poll_interval;
    let followed = Arc::clone(schedule);
    tasks.supervise("schedule_poll", move |stop| {
        Arc::clone(&followed).follow(Arc::clone(&listener), interval, stop)
    });
    let announcements = Source {
        config: database::connection_config(&settings.database, NAME)?,
        limits: database::limits(&settings.database),
    };
    let heard = Arc::clone(schedule);
    tasks.supervise("schedule_announcements", move |stop| {
        Arc::clone(&heard).subscribe(announcements.clone(), stop)
    });
    Ok(())
}

fn services(
    settings: &Settings,
    stores: &Stores,
    schedule: Arc<CurrentSchedule>,
    watched: Arc<Watched>,
    inventory: Arc<Inventory>,
) -> anyhow::Result<Services> {
    let (sales, search) = (settings.sales.policy()?, &settings.search);
    let database = &stores.database;
    let connections = ConnectionWindow::new(search.connection_min, search.connection_max)?;
    let redis = stores.redis.as_ref().filter(|_| search.redis_cache);
    let shared = redis.map(|redis| {
        SharedCandidates::new(
            redis.pool.clone(),
            &settings.redis.key_prefix,
            search.redis_timeout,
            search.cache_lifetime,
        )
    });
    let candidates = Candidates::new(search.cache_bytes, search.cache_lifetime, shared);
    Ok(Services {
        searcher: Searcher::new(Arc::clone(&schedule), sales, connections, candidates),
        search_pages: SearchPages::new(search.page_cache_bytes),
        seat_maps: SeatMaps::new(Arc::clone(&inventory), watched),
        schedule_changes: ScheduleChanges::new(
            database.clone(),
            Arc::clone(&schedule),
            Arc::clone(&inventory),
        ),
        seats: Seats::new(database.clone(), schedule, inventory, sales, connections),
    })
}

/// Binds the address.
fn serve(
    settings: &Settings,
    stores: Stores,
    tasks: BackgroundTasks,
    services: Services,
) -> anyhow::Result<Application> {
    let endpoints = routes::endpoints()?;
    let (auth, limits) = (&settings.auth, &settings.limits);
    let shared = stores.redis.as_ref().map(|redis| (redis, &settings.redis));
    let admission = Admission {
        auth,
        roles: CurrentRoles::as_tokens_say(),
        rate_limit: RateLimit::new(NAME, limits, auth.mode, shared),
        limits: *limits,
        streams: Some(settings.streams),
    };
    let mut checks = vec![Check::postgres(stores.database.clone())];
    checks.extend(stores.redis.map(Check::redis));
    let operations = Operations {
        service: NAME,
        checks,
        metrics: telemetry::metrics_handle()?,
        openapi: Document::new(&routes::document(&endpoints))?,
    };
    let services = Data::new(services);
    let audit_log = Data::new(AuditLog::new(stores.database));
    let routes = move |config: &mut ServiceConfig| {
        config
            .app_data(services.clone())
            .app_data(audit_log.clone());
        endpoints.configure(config);
    };
    let server = BoundServer::bind(&settings.http, admission, operations, tasks, routes)?;
    Ok(Application { server })
}

/// Migrates the flights database to this binary's schema.
pub async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let config = database::connection_config(&settings.database, NAME)?;
    migrations::migrate(&config, db::migrations()).await
}
