//! Assembles the service: stores, app, background tasks, HTTP server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Data, ServiceConfig};
use anyhow::ensure;
use clients::{Credentials, FlightClient, PaymentClient};
use deadpool_postgres::Pool;
use domain::sale_rules::holding::HoldTime;
use futures_util::FutureExt as _;
use inventory::{Databases, Gate, Inventory, upkeep};
use service_core::audit_log::AuditLog;
use service_core::background_tasks::BackgroundTasks;
use service_core::idempotency::answers;
use service_core::redis::Redis;
use service_core::settings::{AuthMode, AuthSettings};
use service_core::token_issuer::{ServiceToken, TokenIssuer};
use service_core::{database, migrations, redis, telemetry};
use service_http::auth::current_roles::CurrentRoles;
use service_http::described::Document;
use service_http::health::{Check, Operations};
use service_http::limits::RateLimit;
use service_http::problem::ProblemStyles;
use service_http::server::{Admission, BoundServer, ServiceHandle};
use tokio::sync::Mutex;

use crate::app::accounts::authentication::Accounts;
use crate::app::accounts::live_sessions::LiveSessions;
use crate::app::accounts::login_throttle::{Limits, LoginThrottle, Shared};
use crate::app::accounts::passwords::Hasher;
use crate::app::accounts::users::Users;
use crate::app::bookings::by_count::{Bookings, Deadlines};
use crate::app::bookings::engine::{Engine, EngineSettings, Sales};
use crate::app::bookings::flights::Flights;
use crate::app::bookings::leases::Leases;
use crate::app::bookings::orders::Orders;
use crate::app::bookings::seat_feeds::SeatFeeds;
use crate::app::bookings::simple_orders::SimpleOrders;
use crate::app::bookings::unpaid_orders::UnpaidOrders;
use crate::app::bookings::worker::{self, WorkerPool};
use crate::app::catalog::Catalog;
use crate::app::key_locks::KeyLocks;
use crate::app::operations::dashboard::Dashboard;
use crate::app::operations::ledger::Ledger;
use crate::app::tickets::event_bookings::EventBookings;
use crate::app::tickets::events::Events;
use crate::app::tickets::job_notifier::{JobNotifier, Stream};
use crate::app::tickets::payment_jobs::{self, PaymentJobs};
use crate::app::tickets::ticket_options::TicketOptions;
use crate::app::tickets::vouchers::Vouchers;
use crate::db::bookings::writer::Writer;
use crate::http::Services;
use crate::http::cookies::Cookies;
use crate::model::booking::PaymentAttempts;
use crate::names::{NAME, POOL_KIND};
use crate::routes::problem_style;
use crate::settings::Settings;
use crate::{db, pages, routes};

/// A booking step counts as stuck after the time limits of its calls and this margin.
const STEP_MARGIN: Duration = Duration::from_secs(2);

/// The service, bound to its address and ready to run.
pub struct Application {
    server: BoundServer,
}

impl Application {
    /// Applies migrations if the settings say so, starts the background tasks and binds the address.
    pub async fn build(settings: &Settings) -> anyhow::Result<Self> {
        settings.auth.warn_of_keys(true);
        if settings.database.migrate_on_start {
            migrate(settings).await?;
        }
        let stores = Stores::connect(settings)?;
        let inventory = start_inventory(settings, &stores)?;
        let engine = engine(settings, stores.database.clone(), Arc::clone(&inventory))?;
        let tasks = BackgroundTasks::new();
        upkeep::start(&settings.database, NAME, &tasks)?;
        start_workers(settings, &engine, &tasks);
        let notifier = start_queue(settings, &engine, stores.redis.clone(), &tasks);
        let services = services(settings, &stores, engine, inventory, notifier, &tasks)?;
        start_sweepers(&stores.database, &services, &tasks);
        serve(settings, stores, tasks, services)
    }

    /// The bound address, with the actual port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Stops the service, like a signal.
    #[must_use]
    pub fn handle(&self) -> ServiceHandle {
        self.server.handle()
    }

    /// Serves until SIGINT, SIGTERM or the handle stops it.
    pub async fn run(self) -> anyhow::Result<()> {
        self.server.run().await
    }
}

/// Roles are read from the users table, so that a lost role takes effect before the token expires.
fn current_roles(database: Pool) -> CurrentRoles {
    let users = Users { database };
    CurrentRoles::found_by(move |subject| {
        let users = users.clone();
        async move { Ok(users.bearer(&subject).await?) }.boxed()
    })
}

/// External stores.
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

