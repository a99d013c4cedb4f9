//! Binding, serving and draining.

pub(crate) mod connection;
mod connections;
mod front_door;
mod wordless;

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use actix_server::{Server, ServerHandle};
use actix_web::body::BoxBody;
use actix_web::dev::{HttpServiceFactory, ServiceRequest};
use actix_web::middleware::{Condition, Next, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, Resource, Route};
use anyhow::Context as _;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use self::connections::{Admittance, connections_a_worker, listen};
use self::front_door::{Door, open};
use crate::auth::Rules;
use crate::auth::authenticator::Authenticator;
use crate::auth::current_roles::CurrentRoles;
use crate::auth::guard::{GuardedPath, Guards, guard};
use crate::auth::own_sites::OwnSites;
use crate::client_address::Proxies;
use crate::context::{RequestLimits, around_request};
use crate::described::Described;
use crate::health::{self, Operations};
use crate::limits::shares::Shares;
use crate::limits::{ConcurrencyLimit, LimitSettings, RateLimit};
use crate::problem::Problem;
use crate::settings::{AuthSettings, HttpSettings};
use crate::streams::{StreamSettings, Streams};
use crate::{docs, security_headers};

/// How often recorded samples are folded into their histograms.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// A service that is bound and ready to run, with its background tasks.
pub struct BoundServer {
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    server: Server,
    tasks: BackgroundTasks,
    drain: Duration,
}

/// Who may call, for what, and how much.
pub struct Admission<'a> {
    /// How callers are told apart.
    pub auth: &'a AuthSettings,
    /// The role that callers have now.
    pub roles: CurrentRoles,
    /// For whom each call is.
    pub rules: Rules,
    /// How much one client may ask; none is no limit.
    pub rate_limit: Option<RateLimit>,
    /// How much is answered at once, and to one address.
    pub limits: LimitSettings,
    /// How much is watched at once; none where nothing is.
    pub streams: Option<StreamSettings>,
}

/// Tasks that run beside the requests and end after them.
#[derive(Clone)]
pub struct BackgroundTasks {
    tracker: TaskTracker,
    draining: CancellationToken,
    stop: CancellationToken,
    runtime: Handle,
}

impl BackgroundTasks {
    /// No tasks yet. They will run on the current runtime: call this where the service is built, not
    /// in a request, whose worker has a runtime of its own that ends with it.
    ///
    /// # Panics
    /// Outside a runtime.
    #[must_use]
    pub fn new() -> Self {
        Self {
            tracker: TaskTracker::new(),
            draining: CancellationToken::new(),
            stop: CancellationToken::new(),
            runtime: Handle::current(),
        }
    }

    /// Cancelled when the service is asked to stop, before its requests have ended: what answers
    /// without end ends then.
    #[must_use]
    pub fn draining(&self) -> CancellationToken {
        self.draining.child_token()
    }

    /// Runs a task for the service's whole life: one that ends before the token is cancelled, or panics, is
    /// started again, and `/ready` says that it is gone.
    pub fn supervise<T, F>(&self, name: &'static str, task: T)
    where
        T: FnMut(CancellationToken) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let running = supervision::run(name, self.stop.clone(), task);
        self.tracker.spawn_on(running, &self.runtime);
    }

    /// Runs a task that has an end of its own, or ends soon after the token is cancelled.
    pub fn spawn<F, Fut>(&self, task: F)
    where
        F: FnOnce(CancellationToken) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.tracker
            .spawn_on(task(self.stop.child_token()), &self.runtime);
    }

    /// Runs work that has to reach its end even if the client goes away meanwhile: as a task of its
    /// own, which the request only waits for. `None` when the work panicked.
    pub async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        self.tracker
            .spawn_on(work.in_current_span(), &self.runtime)
            .await
            .ok()
    }

    /// Asks all tasks to end and waits for them, up to the limit.
    pub async fn stop(&self, limit: Duration) {
        self.stop.cancel();
        self.tracker.close();
        if tokio::time::timeout(limit, self.tracker.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                remaining = self.tracker.len(),
                "background tasks did not stop in time"
            );
        }
    }
}

