//! The HTTP calls: each extracts, parses, calls [`crate::app`] and answers.

pub mod access;
mod actor;
mod admin;
mod bare_list;
mod bookings;
mod dead_letters;
mod event_bookings;
mod events;
mod flights;
mod json_api;
mod ledger;
pub mod openapi;
mod orders;
mod problem;
mod purchases;
pub mod sessions;
mod simple_orders;
mod ticket_options;
pub(crate) mod travelers;
mod users;
mod vouchers;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use clients::http::CallContext;
use serde::Serialize;
use service_kit::audit_log::AuditLog;
use service_kit::problem::ProblemStyles;
use service_kit::server::resource;
use service_kit::{context, respond};

use crate::app::accounts::Accounts;
use crate::app::bookings::Bookings;
use crate::app::event_bookings::EventBookings;
use crate::app::events::Events;
use crate::app::flights::Flights;
use crate::app::ledger::Ledger;
use crate::app::orders::Orders;
use crate::app::payment_jobs::PaymentJobs;
use crate::app::seat_feeds::SeatFeeds;
use crate::app::simple_orders::SimpleOrders;
use crate::app::ticket_options::TicketOptions;
use crate::app::users::Users;
use crate::app::vouchers::Vouchers;
use crate::routes::sessions::Cookies;

/// What the routes call.
#[derive(Clone)]
pub struct Services {
    /// Bookings and orders of seats.
    pub bookings: Bookings,
    /// The proof of this service's own pools.
    pub ledger: Ledger,
    /// Those who book tickets.
    pub users: Users,
    /// How they log in.
    pub accounts: Accounts,
    /// How their sessions' cookies are set.
    pub cookies: Cookies,
    /// What they book tickets to.
    pub events: Events,
    /// Their bookings.
    pub event_bookings: EventBookings,
    /// The payments of these that keep failing.
    pub payment_jobs: PaymentJobs,
    /// What makes tickets cheaper.
    pub vouchers: Vouchers,
    /// What is sold without a booking.
    pub ticket_options: TicketOptions,
    /// What admins did.
    pub actions: AuditLog,
}

/// The service's routes.
pub fn configure(services: Services) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    let bookings = services.bookings;
    let actions = services.actions;
    let ledger = Data::new(services.ledger);
    let users = Data::new(services.users);
    let accounts = Data::new(services.accounts);
    let cookies = Data::new(services.cookies);
    let events = Data::new(services.events);
    let event_bookings = Data::new(services.event_bookings);
    let payment_jobs = Data::new(services.payment_jobs);
    let vouchers = Data::new(services.vouchers);
    let ticket_options = Data::new(services.ticket_options);
    let orders = Data::new(Orders {
        bookings: bookings.clone(),
    });
    let simple = Data::new(SimpleOrders {
        bookings: bookings.clone(),
    });
    let flights = Data::new(Flights {
        bookings: bookings.clone(),
    });
    let seat_feeds = Data::new(SeatFeeds::new(bookings.engine.flights.clone()));
    let bookings = Data::new(bookings);
    move |config| {
        config
            .app_data(bookings.clone())
            .app_data(orders.clone())
            .app_data(simple.clone())
            .app_data(flights.clone())
            .app_data(seat_feeds.clone())
            .app_data(ledger.clone())
            .app_data(users.clone())
            .app_data(accounts.clone())
            .app_data(cookies.clone())
            .app_data(events.clone())
            .app_data(event_bookings.clone())
            .app_data(payment_jobs.clone())
            .app_data(vouchers.clone())
            .app_data(ticket_options.clone());
        actions.configure(config);
        configure_bookings(config);
        configure_orders(config);
        configure_tickets(config);
        configure_event_bookings(config);
        configure_sessions(config);
        config
            .service(resource(
                "/api/ledger/proof",
                "GET",
                [web::get().to(ledger::proof)],
            ))
            .service(resource(
                "/api/flights/{id}/seats",
                "GET",
                [web::get().to(flights::seats)],
            ))
            .service(resource(
                "/api/flights/{id}/seats/stream",
                "GET",
                [web::get().to(flights::stream)],
            ))
            .service(resource(
                "/api/admin/flights/{id}/reset",
                "POST",
                [web::post().to(admin::reset)],
            ))
            .service(resource(
                "/api/admin/flights/{id}/cancel",
                "POST",
                [web::post().to(admin::cancel)],
            ));
    }
}