/// The inventory of events and ticket options. It stops when its last owner is dropped.
fn start_inventory(settings: &Settings, stores: &Stores) -> anyhow::Result<Arc<Inventory>> {
    let gate = stores.redis.clone().map(|redis| {
        Gate::new(
            redis.pool,
            redis.client,
            stores.database.clone(),
            &settings.redis.key_prefix,
            POOL_KIND,
            settings.redis.timeout,
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
        Arc::new(|_| {}),
    ))
}

fn engine(
    settings: &Settings,
    database: Pool,
    inventory: Arc<Inventory>,
) -> anyhow::Result<Engine> {
    let bookings = &settings.bookings;
    let (flights, payments) = (&settings.flights, &settings.payments);
    let credentials_for = |audience: &str| credentials(&settings.auth, audience);
    let flights = FlightClient::with_credentials(
        &flights.url,
        flights.timeout,
        credentials_for(&flights.audience)?,
    )?;
    let payments = PaymentClient::with_credentials(
        &payments.url,
        payments.timeout,
        credentials_for(&payments.audience)?,
    )?;
    Ok(Engine {
        writer: Writer::start(database::batch_pool(&settings.database, NAME)?),
        database,
        sales: Sales::start(flights.clone()),
        flights,
        inventory,
        payments,
        leases: Leases::default(),
        settings: EngineSettings {
            lease: bookings.lease,
            hold_margin: bookings.hold_margin,
            payment_attempts: PaymentAttempts {
                automatic: bookings.payment_attempts,
                on_session: bookings.page_payment_attempts,
            },
            attempt_pause: bookings.payment_pause,
            confirm_timeout: bookings.confirm_timeout,
        },
    })
}

/// Credentials for calls to the service with this audience: tokens with role `service`, signed by this
/// service. Without a signing key there are none, which services in `open` mode accept.
fn credentials(auth: &AuthSettings, audience: &str) -> anyhow::Result<Credentials> {
    let Some(issuer) = TokenIssuer::new(auth)? else {
        ensure!(
            auth.mode == AuthMode::Open,
            "auth.mode is required, and there is nothing to make tokens for the other services with: set \
             auth.signing_key_file, auth.signing_key, auth.secret_file or auth.secret"
        );
        return Ok(Credentials::none());
    };
    let token = ServiceToken::new(issuer, NAME, audience);
    Ok(Credentials::from_tokens(move || token.current()))
}

fn accounts(
    settings: &Settings,
    database: Pool,
    redis: Option<&Redis>,
) -> anyhow::Result<Accounts> {
    let accounts = &settings.accounts;
    let issuer = TokenIssuer::new(&settings.auth)?;
    let (timeout, key_prefix) = (settings.redis.timeout, &settings.redis.key_prefix);
    let shared = redis.map(|redis| Shared::new(redis, timeout, key_prefix));
    let limits = Limits {
        per_account: accounts.attempts_per_account,
        per_account_everywhere: accounts.attempts_per_account_everywhere,
        per_address: accounts.attempts_per_address,
        window: accounts.attempts_window,
    };
    Ok(Accounts {
        database,
        hasher: Hasher::new(accounts.hash_concurrency),
        login_throttle: LoginThrottle::new(limits, shared),
        issuer: issuer.map(Arc::new),
        tokens_audience: settings.auth.user_audience().to_owned(),
        session_lifetime: accounts.session_lifetime,
        token_lifetime: accounts.token_lifetime,
    })
}

/// Workers that claim due bookings, and the renewal of leases.
fn start_workers(settings: &Settings, engine: &Engine, tasks: &BackgroundTasks) {
    let bookings = &settings.bookings;
    let (every, at_once) = (bookings.poll_interval, bookings.worker_concurrency);
    let workers = WorkerPool::new(engine.clone(), at_once);
    tasks.supervise("booking_workers", move |stop| {
        worker::run(workers.clone(), every, stop)
    });
    let (leases, database, lease) = (
        engine.leases.clone(),
        engine.database.clone(),
        bookings.lease,
    );
    // A step calls each other service once at most.
    let step = settings.flights.timeout + settings.payments.timeout + STEP_MARGIN;
    tasks.supervise("lease_renewal", move |stop| {
        leases.clone().run(database.clone(), lease, step, stop)
    });
}

/// The payment queue: its notifier and its workers.
fn start_queue(
    settings: &Settings,
    engine: &Engine,
    redis: Option<Redis>,
    tasks: &BackgroundTasks,
) -> JobNotifier {
    let Some(redis) = redis else {
        return JobNotifier::disabled();
    };
    let (notifier, notifications) = JobNotifier::new();
    let stream = Stream::new(redis, &settings.redis.key_prefix);
    let (sending, notifications) = (stream.clone(), Arc::new(Mutex::new(notifications)));
    tasks.supervise("payment_job_notifier", move |stop| {
        let (stream, notifications) = (sending.clone(), Arc::clone(&notifications));
        async move {
            let sending = async { stream.send(&mut *notifications.lock().await).await };
            stop.run_until_cancelled(sending).await;
        }
    });
    let workers = WorkerPool::new(engine.clone(), settings.events.job_concurrency);
    tasks.supervise("payment_queue", move |stop| {
        payment_jobs::run(workers.clone(), stream.clone(), stop)
    });
    notifier
}

fn services(
    settings: &Settings,
    stores: &Stores,
    engine: Engine,
    inventory: Arc<Inventory>,
    notifier: JobNotifier,
    tasks: &BackgroundTasks,
) -> anyhow::Result<Services> {
    let database = stores.database.clone();
    let flights = engine.flights.clone();
    let unpaid = UnpaidOrders::new(database.clone(), settings.customers.holding_limits());
    let bookings = Bookings {
        engine,
        tasks: tasks.clone(),
        deadlines: Deadlines {
            booking: settings.bookings.deadline,
            order: HoldTime {
                each: settings.bookings.hold_ttl,
                total: settings.bookings.hold_ttl_max,
            },
        },
        unpaid: unpaid.clone(),
        cutoffs: settings.customers.cutoffs()?,
    };
    let ledger = Ledger {
        inventory: Arc::clone(&inventory),
    };
    Ok(Services {
        orders: Orders {
            bookings: bookings.clone(),
        },
        simple_orders: SimpleOrders {
            bookings: bookings.clone(),
        },
        flights: Flights {
            bookings: bookings.clone(),
        },
        seat_feeds: SeatFeeds::new(flights.clone()),
        catalog: Catalog::new(flights),
        users: Users {
            database: database.clone(),
        },
        accounts: accounts(settings, database.clone(), stores.redis.as_ref())?,
        cookies: Cookies {
            secure: settings.accounts.secure_cookie,
        },
        live_sessions: LiveSessions::default(),
        events: Events {
            database: database.clone(),
            inventory: Arc::clone(&inventory),
        },
        event_bookings: EventBookings {
            bookings: bookings.clone(),
            notifier: notifier.clone(),
            deadline: settings.events.payment_deadline,
            key_locks: KeyLocks::default(),
        },
        payment_jobs: PaymentJobs {
            engine: bookings.engine.clone(),
            notifier,
        },
        vouchers: Vouchers {
            database: database.clone(),
        },
        dashboard: Dashboard::new(database.clone(), ledger.clone()),
        ticket_options: TicketOptions::new(database, inventory, tasks.clone(), unpaid),
        bookings,
        ledger,
    })
}

/// Deletion of expired sessions and stored answers, and the check of watched sessions.
fn start_sweepers(database: &Pool, services: &Services, tasks: &BackgroundTasks) {
    let accounts = services.accounts.clone();
    tasks.supervise("session_sweeper", move |stop| accounts.clone().sweep(stop));
    let (followed, sessions) = (services.live_sessions.clone(), database.clone());
    tasks.supervise("live_sessions", move |stop| {
        followed.clone().follow(sessions.clone(), stop)
    });
    let keys = database.clone();
    tasks.supervise("answers_sweeper", move |stop| {
        answers::sweep(keys.clone(), stop)
    });
}

fn serve(
    settings: &Settings,
    stores: Stores,
    tasks: BackgroundTasks,
    services: Services,
) -> anyhow::Result<Application> {
    let endpoints = routes::endpoints(settings.customers.buy_without_paying)?;
    let (auth, limits) = (&settings.auth, &settings.limits);
    let shared = stores.redis.as_ref().map(|redis| (redis, &settings.redis));
    let admission = Admission {
        auth,
        roles: current_roles(stores.database.clone()),
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
        // The document describes the default, whatever this deployment allows.
        openapi: Document::new(&routes::document(&routes::endpoints(false)?))?,
    };
    let services = Data::new(services);
    let audit_log = Data::new(AuditLog::new(stores.database));
    let pages = pages::configure();
    let routes = move |config: &mut ServiceConfig| {
        config
            .app_data(services.clone())
            .app_data(audit_log.clone())
            .app_data(ProblemStyles(problem_style));
        endpoints.configure(config);
        pages(config);
    };
    let server = BoundServer::bind(&settings.http, admission, operations, tasks, routes)?;
    Ok(Application { server })
}

/// Applies pending migrations to the bookings database.
pub async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let config = database::connection_config(&settings.database, NAME)?;
    migrations::migrate(&config, db::migrations()).await
}
