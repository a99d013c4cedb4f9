//! The pages, each with whom it is for.

use actix_web::web::{self, Data, ServiceConfig};
use service_http::endpoint::unguarded;

use crate::model::booking::Booking;
use crate::model::event_booking::EventBooking;
use crate::pages::event_stream::Live;
use crate::pages::middleware::{For, nothing_here, page};
use crate::pages::{
    account, acting, assets, bookings, events, operations, orders, search, seat_selection,
    seat_stream, sessions, tickets,
};

/// The pages' routes.
pub fn configure() -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    let live_orders = Data::new(Live::<Booking>::default());
    let live_tickets = Data::new(Live::<EventBooking>::default());
    move |config| {
        config
            .app_data(live_orders.clone())
            .app_data(live_tickets.clone());
        for (path, route) in [
            ("/", web::get().to(search::start)),
            ("/search", web::get().to(search::results)),
            ("/airports", web::get().to(search::airports)),
            ("/flights/{id}", web::get().to(seat_selection::flight)),
            ("/itinerary", web::get().to(seat_selection::itinerary)),
            ("/flights/{id}/live", web::get().to(seat_stream::stream)),
        ] {
            page(config, For::Anybody, path, "GET", [route]);
        }
        let acting = [web::post().to(acting::act_as)];
        page(config, For::Anybody, "/acting-as", "POST", acting);
        // Kept by everybody for good: no cookie belongs there.
        let assets = [web::get().to(assets::serve)];
        config.service(unguarded("/assets/{name}", "GET", assets));
        account::configure(config);
        sessions::configure(config);
        orders::configure(config);
        bookings::configure(config);
        events::configure(config);
        tickets::configure(config);
        operations::configure(config);
        config.default_service(web::to(nothing_here));
    }
}
