pub mod event_bookings;
pub mod events;
pub mod payment_failures;
pub mod purchases;
pub mod ticket_limits;
pub mod ticket_options;
pub mod vouchers;
