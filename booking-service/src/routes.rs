//! The HTTP calls: each extracts, parses, calls [`crate::app`] and answers.

mod bookings;
pub mod openapi;
mod problem;

use std::sync::Arc;

use actix_web::web::{self, Data, ServiceConfig};
use clients::http::CallContext;
use service_kit::{context, server::resource};

use crate::app::bookings::Bookings;

/// The service's routes.
pub fn configure(bookings: Arc<Bookings>) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    move |config| {
        config
            .app_data(Data::from(Arc::clone(&bookings)))
            .service(resource(
                "/api/bookings",
                "POST",
                [web::post().to(bookings::create)],
            ))
            .service(resource(
                "/api/bookings/{id}/cancel",
                "PUT",
                [web::put().to(bookings::cancel)],
            ))
            .service(resource(
                "/api/bookings/{id}",
                "GET",
                [web::get().to(bookings::show)],
            ));
    }
}

/// The request that is being answered, for the services that are called on its behalf.
fn call_context() -> CallContext {
    let request = context::current();
    CallContext {
        request_id: request.request_id,
        traceparent: request.traceparent,
        deadline: None,
    }
}
