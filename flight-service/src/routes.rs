//! The HTTP calls: each extracts, parses, calls [`crate::app`] and answers.

mod flights;
mod holds;
pub mod openapi;
mod problem;
mod search;
mod seats;

use std::sync::Arc;

use actix_web::web::{self, Data, ServiceConfig};
use service_kit::server::resource;

use crate::app::search::Searcher;
use crate::app::seats::Seats;

/// The service's routes.
pub fn configure(
    searcher: Arc<Searcher>,
    seats: Arc<Seats>,
) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    move |config| {
        config
            .app_data(Data::from(Arc::clone(&searcher)))
            .app_data(Data::from(Arc::clone(&seats)));
        let gets = [
            ("/api/flights/search", web::get().to(search::search)),
            ("/api/ledger/proof", web::get().to(seats::proof)),
        ];
        for (path, route) in gets {
            config.service(resource(path, "GET", [route]));
        }
        let posts = [
            ("/api/flights/validate", web::post().to(seats::validate)),
            (
                "/api/flights/seats/decrement",
                web::post().to(seats::decrement),
            ),
            (
                "/api/flights/seats/increment",
                web::post().to(seats::increment),
            ),
            ("/api/holds", web::post().to(holds::create)),
            ("/api/holds/{id}/pin", web::post().to(holds::pin)),
            ("/api/holds/{id}/confirm", web::post().to(holds::confirm)),
            ("/api/holds/{id}/release", web::post().to(holds::release)),
        ];
        for (path, route) in posts {
            config.service(resource(path, "POST", [route]));
        }
        config
            .service(resource(
                "/api/holds/{id}",
                "GET",
                [web::get().to(holds::show)],
            ))
            // Last: its id would match the names above.
            .service(resource(
                "/api/flights/{id}",
                "GET",
                [web::get().to(flights::show)],
            ));
    }
}
