//! booking-service: bookings, orders, events and ticket options.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`routes`] | the HTTP calls: extract, parse, call, answer; errors become HTTP here |
//! | [`pages`] | the web pages: the same, rendered for people |
//! | [`app`] | what is decided: a booking, its steps, who goes on with it, the channels |
//! | [`db`] | the tables of bookings, events and ticket options; SQL only here |
//! | [`settings`] | the settings and their defaults |
//!
//! A booking's row is written before anything is asked of another service, and after each answer; what
//! is asked carries a name that the row has. So a booking that was stopped anywhere is finished by
//! whoever finds it, and nothing is held or charged twice. A network call is never made inside a
//! database transaction.
//!
//! Tickets to events and ticket options are counted here, by an inventory of this service's own in its
//! database. Deliberately not here: the counts of seats, which are flight-service's, and money, which is
//! payment-service's.

pub mod app;
pub mod db;
pub mod model;
pub mod pages;
pub mod routes;
pub mod settings;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::ServiceConfig;
use anyhow::ensure;
use clients::{Credentials, FlightClient, PaymentClient};
use domain::sale_rules::holding::HoldTime;
use futures_util::FutureExt as _;
use inventory::{Databases, Gate, Inventory};
use service_core::audit_log::AuditLog;
use service_core::background_tasks::BackgroundTasks;
use service_core::idempotency::answers;
use service_core::redis::Redis;
use service_core::settings::{AuthMode, AuthSettings};
use service_core::token_issuer::{ServiceToken, TokenIssuer};
use service_core::{database, migrations, redis, telemetry};
use service_http::auth::current_roles::CurrentRoles;
use service_http::health::{Check, Document, Operations};
use service_http::limits::RateLimit;
use service_http::server::{Admission, BoundServer, ServiceHandle};
use tokio::sync::Mutex;

use crate::app::accounts::authentication::Accounts;
use crate::app::accounts::live_sessions::LiveSessions;
use crate::app::accounts::login_throttle::{Limits, LoginThrottle, Shared};
use crate::app::accounts::passwords::Hasher;
use crate::app::accounts::users::Users;
use crate::app::bookings::by_count::{Bookings, Deadlines};
use crate::app::bookings::engine::{Engine, EngineSettings, Sales};
use crate::app::bookings::leases::Leases;
use crate::app::bookings::unpaid_orders::UnpaidOrders;
use crate::app::bookings::worker::{self, WorkerPool};
use crate::app::catalog::Catalog;
use crate::app::operations::dashboard::Dashboard;
use crate::app::operations::ledger::Ledger;
use crate::app::tickets::event_bookings::EventBookings;
use crate::app::tickets::events::Events;
use crate::app::tickets::job_notifier::{JobNotifier, Stream};
use crate::app::tickets::key_locks::KeyLocks;
use crate::app::tickets::payment_jobs::{self, PaymentJobs};
use crate::app::tickets::ticket_options::TicketOptions;
use crate::app::tickets::vouchers::Vouchers;
use crate::db::bookings::writer::Writer;
use crate::model::booking::PaymentAttempts;
use crate::routes::accounts::sessions::Cookies;
use crate::settings::Settings;

/// The service's name.
pub const NAME: &str = "booking-service";

/// What the pools of this service are: the first part of the gate's keys.
pub const POOL_KIND: &str = "event_tickets";

