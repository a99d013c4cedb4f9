//! The operator's endpoints: liveness, readiness, metrics, the OpenAPI document.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use deadpool_postgres::Pool;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use service_core::database;
use service_core::redis::Redis;

use crate::auth::access::public;
use crate::described::Document;
use crate::endpoint::guarded;
use crate::{Problem, respond};

/// Time limit of one check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// The readiness check of one dependency.
#[derive(Clone)]
pub struct Check {
    name: &'static str,
    required: bool,
    is_up: Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>,
}

impl Check {
    /// Required: without its database the service can't work.
    #[must_use]
    pub fn postgres(database: Pool) -> Self {
        let is_up = move || {
            let database = database.clone();
            async move { database::is_up(&database).await }.boxed()
        };
        Self {
            name: "postgres",
            required: true,
            is_up: Arc::new(is_up),
        }
    }

    /// Not required: without Redis the service is degraded.
    #[must_use]
    pub fn redis(redis: Redis) -> Self {
        let is_up = move || {
            let redis = redis.clone();
            async move { redis.is_up().await }.boxed()
        };
        Self {
            name: "redis",
            required: false,
            is_up: Arc::new(is_up),
        }
    }

    async fn is_up(&self) -> bool {
        tokio::time::timeout(CHECK_TIMEOUT, (self.is_up)())
            .await
            .unwrap_or(false)
    }
}

/// What `/health`, `/ready`, `/metrics` and `/openapi.json` answer from.
#[derive(Clone)]
pub struct Operations {
    /// For example `flight-service`.
    pub service: &'static str,
    /// The dependencies.
    pub checks: Vec<Check>,
    pub metrics: PrometheusHandle,
    pub openapi: Document,
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    service: &'static str,
}

#[derive(Serialize)]
struct Readiness {
    status: &'static str,
    service: &'static str,
    degraded: Vec<&'static str>,
}

impl Operations {
    pub fn configure(&self, routes: &mut ServiceConfig) {
        routes.app_data(web::Data::new(self.clone()));
        for (path, route) in [
            ("/health", web::get().to(health)),
            ("/ready", web::get().to(ready)),
            ("/openapi.json", web::get().to(openapi)),
        ] {
            routes.service(guarded(path, [(Method::GET, public(), route)]));
        }
    }

    /// The metrics alone, for a separate listener; whoever reaches it may read them.
    pub fn serve_metrics(&self, routes: &mut ServiceConfig) {
        routes.app_data(web::Data::new(self.clone()));
        routes.route("/metrics", web::get().to(prometheus));
    }
}

/// Adds `/metrics` to a service's own routes.
pub fn metrics(routes: &mut ServiceConfig) {
    let route = web::get().to(prometheus);
    // Public: a scraper has no token to renew, and metrics name no customer.
    routes.service(guarded("/metrics", [(Method::GET, public(), route)]));
}

async fn health(operations: web::Data<Operations>) -> impl Responder {
    respond::ok(&Health {
        status: "healthy",
        service: operations.service,
    })
}

async fn ready(operations: web::Data<Operations>) -> Result<HttpResponse, Problem> {
    let up = futures_util::future::join_all(operations.checks.iter().map(Check::is_up)).await;
    let down = |required: bool| {
        let pairs = operations.checks.iter().zip(&up);
        pairs
            .filter(|(check, up)| check.required == required && !**up)
            .map(|(check, _)| check.name)
            .collect::<Vec<_>>()
    };
    let missing = down(true);
    if !missing.is_empty() {
        let detail = format!("down: {}", missing.join(", "));
        return Err(Problem::unavailable(detail).with_code("not_ready"));
    }
    // A task that ended is restarted, and this replica works on, degraded. A replica whose task never comes
    // back is for the orchestrator to replace.
    let mut degraded = down(false);
    degraded.extend(service_core::supervision::unhealthy_tasks());
    let status = if degraded.is_empty() {
        "ready"
    } else {
        "degraded"
    };
    Ok(respond::ok(&Readiness {
        status,
        service: operations.service,
        degraded,
    }))
}

async fn prometheus(operations: web::Data<Operations>) -> impl Responder {
    HttpResponse::build(StatusCode::OK)
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(operations.metrics.render())
}

async fn openapi(operations: web::Data<Operations>) -> impl Responder {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(operations.openapi.bytes())
}
