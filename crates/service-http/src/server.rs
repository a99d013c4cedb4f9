//! Binding, serving and graceful shutdown.

mod bare_status;
pub(crate) mod connection;
mod connections;
mod front_door;

use std::net::SocketAddr;
use std::time::Duration;

use actix_server::{Server, ServerHandle};
use actix_web::App;
use actix_web::middleware::{Condition, from_fn};
use actix_web::web::{self, ServiceConfig};
use anyhow::Context as _;
use metrics_exporter_prometheus::PrometheusHandle;
use service_core::background_tasks::BackgroundTasks;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use self::connections::{ConnectionAdmission, connections_a_worker, listen};
use self::front_door::{Acceptor, open};
use crate::auth::authenticator::Authenticator;
use crate::auth::current_roles::CurrentRoles;
use crate::auth::guard::Guards;
use crate::auth::origin_policy::OriginPolicy;
use crate::client_address::Proxies;
use crate::described::OpenApiIndex;
use crate::health::{self, Operations};
use crate::limits::shares::KeyedLimit;
use crate::limits::{ConcurrencyLimit, RateLimit};
use crate::middleware::{RequestLimits, around_request};
use crate::problem::Problem;
use crate::streams::Streams;
use crate::{docs, security_headers};
use service_core::settings::LimitSettings;
use service_core::settings::StreamSettings;
use service_core::settings::{AuthSettings, HttpSettings};

/// How often recorded samples are folded into their histograms.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// A bound service with its background tasks.
pub struct BoundServer {
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    server: Server,
    tasks: BackgroundTasks,
    drain: Duration,
}

/// Who may call what, and how often.
pub struct Admission<'a> {
    pub auth: &'a AuthSettings,
    pub roles: CurrentRoles,
    /// `None`: no rate limit.
    pub rate_limit: Option<RateLimit>,
    /// The concurrency limit, and the limits per address.
    pub limits: LimitSettings,
    /// Server-sent events; `None` in a service without streams.
    pub streams: Option<StreamSettings>,
}

/// Stops a server from outside, as a signal would.
#[derive(Clone)]
pub struct ServiceHandle {
    handle: ServerHandle,
    tasks: BackgroundTasks,
}

impl ServiceHandle {
    /// `graceful`: running requests are answered first.
    pub async fn stop(&self, graceful: bool) {
        self.tasks.begin_draining();
        self.handle.stop(graceful).await;
    }
}

async fn shutdown_signal() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        tracing::error!("failed to install the SIGTERM handler");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

