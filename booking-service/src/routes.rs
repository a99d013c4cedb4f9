//! The HTTP calls: each extracts, parses, calls [`crate::app`] and answers.

pub mod access;
pub(crate) mod accounts;
mod actor;
mod bare_list;
pub(crate) mod bookings;
pub mod openapi;
pub(crate) mod operations;
mod problem;
mod refusals;
pub(crate) mod tickets;

use crate::routes::accounts::sessions;
use crate::routes::accounts::users;
use crate::routes::bookings::admin;
use crate::routes::bookings::by_count;
use crate::routes::bookings::flights;
use crate::routes::bookings::orders;
use crate::routes::bookings::simple_orders;
use crate::routes::operations::ledger;
use crate::routes::tickets::dead_letters;
use crate::routes::tickets::event_bookings;
use crate::routes::tickets::events;
use crate::routes::tickets::json_api;
use crate::routes::tickets::purchases;
use crate::routes::tickets::ticket_options;
use crate::routes::tickets::vouchers;
use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use clients::CallContext;
use serde::Serialize;
use service_core::audit_log::AuditLog;
use service_http::problem::ProblemStyles;
use service_http::server::resource;
use service_http::{context, respond};

use crate::app::accounts::authentication::Accounts;
use crate::app::accounts::users::Users;
use crate::app::bookings::by_count::Bookings;
use crate::app::bookings::flights::Flights;
use crate::app::bookings::orders::Orders;
use crate::app::bookings::seat_feeds::SeatFeeds;
use crate::app::bookings::simple_orders::SimpleOrders;
use crate::app::operations::ledger::Ledger;
use crate::app::tickets::event_bookings::EventBookings;
use crate::app::tickets::events::Events;
use crate::app::tickets::payment_jobs::PaymentJobs;
use crate::app::tickets::ticket_options::TicketOptions;
use crate::app::tickets::vouchers::Vouchers;
use crate::routes::accounts::sessions::Cookies;

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
        service_http::audit_log::configure(&actions, config);
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
                web::get().to(by_count::list),
                web::post().to(by_count::create),
            ],
        ))
        .service(resource(
            "/api/bookings/{id}/cancel",
            "PUT",
            [web::put().to(by_count::cancel)],
        ))
        .service(resource(
            "/api/bookings/{id}",
            "GET",
            [web::get().to(by_count::show)],
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
