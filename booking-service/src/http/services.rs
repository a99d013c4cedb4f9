//! Application data of the server: what routes and pages call.

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

/// One instance, shared by all server threads.
pub struct Services {
    pub bookings: Bookings,
    pub orders: Orders,
    pub simple_orders: SimpleOrders,
    /// Admin actions on a flight's bookings.
    pub flights: Flights,
    pub seat_feeds: SeatFeeds,
    pub catalog: Catalog,
    pub users: Users,
    pub accounts: Accounts,
    pub cookies: Cookies,
    /// Sessions with open event streams.
    pub live_sessions: LiveSessions,
    pub events: Events,
    pub event_bookings: EventBookings,
    pub payment_jobs: PaymentJobs,
    pub vouchers: Vouchers,
    pub ticket_options: TicketOptions,
    pub dashboard: Dashboard,
    pub ledger: Ledger,
}