impl BoundServer {
    /// Binds the address and starts to accept; requests are answered once [`Self::run`] is awaited.
    ///
    /// # Errors
    /// The address is taken, an open service would listen beyond loopback, or no token keys are configured.
    pub fn bind<F>(
        http: &HttpSettings,
        admission: Admission<'_>,
        operations: Operations,
        tasks: BackgroundTasks,
        routes: F,
    ) -> anyhow::Result<Self>
    where
        F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let Admission {
            auth,
            roles,
            rate_limit,
            limits: limit_settings,
            streams,
        } = admission;
        auth.check_address(http.host)?;
        let authenticator = Authenticator::new(auth)?;
        if let Some(keys) = authenticator.keys() {
            tasks.supervise("token_keys", move |stop| keys.clone().follow(stop));
        }
        let is_direct = http.trusted_proxy_hops == 0;
        let admission_limits = ConnectionAdmission {
            write_timeout: http.write_timeout,
            per_address: limit_settings
                .connections_per_address(auth.mode)
                .filter(|_| is_direct)
                .map(KeyedLimit::new),
            rate_limit: rate_limit.clone().filter(|_| is_direct),
        };
        let guards = web::Data::new(Guards {
            origin_policy: OriginPolicy::new(auth, &http.cors_origins),
            authenticator,
            roles,
            rate_limit,
            trusted_proxy_hops: Proxies::new(http.trusted_proxy_hops),
            streams: streams.map(|settings| Streams::new(&settings, tasks.draining())),
        });
        let listener = listen((http.host, http.port).into(), http.write_timeout)?;
        let address = listener.local_addr()?;
        let limits = RequestLimits {
            time: http.request_timeout,
            body_time: http.body_timeout,
            concurrency: ConcurrencyLimit::new(limit_settings.max_concurrent_requests),
        };
        let origins = http.cors_origins.clone();
        let operations_metrics = operations.metrics.clone();
        let described = web::Data::new(OpenApiIndex::new(&operations.openapi)?);
        let has_docs = http.docs;
        let metrics_elsewhere = http.metrics_address;
        let metrics_alone = operations.clone();
        let app = move || {
            App::new()
                // First, so that a service may have its own.
                .default_service(web::to(nothing_here))
                .app_data(limits.clone())
                .app_data(guards.clone())
                .app_data(described.clone())
                // The service's routes first: paths are matched in order, and those with a parameter, as the
                // docs page has, by a regular expression.
                .configure(routes.clone())
                .configure(|config| {
                    operations.configure(config);
                    if has_docs {
                        docs::configure(config);
                    }
                    if metrics_elsewhere.is_none() {
                        health::metrics(config);
                    }
                })
                .wrap(Condition::new(
                    !origins.is_empty(),
                    security_headers::cors(&origins),
                ))
                .wrap(from_fn(around_request))
        };
        let workers = match http.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        };
        let most = connections_a_worker(http.max_connections_per_worker, workers);
        let mut server = Server::build()
            .workers(workers)
            .max_concurrent_connections(most)
            .disable_signals()
            .shutdown_timeout(http.shutdown_timeout.as_secs());
        let door = Acceptor {
            admission_limits,
            header_read_timeout: http.header_read_timeout,
            keep_alive: http.keep_alive,
        };
        server = open(server, "service", listener, door.clone(), app)?;
        let metrics_address = match http.metrics_address {
            Some(address) => {
                let listener = listen(address, http.write_timeout)?;
                let address = listener.local_addr()?;
                let app =
                    move || App::new().configure(|config| metrics_alone.serve_metrics(config));
                server = open(server, "metrics", listener, door, app)?;
                Some(address)
            }
            None => None,
        };
        tasks.supervise("metrics_upkeep", move |stop| {
            keep_metrics_small(operations_metrics.clone(), stop)
        });
        let server = server.run();
        Ok(Self {
            address,
            metrics_address,
            server,
            tasks,
            drain: http.shutdown_timeout,
        })
    }

    /// The bound address, with the port that was chosen for port 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The separate metrics listener's address, if there is one.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// Stops the server from outside, as a signal would.
    #[must_use]
    pub fn handle(&self) -> ServiceHandle {
        ServiceHandle {
            handle: self.server.handle(),
            tasks: self.tasks.clone(),
        }
    }

    /// Serves until SIGINT, SIGTERM or a [`ServiceHandle`] stops it. Running requests are answered first,
    /// then the background tasks end.
    ///
    /// # Errors
    /// The server failed.
    pub async fn run(self) -> anyhow::Result<()> {
        tracing::info!(address = %self.address, "listening");
        let handle = self.handle();
        self.tasks.spawn(|stop| async move {
            if stop.run_until_cancelled(shutdown_signal()).await.is_some() {
                handle.stop(true).await;
            }
        });
        let result = self.server.await;
        self.tasks.stop(self.drain).await;
        tracing::info!("stopped");
        result.context("the server failed")
    }
}

/// Folds recorded samples into their histograms, which otherwise happens only when metrics are scraped.
async fn keep_metrics_small(metrics: PrometheusHandle, stop: CancellationToken) {
    while stop
        .run_until_cancelled(tokio::time::sleep(METRICS_UPKEEP))
        .await
        .is_some()
    {
        metrics.run_upkeep();
    }
}

async fn nothing_here() -> Problem {
    Problem::not_found("there is nothing at this path")
}
