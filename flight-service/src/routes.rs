//! The HTTP calls: each extracts, parses, calls [`crate::app`] and answers.

pub mod access;
mod calendar;
mod filters;
mod flights;
mod holds;
mod ledger;
pub mod openapi;
mod problem;
mod refusals;
mod search;
pub mod search_pages;
mod seat_maps;
mod seats;

use std::sync::Arc;

use actix_web::web::{self, Data, ServiceConfig};
use service_core::audit_log::AuditLog;
use service_http::server::resource;

use crate::app::schedule_changes::ScheduleChanges;
use crate::app::search::Searcher;
use crate::app::seat_maps::SeatMaps;
use crate::app::seats::Seats;
use crate::routes::search_pages::SearchPages;

/// What the routes call.
#[derive(Clone)]
pub struct Services {
    /// Searches.
    pub searcher: Arc<Searcher>,
    /// What searches were answered.
    pub search_pages: Arc<SearchPages>,
    /// Sells seats.
    pub seats: Arc<Seats>,
    /// Seat maps.
    pub seat_maps: Arc<SeatMaps>,
    /// Changes of the schedule.
    pub schedule_changes: Arc<ScheduleChanges>,
    /// What admins did.
    pub actions: AuditLog,
}

/// The service's routes.
pub fn configure(services: Services) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    move |config| {
        config
            .app_data(Data::from(Arc::clone(&services.searcher)))
            .app_data(Data::from(Arc::clone(&services.search_pages)))
            .app_data(Data::from(Arc::clone(&services.seats)))
            .app_data(Data::from(Arc::clone(&services.seat_maps)))
            .app_data(Data::from(Arc::clone(&services.schedule_changes)));
        // Paths are compared in this order, those with a parameter by a regular expression: what is asked
        // most comes first, and names come before the ids that would match them.
        let gets = [
            ("/api/flights/search", web::get().to(search::search)),
            ("/api/flights/calendar", web::get().to(calendar::calendar)),
            ("/api/flights/itinerary", web::get().to(flights::itinerary)),
            ("/api/airports", web::get().to(flights::airports)),
            ("/api/ledger/proof", web::get().to(ledger::proof)),
        ];
        let posts = [
            ("/api/holds", web::post().to(holds::create)),
            (
                "/api/flights/seats/decrement",
                web::post().to(seats::decrement),
            ),
            (
                "/api/flights/seats/increment",
                web::post().to(seats::increment),
            ),
            ("/api/flights/validate", web::post().to(seats::validate)),
            ("/api/flights", web::post().to(flights::create)),
            ("/api/holds/confirm", web::post().to(holds::confirm_many)),
            ("/api/holds/{id}/pin", web::post().to(holds::pin)),
            ("/api/holds/{id}/confirm", web::post().to(holds::confirm)),
            ("/api/holds/{id}/release", web::post().to(holds::release)),
            ("/api/holds/{id}/seats", web::post().to(holds::change_seats)),
        ];
        let gets_of_a_flight = [
            ("/api/flights/{id}/ledger", web::get().to(ledger::show)),
            ("/api/flights/{id}/seats", web::get().to(seat_maps::show)),
            (
                "/api/flights/{id}/seats/stream",
                web::get().to(seat_maps::stream),
            ),
        ];
        for (path, route) in gets {
            config.service(resource(path, "GET", [route]));
        }
        for (path, route) in posts {
            config.service(resource(path, "POST", [route]));
        }
        for (path, route) in gets_of_a_flight {
            config.service(resource(path, "GET", [route]));
        }
        config
            .service(resource(
                "/api/holds/{id}",
                "GET",
                [web::get().to(holds::show)],
            ))
            .service(resource(
                "/api/flights/{id}",
                "GET, PATCH, DELETE",
                [
                    web::get().to(flights::show),
                    web::patch().to(flights::change),
                    web::delete().to(flights::cancel),
                ],
            ));
        service_http::audit_log::configure(&services.actions, config);
    }
}
