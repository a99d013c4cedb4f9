//! Events with their bookings and vouchers, and ticket options: pools of this service's own inventory.

pub mod event_bookings;
pub mod events;
pub mod job_notifier;
pub mod payment_jobs;
pub mod ticket_options;
pub mod vouchers;
