//! The HTTP calls: each extracts, parses, calls [`crate::app`] and answers.

pub mod access;
mod charges;
mod mock;
pub mod openapi;
mod parse;
mod problem;
mod refunds;
mod refusals;

use actix_web::web::{self, Data, ServiceConfig};
use service_core::audit_log::AuditLog;
use service_http::server::resource;

use crate::app::Payments;
use crate::provider::mock::MockProvider;

/// The service's routes, over these payments; the mock's own are there when there is a mock.
pub fn configure(
    payments: Payments,
    mock: Option<MockProvider>,
    actions: AuditLog,
) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    move |config| {
        config.app_data(Data::new(payments.clone()));
        service_http::audit_log::configure(&actions, config);
        let posts = [
            ("/api/payments/process", web::post().to(charges::process)),
            (
                "/api/payments/simulate/success",
                web::post().to(charges::simulate_success),
            ),
            (
                "/api/payments/simulate/failure",
                web::post().to(charges::simulate_failure),
            ),
            (
                "/api/payments/simulate/timeout",
                web::post().to(charges::simulate_timeout),
            ),
            ("/api/payments/close", web::post().to(charges::close)),
            (
                "/api/payments/{id}/refunds",
                web::post().to(refunds::refund),
            ),
        ];
        for (path, route) in posts {
            config.service(resource(path, "POST", [route]));
        }
        if let Some(mock) = &mock {
            config.app_data(Data::new(mock.clone())).service(resource(
                "/api/payments/mock",
                "GET, PUT",
                [web::get().to(mock::show), web::put().to(mock::change)],
            ));
        }
        config
            .service(resource(
                "/api/payments",
                "GET",
                [web::get().to(charges::by_key)],
            ))
            // Last: its id would match the names above.
            .service(resource(
                "/api/payments/{id}",
                "GET",
                [web::get().to(charges::by_id)],
            ));
    }
}
