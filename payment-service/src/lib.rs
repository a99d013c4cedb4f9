//! payment-service: charges and refunds, once per key.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`routes`] | the HTTP calls: extract, parse, call, answer; errors become HTTP here |
//! | [`app`] | what is decided: charge, replay, take over, close, refund |
//! | [`db`] | the tables `charges` and `refunds`; SQL only here |
//! | [`provider`] | who takes the money; the mock |
//! | [`mod@charge`] | the words of this service as types |
//! | [`settings`] | the settings and their defaults |
//!
//! What holds, whatever is killed in between: a key makes at most one charge; a charge ends once; an
//! outcome is answered only after it is committed; a key has a charge or a tombstone, never both; no
//! more is given back than was taken.
//!
//! Deliberately not here: bookings, and retries of a declined charge, which are the caller's.

pub mod app;
pub mod charge;
pub mod db;
pub mod provider;
pub mod routes;
pub mod settings;

use std::net::SocketAddr;
use std::sync::Arc;

use service_core::audit_log::AuditLog;
use service_core::background_tasks::BackgroundTasks;
use service_core::{database, migrations, telemetry};
use service_http::auth::current_roles::CurrentRoles;
use service_http::health::{Check, Document, Operations};
use service_http::limits::RateLimit;
use service_http::server::{Admission, BoundServer, ServiceHandle};

use crate::app::Payments;
use crate::app::writers::Writers;
use crate::provider::PaymentProvider;
use crate::provider::mock::MockProvider;
use crate::settings::Settings;

/// The service's name.
pub const NAME: &str = "payment-service";

/// The service, bound to its address and ready to run.
pub struct Application {
    server: BoundServer,
}

impl Application {
    /// Brings the schema up to date if the settings say so, and binds the address. The provider is
    /// the mock.
    ///
    /// # Errors
    /// When the database can't be migrated or the address can't be bound.
    pub async fn build(settings: &Settings) -> anyhow::Result<Self> {
        let mock = MockProvider::new(settings.mock.into());
        Self::assemble(settings, Arc::new(mock.clone()), Some(mock)).await
    }

    /// The same with another provider; there is no mock to be changed then.
    ///
    /// # Errors
    /// As for [`Self::build`].
    pub async fn with_provider(
        settings: &Settings,
        provider: Arc<dyn PaymentProvider>,
    ) -> anyhow::Result<Self> {
        Self::assemble(settings, provider, None).await
    }

    async fn assemble(
        settings: &Settings,
        provider: Arc<dyn PaymentProvider>,
        mock: Option<MockProvider>,
    ) -> anyhow::Result<Self> {
        settings.auth.warn_of_keys(false);
        if settings.database.migrate_on_start {
            migrate(settings).await?;
        }
        let pool = database::pool(&settings.database, NAME)?;
        let tasks = BackgroundTasks::new();
        let batches = database::batch_pool(&settings.database, NAME)?;
        let writers = Writers::start(&batches, settings.charges.max_running);
        let payments = Payments::new(
            pool.clone(),
            writers,
            provider,
            settings.charges,
            tasks.clone(),
        );
        let actions = AuditLog::new(pool.clone());
        let operations = Operations {
            service: NAME,
            checks: vec![Check::required("postgres", move || {
                let pool = pool.clone();
                async move { database::is_up(&pool).await }
            })],
            metrics: telemetry::metrics_handle()?,
            openapi: Document::new(&routes::openapi::document())?,
        };
        let routes = routes::configure(payments, mock, actions);
        let (auth, limits) = (&settings.auth, &settings.limits);
        let admission = Admission {
            auth,
            roles: CurrentRoles::as_tokens_say(),
            rules: routes::access::rules(),
            // Its callers are other services, which are not counted, and now and then an admin: each replica
            // counts alone.
            rate_limit: RateLimit::new(NAME, limits, auth.mode, None),
            limits: *limits,
            streams: None,
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

    /// Serves until it is stopped; what is running is brought to its end first.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run(self) -> anyhow::Result<()> {
        self.server.run().await
    }
}

/// Brings the schema of the payments database up to date.
///
/// # Errors
/// When the database can't be reached or a migration fails.
pub async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let config = database::connection_config(&settings.database, NAME)?;
    migrations::migrate(&config, db::migrations()).await
}