fn configure_bookings(config: &mut ServiceConfig) {
    config
        .service(resource(
            "/api/bookings",
            "GET, POST",
            [
                web::get().to(bookings::list),
                web::post().to(bookings::create),
            ],
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

fn configure_orders(config: &mut ServiceConfig) {
    config
        .service(resource(
            "/api/flights/{id}/orders",
            "POST",
            [web::post().to(orders::create)],
        ))
        .service(resource(
            "/api/orders",
            "POST",
            [web::post().to(simple_orders::create)],
        ))
        .service(resource(
            "/api/orders/{id}/seats",
            "POST",
            [web::post().to(orders::change_seats)],
        ))
        .service(resource(
            "/api/orders/{id}/payment",
            "POST",
            [web::post().to(orders::pay)],
        ))
        .service(resource(
            "/api/orders/{id}",
            "DELETE, GET",
            [
                web::get().to(orders::show),
                web::delete().to(orders::cancel),
            ],
        ));
}

fn configure_tickets(config: &mut ServiceConfig) {
    config.app_data(ProblemStyles(json_api::problem_style));
    let posts = [
        ("/purchases", web::post().to(purchases::create)),
        ("/ticket_options", web::post().to(ticket_options::create)),
    ];
    for (path, route) in posts {
        config.service(resource(path, "POST", [route]));
    }
    let gets = [
        ("/purchases/{id}", web::get().to(purchases::show)),
        ("/ticket_options/{id}", web::get().to(ticket_options::show)),
    ];
    for (path, route) in gets {
        config.service(resource(path, "GET", [route]));
    }
    config
        .service(resource(
            "/api/v1/events",
            "GET, POST",
            [web::get().to(events::list), web::post().to(events::create)],
        ))
        .service(resource(
            "/api/v1/users",
            "GET, POST",
            [web::get().to(users::list), web::post().to(users::create)],
        ))
        .service(resource(
            "/api/v1/events/{id}/statistics",
            "GET",
            [web::get().to(events::statistics)],
        ))
        .service(resource(
            "/api/v1/events/{id}",
            "DELETE, GET, PUT",
            [
                web::get().to(events::show),
                web::put().to(events::change),
                web::delete().to(events::delete),
            ],
        ))
        .service(resource(
            "/api/v1/users/{id}",
            "DELETE, GET, PUT",
            [
                web::get().to(users::show),
                web::put().to(users::change),
                web::delete().to(users::delete),
            ],
        ));
}

fn configure_event_bookings(config: &mut ServiceConfig) {
    config
        .service(resource(
            "/api/v1/bookings",
            "POST",
            [web::post().to(event_bookings::create)],
        ))
        .service(resource(
            "/api/v1/bookings/user/{id}",
            "GET",
            [web::get().to(event_bookings::list)],
        ))
        .service(resource(
            "/api/v1/bookings/{id}/cancel",
            "PUT",
            [web::put().to(event_bookings::cancel)],
        ))
        .service(resource(
            "/api/v1/bookings/{id}",
            "GET",
            [web::get().to(event_bookings::show)],
        ))
        .service(resource(
            "/api/v1/payments/dead-letters",
            "GET",
            [web::get().to(dead_letters::list)],
        ))
        .service(resource(
            "/api/v1/payments/dead-letters/{id}",
            "GET",
            [web::get().to(dead_letters::show)],
        ))
        .service(resource(
            "/api/v1/payments/dead-letters/{id}/requeue",
            "POST",
            [web::post().to(dead_letters::requeue)],
        ))
        .service(resource(
            "/api/v1/vouchers",
            "GET, POST",
            [
                web::get().to(vouchers::list),
                web::post().to(vouchers::create),
            ],
        ))
        .service(resource(
            "/api/v1/vouchers/{code}",
            "GET",
            [web::get().to(vouchers::show)],
        ));
}

fn configure_sessions(config: &mut ServiceConfig) {
    config
        .service(resource(
            "/api/v1/sessions",
            "DELETE, GET, POST",
            [
                web::get().to(sessions::list),
                web::post().to(sessions::create),
                web::delete().to(sessions::end_others),
            ],
        ))
        .service(resource(
            "/api/v1/sessions/current",
            "DELETE, GET",
            [
                web::get().to(sessions::show),
                web::delete().to(sessions::delete),
            ],
        ))
        .service(resource(
            "/api/v1/sessions/{id}",
            "DELETE",
            [web::delete().to(sessions::end_one)],
        ))
        .service(resource(
            "/api/v1/users/{id}/password",
            "PUT",
            [web::put().to(sessions::change_password)],
        ));
}

/// The request that is being answered, for the services that are called on its behalf.
pub(crate) fn call_context() -> CallContext {
    let request = context::current();
    CallContext {
        request_id: request.request_id,
        traceparent: request.traceparent,
        deadline: request.deadline,
    }
}

/// What was made, and where it is.
fn created<T: Serialize>(body: &T, location: &str, replayed: bool) -> HttpResponse {
    respond::mark_replayed(respond::created(body, location), replayed)
}