/// How much longer than its calls the step of a booking may take until it counts as stuck.
const STEP_MARGIN: Duration = Duration::from_secs(2);

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
        settings.auth.warn_of_keys(true);
        if settings.database.migrate_on_start {
            migrate(settings).await?;
        }
        let database = database::pool(&settings.database, NAME)?;
        let redis = redis::open(&settings.redis)?;
        let inventory = inventory(settings, database.clone(), redis.clone())?;
        let engine = engine(settings, database.clone(), Arc::clone(&inventory))?;
        let tasks = BackgroundTasks::new();
        start_background(settings, &engine, &tasks);
        let notifier = start_queue(settings, &engine, redis.clone(), &tasks);
        let accounts = accounts(settings, database.clone(), redis.as_ref())?;
        let sweeping = accounts.clone();
        tasks.supervise("session_sweeper", move |stop| sweeping.clone().sweep(stop));
        let live_sessions = LiveSessions::default();
        let (followed, sessions) = (live_sessions.clone(), database.clone());
        tasks.supervise("live_sessions", move |stop| {
            followed.clone().follow(sessions.clone(), stop)
        });
        let keys = database.clone();
        tasks.supervise("answers_sweeper", move |stop| {
            answers::sweep(keys.clone(), stop)
        });
        let bookings = Bookings {
            engine,
            tasks: tasks.clone(),
            deadlines: Deadlines {
                booking: settings.bookings.deadline,
                order: HoldTime {
                    each: settings.bookings.hold_ttl,
                    total: settings.bookings.reservation_max,
                },
            },
            unpaid: UnpaidOrders::new(database.clone(), settings.customers.holding_limits()),
            cutoffs: settings.customers.cutoffs()?,
        };
        let unpaid = bookings.unpaid.clone();
        let ledger = Ledger {
            inventory: Arc::clone(&inventory),
        };
        let pages = pages::configure(pages::Services {
            catalog: Catalog::new(bookings.engine.flights.clone()),
            dashboard: Dashboard::new(database.clone(), ledger.clone()),
            live_sessions,
        });
        let api = routes::configure(routes::Services {
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
            bookings,
            ledger,
            users: Users {
                database: database.clone(),
            },
            accounts,
            cookies: Cookies {
                secure: settings.accounts.secure_cookie,
            },
            events: Events {
                database: database.clone(),
                inventory: Arc::clone(&inventory),
            },
            ticket_options: TicketOptions::new(database.clone(), inventory, tasks.clone(), unpaid),
            actions: AuditLog::new(database.clone()),
        });
        let routes = move |config: &mut ServiceConfig| {
            api(config);
            pages(config);
        };
        let admission = admission(settings, redis.as_ref(), current_roles(database.clone()));
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
            openapi: Document::new(&routes::openapi::document())?,
        };
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

/// Who may call, for what, and how much.
fn admission<'a>(
    settings: &'a Settings,
    redis: Option<&Redis>,
    roles: CurrentRoles,
) -> Admission<'a> {
    let (auth, limits) = (&settings.auth, &settings.limits);
    let redis = redis.map(|redis| (redis, &settings.redis));
    Admission {
        auth,
        roles,
        rules: routes::access::rules(settings.customers.buy_without_paying),
        rate_limit: RateLimit::new(NAME, limits, auth.mode, redis),
        limits: *limits,
        streams: Some(settings.streams),
    }
}

/// The role that staff have now: the users' table has it.
fn current_roles(database: deadpool_postgres::Pool) -> CurrentRoles {
    let users = Users { database };
    CurrentRoles::found_by(move |subject| {
        let users = users.clone();
        async move { Ok(users.bearer(&subject).await?) }.boxed()
    })
}

/// The inventory of events and ticket options. It ends with the last who has it.
fn inventory(
    settings: &Settings,
    database: deadpool_postgres::Pool,
    redis: Option<Redis>,
) -> anyhow::Result<Arc<Inventory>> {
    let gate = redis.map(|redis| {
        Gate::new(
            redis.pool,
            redis.client,
            database.clone(),
            &settings.redis.key_prefix,
            POOL_KIND,
            settings.redis.timeout,
        )
    });
    let inventory_settings = inventory::Settings {
        sales: settings.sales.policy()?,
        commit_timeout: settings.inventory.commit_timeout,
        proof_timeout: settings.inventory.proof_timeout,
    };
    let databases = Databases {
        commits: database::commit_pool(&settings.database, NAME)?,
        proofs: database::proof_pool(&settings.database, NAME, settings.inventory.proof_timeout)?,
        reads: database,
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
    database: deadpool_postgres::Pool,
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

/// Who this service is to the one of this audience: it shows tokens of role `service` that it makes itself. Without a key
/// it shows none, which open services don't mind.
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

/// How users log in.
fn accounts(
    settings: &Settings,
    database: deadpool_postgres::Pool,
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
        tokens_audience: settings.auth.peoples_audience().to_owned(),
        session_lifetime: accounts.session_lifetime,
        token_lifetime: accounts.token_lifetime,
    })
}

fn start_background(settings: &Settings, engine: &Engine, tasks: &BackgroundTasks) {
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
    // A step asks each of the others once at most.
    let step = settings.flights.timeout + settings.payments.timeout + STEP_MARGIN;
    tasks.supervise("lease_renewal", move |stop| {
        leases.clone().run(database.clone(), lease, step, stop)
    });
}

/// The workers of the payment queue, and what tells them of jobs.
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

/// Brings the bookings database up to date.
///
/// # Errors
/// When it can't be reached or a migration fails.
pub async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let config = database::connection_config(&settings.database, NAME)?;
    migrations::migrate(&config, db::migrations()).await
}
