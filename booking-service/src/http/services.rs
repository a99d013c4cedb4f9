//! What routes and pages call: application data of the server.

use crate::app::accounts::authentication::Accounts;
use crate::app::accounts::live_sessions::LiveSessions;
use crate::app::accounts::users::Users;
use crate::app::bookings::by_count::Bookings;
use crate::app::bookings::flights::Flights;
use crate::app::bookings::orders::Orders;
use crate::app::bookings::seat_feeds::SeatFeeds;
use crate::app::bookings::simple_orders::SimpleOrders;
use crate::app::catalog::Catalog;
use crate::app::operations::dashboard::Dashboard;
use crate::app::operations::ledger::Ledger;
use crate::app::tickets::event_bookings::EventBookings;
use crate::app::tickets::events::Events;
use crate::app::tickets::payment_jobs::PaymentJobs;
use crate::app::tickets::ticket_options::TicketOptions;
use crate::app::tickets::vouchers::Vouchers;
use crate::http::cookies::Cookies;

/// One of each, shared by all threads of the server.
pub struct Services {
    /// Bookings of seats by their count.
    pub bookings: Bookings,
    /// Orders of chosen seats.
    pub orders: Orders,
    /// Orders that are not paid here.
    pub simple_orders: SimpleOrders,
    /// What is done to all bookings of a flight.
    pub flights: Flights,
    /// The seats of flights as they change.
    pub seat_feeds: SeatFeeds,
    /// What can be flown.
    pub catalog: Catalog,
    /// Those who book tickets.
    pub users: Users,
    /// How they log in.
    pub accounts: Accounts,
    /// How their sessions' cookies are set.
    pub cookies: Cookies,
    /// The sessions that somebody watches something with.
    pub live_sessions: LiveSessions,
    /// What tickets are booked to.
    pub events: Events,
    /// Bookings of tickets.
    pub event_bookings: EventBookings,
    /// The payments of these that keep failing.
    pub payment_jobs: PaymentJobs,
    /// What makes tickets cheaper.
    pub vouchers: Vouchers,
    /// What is sold without a booking.
    pub ticket_options: TicketOptions,
    /// How the service does.
    pub dashboard: Dashboard,
    /// The proof of this service's own pools.
    pub ledger: Ledger,
}
