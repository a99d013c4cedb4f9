//! What those who run a service ask it: does it live, can it work, how is it doing, what does it speak.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use utoipa::openapi::OpenApi;

use crate::server::resource;
use crate::{Problem, respond};

/// How long one part may take to show that it is there.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

type CheckFuture = Pin<Box<dyn Future<Output = bool> + Send>>;

/// One part that a service needs.
#[derive(Clone)]
pub struct Check {
    name: &'static str,
    required: bool,
    run: Arc<dyn Fn() -> CheckFuture + Send + Sync>,
}

impl Check {
    /// A part without which the service can't work.
    pub fn required<F, Fut>(name: &'static str, run: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        Self {
            name,
            required: true,
            run: Arc::new(move || Box::pin(run())),
        }
    }

    /// A part without which the service works less well.
    pub fn optional<F, Fut>(name: &'static str, run: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        Self {
            required: false,
            ..Self::required(name, run)
        }
    }

    async fn is_up(&self) -> bool {
        tokio::time::timeout(CHECK_TIMEOUT, (self.run)())
            .await
            .unwrap_or(false)
    }
}

/// What `/health`, `/ready`, `/metrics` and `/openapi.json` answer from.
#[derive(Clone)]
pub struct Operations {
    /// The service's name, such as `flight-service`.
    pub service: &'static str,
    /// The parts that it needs.
    pub checks: Vec<Check>,
    /// The process's metrics.
    pub metrics: PrometheusHandle,
    /// What the service speaks.
    pub openapi: Document,
}

/// An OpenAPI document as it is sent, to everybody the same.
#[derive(Clone)]
pub struct Document(Bytes);

impl Document {
    /// Of this description.
    ///
    /// # Errors
    /// When it can't be JSON: a bug.
    pub fn new(openapi: &OpenApi) -> Result<Self, serde_json::Error> {
        Ok(Self(respond::json_bytes(openapi)?.into()))
    }

    /// Its text, which is JSON.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        &self.0
    }
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

/// What those ask who watch a service: answered however busy it is, and counted apart.
pub const HEALTH_PATHS: [&str; 3] = ["/health", "/ready", "/metrics"];

impl Operations {
    /// Adds the routes.
    pub fn configure(&self, routes: &mut ServiceConfig) {
        routes.app_data(web::Data::new(self.clone()));
        for (path, route) in [
            ("/health", web::get().to(health)),
            ("/ready", web::get().to(ready)),
            ("/openapi.json", web::get().to(openapi)),
        ] {
            routes.service(resource(path, "GET", [route]));
        }
    }

    /// The metrics alone, for a listener of their own: whoever reaches it may read them.
    pub fn serve_metrics(&self, routes: &mut ServiceConfig) {
        routes.app_data(web::Data::new(self.clone()));
        routes.route("/metrics", web::get().to(prometheus));
    }
}

/// Adds the metrics to a service's routes.
pub fn metrics(routes: &mut ServiceConfig) {
    routes.service(resource("/metrics", "GET", [web::get().to(prometheus)]));
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
    // One that is gone is started again, and this replica works meanwhile, though less well; a replica whose
    // task never comes back is to be replaced by whoever watches.
    let mut degraded = down(false);
    degraded.extend(service_core::supervision::gone());
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
        .body(operations.openapi.0.clone())
}