/// Stops a server from outside, as a signal would.
#[derive(Clone)]
pub struct ServiceHandle {
    handle: ServerHandle,
    draining: CancellationToken,
}

impl ServiceHandle {
    /// Stops the server; gracefully means that running requests are answered first.
    pub async fn stop(&self, graceful: bool) {
        self.draining.cancel();
        self.handle.stop(graceful).await;
    }
}

/// Waits for SIGINT or SIGTERM.
async fn asked_to_stop() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        tracing::error!("failed to install the SIGTERM handler");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

impl Default for BackgroundTasks {
    fn default() -> Self {
        Self::new()
    }
}

impl BoundServer {
    /// Binds the address and starts to accept; requests are answered once [`Self::run`] is awaited.
    ///
    /// # Errors
    /// When the address is taken, an open service would leave loopback, there is nothing to check tokens by, or
    /// staff could change something that is not recorded.
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
            rules,
            rate_limit,
            limits: limit_settings,
            streams,
        } = admission;
        auth.check_address(http.host)?;
        rules.check_recorded()?;
        let authenticator = Authenticator::new(auth)?;
        if let Some(keys) = authenticator.keys() {
            tasks.supervise("token_keys", move |stop| keys.clone().follow(stop));
        }
        let is_direct = http.trusted_proxy_hops == 0;
        let admittance = Admittance {
            write_timeout: http.write_timeout,
            per_address: limit_settings
                .connections_per_address(auth.mode)
                .filter(|_| is_direct)
                .map(Shares::new),
            rate_limit: rate_limit.clone().filter(|_| is_direct),
        };
        let guards = web::Data::new(Guards {
            own_sites: OwnSites::new(auth, &http.cors_origins),
            authenticator,
            roles,
            rules,
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
        let described = web::Data::new(Described::new(&operations.openapi)?);
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
                // The service's own first: paths are compared one after the other, and those with a
                // parameter, as the docs page has, by a regular expression.
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
        let door = Door {
            admittance,
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

    /// The address that was bound, its port included.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where metrics are read, if not there.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// What stops the server from outside, as a signal would.
    #[must_use]
    pub fn handle(&self) -> ServiceHandle {
        ServiceHandle {
            handle: self.server.handle(),
            draining: self.tasks.draining.clone(),
        }
    }

    /// Serves until SIGINT, SIGTERM or a [`ServiceHandle`] stops it: running requests are answered first, then
    /// the background tasks end.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run(self) -> anyhow::Result<()> {
        tracing::info!(address = %self.address, "listening");
        let handle = self.handle();
        self.tasks.spawn(|stop| async move {
            if stop.run_until_cancelled(asked_to_stop()).await.is_some() {
                handle.stop(true).await;
            }
        });
        let result = self.server.await;
        self.tasks.stop(self.drain).await;
        tracing::info!("stopped");
        result.context("the server failed")
    }
}

/// Folds recorded samples into their histograms, which otherwise happens only when somebody reads
/// the metrics.
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

/// A path with its routes, each for those for whom the service's rules say it is; any other method is
/// answered 405 with `allow`.
pub fn resource<R: IntoIterator<Item = Route>>(
    path: &str,
    allow: &'static str,
    routes: R,
) -> impl HttpServiceFactory + use<R> {
    let at = Rc::new(GuardedPath {
        path: path.to_owned(),
        allow,
    });
    unguarded(path, allow, routes).wrap(from_fn(
        move |request: ServiceRequest, next: Next<BoxBody>| guard(Rc::clone(&at), request, next),
    ))
}

/// A path that no rule guards, for handlers that find out themselves who asks; other methods are answered
/// 405.
pub fn unguarded(
    path: &str,
    allow: &'static str,
    routes: impl IntoIterator<Item = Route>,
) -> Resource {
    let resource = web::resource(path).default_service(web::to(move || async move {
        Problem::method_not_allowed(allow)
    }));
    routes.into_iter().fold(resource, Resource::route)
}
