//! Routes of the pages, one line each, with who may see them.

use actix_web::web::{self, Data, ServiceConfig};
use service_http::endpoint::unguarded;

use crate::model::booking::Booking;
use crate::model::event_booking::EventBooking;
use crate::pages::event_stream::FanOuts;
use crate::pages::middleware::For::{Anybody, Somebody, Staff};
use crate::pages::middleware::{nothing_here, page};
use crate::pages::operations::{actions, dead_letters};
use crate::pages::orders::{change, make, order};
use crate::pages::tickets::{booking, buy};
use crate::pages::{
    account, acting, assets, bookings, events, operations, orders, paths, search, seat_selection,
    seat_stream, sessions, tickets,
};

pub fn configure() -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    let live_orders = Data::new(FanOuts::<Booking>::default());
    let live_tickets = Data::new(FanOuts::<EventBooking>::default());
    move |config| {
        config
            .app_data(live_orders.clone())
            .app_data(live_tickets.clone());
        for (access, path, route) in [
            (Anybody, "/", web::get().to(search::start)),
            (Anybody, "/search", web::get().to(search::results)),
            (Anybody, "/airports", web::get().to(search::airports)),
            (
                Anybody,
                "/flights/{id}",
                web::get().to(seat_selection::flight),
            ),
            (
                Anybody,
                "/itinerary",
                web::get().to(seat_selection::itinerary),
            ),
            (
                Anybody,
                "/flights/{id}/live",
                web::get().to(seat_stream::stream),
            ),
            (Anybody, "/events", web::get().to(events::list)),
            (Anybody, "/events/{id}", web::get().to(events::show)),
            (
                Anybody,
                "/events/{id}/left",
                web::get().to(events::left_now),
            ),
            (Somebody, "/orders/{id}", web::get().to(order::show)),
            (
                Somebody,
                "/orders/{id}/live",
                web::get().to(orders::stream::stream),
            ),
            (Somebody, "/tickets/{id}", web::get().to(booking::show)),
            (
                Somebody,
                "/tickets/{id}/live",
                web::get().to(tickets::stream::stream),
            ),
            (Somebody, "/my-bookings", web::get().to(bookings::list)),
            (Somebody, "/bookings/{id}", web::get().to(bookings::show)),
            (Somebody, paths::SESSIONS, web::get().to(sessions::show)),
            (Staff, "/operations", web::get().to(operations::show)),
            (
                Staff,
                "/operations/figures",
                web::get().to(operations::figures),
            ),
            (Staff, "/operations/proof", web::get().to(operations::proof)),
            (
                Staff,
                "/operations/dead-letters",
                web::get().to(dead_letters::fragment),
            ),
            (Staff, "/operations/actions", web::get().to(actions::show)),
            (
                Staff,
                "/operations/bookings",
                web::get().to(operations::search::find),
            ),
        ] {
            page(config, access, path, "GET", [route]);
        }
        for (access, path, route) in [
            (Anybody, "/acting-as", web::post().to(acting::act_as)),
            (Anybody, "/log-out", web::post().to(account::log_out)),
            (
                Somebody,
                paths::END_OTHERS,
                web::post().to(sessions::end_others),
            ),
            (Somebody, "/orders", web::post().to(make::create)),
            (Somebody, "/orders/{id}/payment", web::post().to(order::pay)),
            (
                Somebody,
                "/orders/{id}/cancel",
                web::post().to(order::cancel),
            ),
            (Somebody, "/events/{id}/tickets", web::post().to(buy::buy)),
            (
                Somebody,
                "/tickets/{id}/payment",
                web::post().to(booking::pay),
            ),
            (
                Somebody,
                "/tickets/{id}/cancel",
                web::post().to(booking::cancel),
            ),
            (
                Somebody,
                "/bookings/{id}/cancel",
                web::post().to(bookings::cancel),
            ),
            (
                Staff,
                "/operations/dead-letters/{id}/requeue",
                web::post().to(dead_letters::requeue),
            ),
        ] {
            page(config, access, path, "POST", [route]);
        }
        for (access, path, get, post) in [
            (
                Anybody,
                paths::LOG_IN,
                web::get().to(account::log_in_page),
                web::post().to(account::log_in),
            ),
            (
                Anybody,
                paths::SIGN_UP,
                web::get().to(account::sign_up_page),
                web::post().to(account::sign_up),
            ),
            (
                Somebody,
                "/orders/{id}/seats",
                web::get().to(change::show),
                web::post().to(change::change),
            ),
        ] {
            page(config, access, path, "GET, POST", [get, post]);
        }
        // Cached by everybody forever, so these answers must not carry a cookie.
        config.service(unguarded(
            "/assets/{name}",
            "GET",
            [web::get().to(assets::serve)],
        ));
        config.default_service(web::to(nothing_here));
    }
}
