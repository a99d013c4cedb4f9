//! The composition root: pools, writers, provider, background tasks, and the server over them.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use deadpool_postgres::Pool;
use service_core::audit_log::AuditLog;
use service_core::background_tasks::BackgroundTasks;
use service_core::{database, migrations, telemetry};
use service_http::auth::current_roles::CurrentRoles;
use service_http::described::Document;
use service_http::health::{Check, Operations};
use service_http::limits::RateLimit;
use service_http::server::{Admission, BoundServer, ServiceHandle};

use crate::app::Payments;
use crate::app::writers::Writers;
use crate::provider::PaymentProvider;
use crate::provider::mock::MockProvider;
use crate::settings::Settings;
use crate::{db, routes};

pub const NAME: &str = "payment-service";

/// The service, bound to its address.
pub struct Application {
    server: BoundServer,
}

impl Application {
    /// Migrates the schema if `migrate_on_start` is set, and binds the address. The provider is the mock.
    ///
    /// # Errors
    /// The migration failed, or the address can't be bound.
    pub async fn build(settings: &Settings) -> anyhow::Result<Self> {
        let mock = MockProvider::new(settings.mock.into());
        Self::assemble(settings, Arc::new(mock.clone()), Some(mock)).await
    }

    /// Like [`Self::build`] with another provider, and without the mock's endpoints.
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
        let database = database::pool(&settings.database, NAME)?;
        let tasks = BackgroundTasks::new();
        let writers = Writers::start(
            &database::batch_pool(&settings.database, NAME)?,
            settings.charges.max_running,
        );
        let payments = Payments::new(
            database.clone(),
            writers,
            provider,
            settings.charges,
            tasks.clone(),
        );
        serve(settings, database, tasks, payments, mock)
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

    /// Serves until it is stopped, then completes running requests and charges.
    pub async fn run(self) -> anyhow::Result<()> {
        self.server.run().await
    }
}

/// Binds the address.
fn serve(
    settings: &Settings,
    database: Pool,
    tasks: BackgroundTasks,
    payments: Payments,
    mock: Option<MockProvider>,
) -> anyhow::Result<Application> {
    let documented = routes::with_mock()?;
    let operations = Operations {
        service: NAME,
        checks: vec![Check::postgres(database.clone())],
        metrics: telemetry::metrics_handle()?,
        openapi: Document::new(&routes::document(&documented))?,
    };
    let endpoints = match mock {
        Some(_) => documented,
        None => routes::endpoints()?,
    };
    let (payments, mock) = (Data::new(payments), mock.map(Data::new));
    let audit_log = Data::new(AuditLog::new(database));
    let routes = move |config: &mut ServiceConfig| {
        config
            .app_data(payments.clone())
            .app_data(audit_log.clone());
        if let Some(mock) = &mock {
            config.app_data(mock.clone());
        }
        endpoints.configure(config);
    };
    let (auth, limits) = (&settings.auth, &settings.limits);
    let admission = Admission {
        auth,
        roles: CurrentRoles::as_tokens_say(),
        // Callers are other services, which are not counted, and now and then an admin: each replica counts
        // on its own.
        rate_limit: RateLimit::new(NAME, limits, auth.mode, None),
        limits: *limits,
        streams: None,
    };
    let server = BoundServer::bind(&settings.http, admission, operations, tasks, routes)?;
    Ok(Application { server })
}

/// Migrates the payments database to this binary's schema.
pub async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let config = database::connection_config(&settings.database, NAME)?;
    migrations::migrate(&config, db::migrations()).await
}
